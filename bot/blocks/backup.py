"""One backup: its row, its details opened in place, its message in the channel and the reply in its thread."""

from collections.abc import Sequence
from datetime import timedelta

from bot.blocks import keeping as keeps
from bot.blocks.keeping import NOTHING, Keeping
from bot.blocks.parts import Json, actions, button, markup, section
from bot.blocks.text import (
    code,
    counts,
    cut,
    cut_markup,
    duration,
    escape,
    person,
    quoted,
    short,
    size,
    step,
    tiers,
    verbatim,
    when,
)
from bot.ids import Action
from core.model.backup import Backup, BackupState, Failure, Proof, Tier

RETRYABLE = frozenset({BackupState.FAILED, BackupState.INTERRUPTED, BackupState.CANCELLED, BackupState.DAMAGED})
SAYING = 700
"""How much of an error stands in a message; the log has all of it."""
LABELS = 40


def row(backup: Backup, keeping: Keeping = NOTHING, *, with_source: bool = False) -> str:
    """Return the backup's line in a list: when, tiers, size, state, how long it is kept."""
    source = f"{code(backup.source)} · " if with_source else ""
    if backup.state.open:
        who = person(backup.requested_by)
        # What may take minutes on a busy machine is only the proof: people need not wait for it.
        sure = "" if backup.verified_at is None else "stored and verified, being proven: "
        return f"{source}*Pending* · started {when(backup.requested_at)} by {who} · {sure}{step(backup.step)}"
    told = [when(backup.started_at or backup.requested_at), _tiers(backup), _state(backup)]
    if backup.step is not None:
        told.append(f"being checked again: {step(backup.step)}")
    told.append(keeps.short(backup, keeping))
    told.append(code(backup.id.rpartition("-")[2]))
    return source + " · ".join(part for part in told if part)


def row_button(backup: Backup, place: str) -> Json:
    """Return the button that opens a row. `place` says which list it stands in and that this row is to be open."""
    return button("Options", Action.OPTIONS, place or backup.id)


def details(backup: Backup, keeping: Keeping = NOTHING) -> list[Json]:
    """Return what stands under an opened row: what it is, how it went, and what can be done with it."""
    told = [f"*Id* {code(backup.id)} · *Source* {code(backup.source)} · *Tiers* {tiers(backup.tiers)}"]
    if backup.size:
        ratio = f" ({size(backup.raw_size)} unpacked)" if backup.raw_size else ""
        told.append(f"*Size* {size(backup.size)}{ratio} · *SHA-256* {code(short(backup.archive_sha256))}")
    told.append(f"*Asked for* {when(backup.requested_at)} by {person(backup.requested_by)} {quoted(backup.note)}")
    told += [line for line in (_took(backup), _holds(backup), _proof(backup)) if line]
    if backup.failure is not None:
        told.append(_why(backup.failure))
    if backup.warning:
        told.append(f"*Look at this* {escape(cut(backup.warning, SAYING))}")
    told += keeps.details(backup, keeping)
    return [section("\n".join(told)), *actions(_buttons(backup))]


def message(
    backup: Backup,
    last_good: Backup | None,
    earlier: Sequence[Backup] = (),
    going: Sequence[Backup] = (),
    again: timedelta | None = None,
) -> tuple[list[Json], str]:
    """Return the backup's message in the channel, and the same in words for notifications.

    `earlier` are runs of the same source that failed before it and have no messages of their own; `going` are the
    on-demand backups that it lets go; `again` says how long after its end a schedule tries once more.
    """
    text = _saying(backup, last_good) if not earlier else _often(backup, last_good, earlier)
    if again is not None and backup.finished_at is not None:
        text += f"\nSafehold tries again by itself {when(backup.finished_at + again)}, or press *Retry*."
    text += keeps.let_go_for(backup, going)
    rows = keeps.let_go_rows(going)
    # Slack takes an action once in a row of buttons: where several go, each has a row of its own.
    keep = [button("Keep the earlier one", Action.KEEP, going[0].id)] if going and not rows else []
    shown = [section(text), *(section(*row) for row in rows), *actions([*_message_buttons(backup), *keep])]
    return shown, "\n".join([text, *(line for line, _ in rows)])


