"""What retention says of backups: in a row, in the details, asked for by itself, and in the modal that keeps one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.blocks.carried import Carried
from bot.blocks.parts import Json, actions, asks, button, confirm, context, line_input, modal, plain, section
from bot.blocks.text import code, day, duration, escape, person, quoted, size, verbatim, when
from bot.ids import Action, Block, View
from core.model.backup import Backup, BackupState
from core.model.expiry import MOST_RUNS
from core.model.freeze import Freeze
from core.model.hold import Hold
from core.model.policy import Policy
from core.model.until_typed import EXAMPLES
from core.model.verdict import Lock, Reason, Verdict
from core.model.wall_time import zone_of
from core.services.retention import Leaving, deleted_from

KEEPABLE = frozenset({BackupState.GOOD, BackupState.DAMAGED, BackupState.EXPIRED})
"""What has bytes that a hold can keep."""
GONE = frozenset({BackupState.PRUNING, BackupState.PRUNED})
REASONS = 20
EARLIER = 3
"""So many of what goes for one backup have rows in its message; a policy lets more go for one only exceptionally."""
SOON = timedelta(days=2)
"""What somebody ordered and that ends sooner is told with its time: a day alone is not enough for today."""


@dataclass(frozen=True, slots=True)
class HeldBack(Carried):
    """What of a source was shown as held back: travels in the value of the button that lets it go."""

    WHAT, HINT = "button", "Type /backups let-go for a new one."

    source: str
    set: str


@dataclass(frozen=True, slots=True)
class Keeping:
    """What retention says of the backups that are shown, by id. `grace_seconds`: how long bytes stay after Expired.

    `held_back` are sources of which nothing is let go before somebody says yes. `now` is when it was asked.
    """

    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    grace_seconds: float = 0.0
    freeze: Freeze | None = None
    held_back: frozenset[str] = frozenset()
    now: datetime | None = None

    def of(self, backup: Backup) -> Verdict | None:
        """Return the verdict on a backup, None where it was not asked for."""
        return self.verdicts.get(backup.id)

    def deleted_from(self, backup: Backup) -> datetime | None:
        """Return from when on the bytes of an expired backup are deleted; a freeze puts that off."""
        at = deleted_from(backup, self.grace_seconds)
        if backup.state is not BackupState.EXPIRED or at is None:
            return None
        return max(at, self.freeze.until) if self.freeze else at


NOTHING = Keeping()


def short(backup: Backup, keeping: Keeping) -> str:
    """Return in a few words how long a backup is kept; markup, "" where nothing was asked or nothing is stored."""
    if backup.state is BackupState.PRUNING:
        return "*being deleted*"
    if backup.state is BackupState.PRUNED:
        return f"*deleted* {when(backup.pruned_at)}" if backup.pruned_at else "*deleted*"
    verdict = keeping.of(backup)
    if backup.state is BackupState.EXPIRED:
        from_then = keeping.deleted_from(backup)
        saved = verdict is not None and verdict.keep and not keeping.freeze
        stays = f", but {_kept(verdict, None, keeping.now)}" if verdict is not None and saved else ""
        return f"*expires*: bytes deleted from {when(from_then)} on{stays}" if from_then else "*expired*"
    if verdict is None or backup.state not in KEEPABLE:
        return ""
    if verdict.keep:
        return _kept(verdict, keeping.freeze, keeping.now)
    held_back = backup.source in keeping.held_back
    return f"*held back*: {yes(backup.source)}" if held_back else "*goes next*: *Keep* saves it"


def details(backup: Backup, keeping: Keeping) -> list[str]:
    """Return the lines of an opened row that say who holds it, and why it is kept or goes."""
    verdict, told = keeping.of(backup), []
    if backup.hold is not None and backup.state in KEEPABLE:
        told.append(f"*Held* {held(backup.hold)}")
    if backup.state in GONE or backup.state is BackupState.EXPIRED:
        told.append(f"*Goes because* {verbatim(backup.expiry)}" if backup.expiry else "")
    elif verdict is not None and backup.state in KEEPABLE:
        told.append(f"*{'Kept' if verdict.keep else 'Goes'} because* {verbatim(verdict.says)}")
    return [line for line in told if line]


def buttons(backup: Backup) -> list[Json]:
    """Return what can be done about how long a backup stays."""
    if backup.state not in KEEPABLE:
        return []
    why = button("Why kept", Action.WHY_KEPT, backup.id)
    release = [button("Release", Action.RELEASE, backup.id)] if backup.hold else []
    return [keep_button(backup), *release, why]


def keep_button(backup: Backup) -> Json:
    """Return the button that holds a backup."""
    return button("Keep", Action.KEEP, backup.id, style="primary" if backup.state is BackupState.EXPIRED else "")


def let_go_for(backup: Backup, going: Sequence[Backup]) -> str:
    """Return what a backup that a person asked for lets go, on a line of its own; "" where it lets nothing go."""
    if not going:
        return ""
    several, newest = len(going) > 1, going[0]
    said = f"the on-demand backup of {when(newest.taken_at)} {quoted(newest.note)}".rstrip()
    goes = f"{len(going)} on-demand backups are" if several else f"{said} is"
    if backup.state.open:
        return f"\nOnce it is good, {goes} let go: *Keep* holds {'each' if several else 'it'}."
    return f"\nFor it {goes} let go, unless somebody keeps {'them' if several else 'it'}."


def let_go_rows(going: Sequence[Backup]) -> list[tuple[str, Json | None]]:
    """Return a line for each where a backup lets several go, with the button that holds it.

    Of very many the last line says where the others are found, and has none.
    """
    if len(going) <= 1:
        return []
    rows: list[tuple[str, Json | None]] = [(_earlier(one), keep_button(one)) for one in going[:EARLIER]]
    if more := len(going) - len(rows):
        rows.append((f"… and {more} more: *Options*, *Keep* in `/backups list {escape(going[0].source)}`.", None))
    return rows


def let_go_button(source: str, facts: Mapping[str, Any]) -> Json:
    """Return the button that says yes to what is held back of a source. It asks once more."""
    shown = HeldBack(source, str(facts.get("set", ""))).text()
    text = f"What is held back of {source} is let go, one time. Keep saves it as long as its bytes are there."
    return button("Let them go", Action.LET_GO, shown, confirm=confirm("Let them go?", text, "Let go", "Hold back"))


def goes(leaving: Leaving, *, kept: bool) -> str:
    """Return when a backup goes that is kept now, or is not."""
    if leaving.held_back:
        return f"Most of {code(leaving.backup.source)} would go with it, so {yes(leaving.backup.source)}."
    at = when(leaving.at)
    if not kept:
        return f"Its bytes are deleted from {at} on. *Keep* saves it."
    return f"If backups go on as scheduled, its bytes are deleted from {at} on: {verbatim(leaving.why)}."


def stays(verdict: Verdict, days: int, foreseen: datetime | None, *, scheduled: bool) -> str:
    """Return what is said of a backup that is kept, and not foretold to go in so many days, or not until `foreseen`."""
    if verdict.kept_until is not None:
        return f"It is let go {'then' if verdict.until_the_clock else 'with the first good backup after that'}."
    if not scheduled:
        return "No backup is scheduled: what waits for a newer good one goes with the next that is taken."
    if foreseen is not None:
        return (
            f"Looked ahead until {when(foreseen)}, which is {MOST_RUNS} runs: by the schedule it does not go by then."
        )
    return f"By the schedule it does not go in the next {days} days."


def yes(source: str) -> str:
    """Return what keeps that which is held back, and how it is let go."""
    return f"it goes only after a yes, `/backups let-go {escape(source)}`"


def held(hold: Hold) -> str:
    """Return a hold in words: until when, by whom, why."""
    until = f"until {when(hold.until)}" if hold.until else "until somebody releases it"
    return f"{until}, by {person(hold.person)} {quoted(hold.reason)}".strip()


def frozen(freeze: Freeze) -> Json:
    """Return what every list says while a freeze lasts, with what ends it."""
    why = f", {quoted(freeze.reason)}" if freeze.reason else "."
    text = f"*Nothing is deleted until {when(freeze.until)}*: frozen by {person(freeze.person)}{why}"
    question = "Retention goes on at once: what is due is let go and later deleted."
    thaw = button("Thaw", Action.THAW, "thaw", confirm=confirm("End the freeze?", question, "Thaw", "Leave it"))
    return section(text, thaw)


def why(backup: Backup, verdict: Verdict, reasons: Sequence[Reason], policy: Policy, then: str) -> list[Json]:
    """Return the verdict on one backup with every reason. `then`: when it would go, markup."""
    about = f"{code(backup.source)}, {when(backup.taken_at)}, {size(backup.size)}"
    word = "is kept" if verdict.keep else "is gone" if backup.state is BackupState.PRUNED else "is not kept"
    until = f" until {when(verdict.kept_until)}" if verdict.keep and verdict.kept_until else ""
    lines = [_reason(one) for one in reasons[:REASONS]]
    blocks = [section(f"{about} {word}{until}."), section("\n".join(lines))]
    if then:
        blocks.append(section(then))
    rules = f"What is kept: {verbatim(', '.join(policy.rules))} (policy {code(policy.name)})."
    release = [button("Release", Action.RELEASE, backup.id)] if backup.hold else []
    asked = [keep_button(backup), *release] if backup.state in KEEPABLE else []
    return [*blocks, *actions(asked), context(f"{rules} {code(backup.id)}")]


def released(backup: Backup, before: Hold | None, verdict: Verdict, grace_seconds: float) -> list[Json]:
    """Return the answer to Release: whose hold it was, and what the policy makes of it."""
    then = f"The policy keeps it: {verbatim(verdict.says)}."
    if not verdict.keep:
        stays = f"Its bytes stay {duration(grace_seconds)} more" if grace_seconds >= 1 else "Its bytes go with it"
        then = f"It is let go next: {verbatim(verdict.says)}. {stays}: *Keep* saves it."
    was = f" It was held {held(before)}." if before else ""
    text = f"Released: {code(backup.source)}, {when(backup.taken_at)}.{was} {then}"
    return [section(text), *actions([keep_button(backup)] if not verdict.keep else []), context(code(backup.id))]


def kept(backup: Backup, before: Hold | None, zone: str = "UTC") -> list[Json]:
    """Return the answer to Keep, with the hold whose place it takes.

    Its end is told also in the zone in which it was read, which may not be the reader's.
    """
    told = held(backup.hold) if backup.hold else ""
    meant = f" {in_team_zone(backup.hold.until, zone)}" if backup.hold and backup.hold.until else ""
    text = f"Held: {code(backup.source)}, {when(backup.taken_at)}, {told}. No policy deletes it before that.{meant}"
    later = " Its manifest in the vault says so as soon as the vault can be written." if backup.unsaved else ""
    was = f" It takes the place of a hold {held(before)}." if before else ""
    return [section(text + was + later), context(code(backup.id))]


def in_team_zone(at: datetime, zone: str) -> str:
    """Return which time was understood, in the zone in which it was read."""
    return f"That is {at.astimezone(zone_of(zone)):%Y-%m-%d %H:%M} {zone}, the team's zone."


def keep_modal(backup: Backup, before: Hold | None, verdict: Verdict, zone: str = "UTC") -> Json:
    """Return the modal that asks until when, and why, with the hold in force.

    `zone` is the one in which a day or a time is read.
    """
    about = f"{code(backup.source)}, {when(backup.taken_at)}, {size(backup.size)}"
    now_held = f"\n*Held* {held(before)}. What you say here takes its place." if before else ""
    until = asks(Block.UNTIL, "Until", line_input(Action.UNTIL, "30d"), optional=True)
    hint = plain(
        f"{EXAMPLES}; days and times are those of {zone}. Leave it empty to keep it until somebody releases it."
    )
    reason = asks(Block.REASON, "Why", line_input(Action.REASON, "What is it needed for?"))
    text = f"{about}\n*{'Kept' if verdict.keep else 'Goes'} because* {verbatim(verdict.says)}{now_held}"
    return modal(
        View.KEEP, "Keep a backup", [section(text), {**until, "hint": hint}, reason], submit="Keep", metadata=backup.id
    )


def _earlier(backup: Backup) -> str:
    told = when(backup.taken_at), quoted(backup.note), backup.proof.value, code(backup.id.rpartition("-")[2])
    return " · ".join(part for part in told if part)


def _kept(verdict: Verdict, freeze: Freeze | None, now: datetime | None) -> str:
    by = {reason.by: reason for reason in verdict.reasons}
    locks = {Lock.HOLD: "held", Lock.FREEZE: "frozen"}
    if Lock.BUSY in by and verdict.kept_until is not None:
        locks[Lock.BUSY] = verbatim(by[Lock.BUSY].says)
    for lock, says in locks.items():
        if lock in by:
            until = by[lock].until
            soon = until is not None and now is not None and until - now < SOON
            return f"{says} until {f'{when(until)}, your time' if soon else day(until)}" if until else says
    if verdict.kept_until is not None:
        # While a freeze lasts nothing goes, whatever ends meanwhile.
        return f"kept until {day(max(verdict.kept_until, freeze.until) if freeze else verdict.kept_until)}"
    says = next((reason.says for reason in verdict.reasons if reason.until is None), verdict.says)
    return f"kept: {verbatim(says)}"


def _reason(reason: Reason) -> str:
    until = f", until {when(reason.until)}" if reason.until else ""
    named = f" [{code(reason.by.value)}]" if reason.by else ""
    return f"• {verbatim(reason.says)}{named}{until}"