def outcome(backup: Backup) -> tuple[list[Json], str] | None:
    """Return the reply in the backup's thread once it has ended."""
    if backup.state.open:
        return None
    if backup.failure is not None:
        failure = backup.failure
        lines = [
            f"{person(backup.requested_by)} {_why(failure)}",
            f"Code {code(failure.code)} · ref {code(failure.reference)} · backup {code(backup.id)}",
        ]
    else:
        told = _took(backup), _holds(backup), _proof(backup), _sha256(backup)
        lines = [f"Backup {code(backup.id)}", *(line for line in told if line)]
    text = "\n".join(lines)
    return [{"type": "section", "text": markup(text)}], text


def summary(backup: Backup) -> str:
    """Return which backup is meant, in one line: source, time, size, proof."""
    taken = when(backup.started_at or backup.requested_at)
    return f"{code(backup.source)}, {taken}, {size(backup.size)}, {backup.proof.value}"


def _saying(backup: Backup, last_good: Backup | None) -> str:
    name, who = f"Backup of {code(backup.source)}", person(backup.requested_by)
    note = f" {quoted(backup.note)}" if backup.note else ""
    match backup.state:
        case BackupState.PENDING:
            return f"{name} initiated by {who}{note}"
        case BackupState.RUNNING:
            return _running(backup, name, f"{who}{note}")
        case BackupState.GOOD:
            held = f", {counts(backup.counts)}" if backup.counts else ""
            warning = f"\n*Look at this* {escape(cut(backup.warning, SAYING))}" if backup.warning else ""
            ending = f"is done and {backup.proof.value}. {size(backup.size)} in {_seconds(backup)}{held}."
            return f"{name} by {who}{note} {ending}{_again(backup)}{warning}"
        case BackupState.EXPIRED | BackupState.PRUNING | BackupState.PRUNED:
            return f"{name} by {who}{note}, {size(backup.size)}. {_went(backup)}"
        case BackupState.CANCELLED:
            return f"{name} by {who}{note} was cancelled. Leftovers are removed, {code(backup.source)} was not touched."
        case _:
            return f"{name} by {who}{note} {_failed(backup)}{_last_good(backup, last_good)}{_reference(backup)}"


def _running(backup: Backup, name: str, who: str) -> str:
    if backup.verified_at is None:
        return f"{name} initiated by {who}: {step(backup.step)}"
    stored = f"is stored and verified, {size(backup.size)}"
    return f"{name} by {who} {stored}. Being proven since {when(backup.verified_at)}: {step(backup.step)}"


def _went(backup: Backup) -> str:
    why = f": {verbatim(cut(backup.expiry, SAYING))}" if backup.expiry else ""
    if backup.state is BackupState.EXPIRED:
        return f"*Expired*{why}. *Keep* saves it as long as its bytes are there."
    if backup.state is BackupState.PRUNING or backup.pruned_at is None:
        return f"*Expired*{why}. Its bytes are being deleted."
    return f"Its bytes were *deleted* {when(backup.pruned_at)}{why}. This record stays."


def _often(backup: Backup, last_good: Backup | None, earlier: Sequence[Backup]) -> str:
    since, times = when(min(one.requested_at for one in earlier)), len(earlier) + 1
    told = f"Backup of {code(backup.source)} failed {times} times since {since}, when Slack could not be reached."
    return f"{told} The last one {_failed(backup)}{_last_good(backup, last_good)}{_reference(backup)}"


def _again(backup: Backup) -> str:
    if backup.step is not None:
        return f" Now {step(backup.step)}."
    if backup.proven_at is None or backup.finished_at is None or backup.proven_at <= backup.finished_at:
        return ""
    return f" Verified and proven again {when(backup.proven_at)}."


def _failed(backup: Backup) -> str:
    word = {BackupState.INTERRUPTED: "was interrupted", BackupState.DAMAGED: "is damaged"}.get(backup.state, "failed")
    failure = backup.failure
    if failure is None:
        return f"{word}."
    during = f" while {escape(failure.step)}" if failure.step else ""
    return f"{word}{during}: {escape(cut(f'{failure.message} {failure.hint}'.strip(), SAYING))}"


def _last_good(backup: Backup, last_good: Backup | None) -> str:
    if last_good is None or last_good.id == backup.id:
        return "\nThere is no good backup of it yet."
    return f"\nThe last good backup is from {when(last_good.started_at or last_good.requested_at)}."


def _reference(backup: Backup) -> str:
    known = backup.failure is not None and backup.failure.reference
    return f" Details in the thread · ref {code(known)}" if known else ""


def _message_buttons(backup: Backup) -> list[Json]:
    if backup.state.open:
        return [_cancel(backup)]
    options = button("Options", Action.DETAILS, backup.id)
    if backup.state is BackupState.GOOD:
        return [options, _download(backup), _restore(backup)]
    if backup.state is BackupState.EXPIRED:
        return [keeps.keep_button(backup), options]
    return [options] if backup.state in keeps.GONE else [_retry(backup), options]


def _buttons(backup: Backup) -> list[Json]:
    verify = button("Verify", Action.VERIFY, backup.id)
    if backup.state.open:
        return [_cancel(backup)]
    if backup.state is BackupState.GOOD:
        return [_download(backup), _restore(backup), verify, *keeps.buttons(backup)]
    if backup.state is BackupState.DAMAGED:
        return [_retry(backup), verify, *keeps.buttons(backup)]
    # What was let go can still be used: whoever takes or restores it keeps it for as long as that lasts.
    used = [_download(backup), _restore(backup)] if backup.restorable else []
    return [_retry(backup)] if backup.state in RETRYABLE else [*keeps.buttons(backup), *used]


def _download(backup: Backup) -> Json:
    return button("Download", Action.DOWNLOAD, backup.id)


def _restore(backup: Backup) -> Json:
    return button("Restore", Action.RESTORE, backup.id)


def _retry(backup: Backup) -> Json:
    return button("Retry", Action.RETRY, backup.id, style="primary")


def _cancel(backup: Backup) -> Json:
    return button("Cancel", Action.CANCEL, backup.id)


def _tiers(backup: Backup) -> str:
    if Tier.ON_DEMAND not in backup.tiers:
        return tiers(backup.tiers)
    return f"{tiers(backup.tiers)} by {person(backup.requested_by)} {quoted(backup.note)}".strip()


def _state(backup: Backup) -> str:
    if backup.state in keeps.GONE:
        return size(backup.size)
    if backup.state is BackupState.EXPIRED:
        return " · ".join(filter(None, [size(backup.size), backup.known_as]))
    if backup.state is BackupState.GOOD:
        warning = f" · *look at this:* {escape(cut(backup.warning, 120))}" if backup.warning else ""
        return f"{size(backup.size)} · {backup.proof.value}{warning}"
    if backup.failure is None:
        return backup.state.value
    return f"*{backup.state.value}*: {escape(cut(f'{backup.failure.message} {backup.failure.hint}'.strip(), 200))}"


def _why(failure: Failure) -> str:
    said = escape(cut(f"{failure.message} {failure.hint}".strip(), SAYING * 2))
    during = f" while {escape(failure.step)}" if failure.step else ""
    return f"*Failed{during}:* {said}"


def _seconds(backup: Backup) -> str:
    if backup.finished_at is not None and backup.started_at is not None:
        return duration((backup.finished_at - backup.started_at).total_seconds())
    return duration(sum(backup.timings.values()))


def _took(backup: Backup) -> str:
    if not backup.timings:
        return ""
    parts = ", ".join(f"{escape(name)} {duration(seconds)}" for name, seconds in backup.parts[:10])
    store = backup.timings.get("store", 0.0)
    rate = f" · stored at {size(round(backup.raw_size / store))} a second" if store and backup.raw_size else ""
    return f"*Took* {_seconds(backup)}: {parts}{rate}"


def _holds(backup: Backup) -> str:
    versions = ", ".join(f"{escape(cut(n, 40))} {escape(cut(v, 40))}" for n, v in list(backup.versions.items())[:6])
    held = " · ".join(part for part in (counts(backup.counts, labels=LABELS), versions) if part)
    return f"*Holds* {cut_markup(held, 1_500)}" if held else ""


def _proof(backup: Backup) -> str:
    if backup.proof is Proof.PROVEN and backup.proven_at is not None:
        seal = f", fingerprint {code(short(backup.fingerprint))}" if backup.fingerprint else ""
        return f"*Proven* opened and counted on a scratch copy {when(backup.proven_at)}{seal}"
    if backup.verified_at is not None:
        return f"*Verified* every stored byte read back {when(backup.verified_at)}"
    return ""


def _sha256(backup: Backup) -> str:
    return f"*SHA-256* {code(backup.archive_sha256)}" if backup.archive_sha256 else ""
