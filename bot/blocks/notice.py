"""What is told once: the fact, then the next step, and the buttons that a person would look for."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from bot.blocks.keeping import let_go_button
from bot.blocks.notice_digest import digest
from bot.blocks.notice_expiring import expiring, pruned
from bot.blocks.notice_order import frozen, hold, thawed
from bot.blocks.notice_parts import Said, moment, someone, worded
from bot.blocks.parts import button
from bot.blocks.text import code, cut, duration, escape, many, person, when
from bot.ids import Action
from core.model.backup import Backup
from core.model.expected import MOST_COVERED
from core.model.notice import Notice, NoticeKind

SAYING = 500
NAMED = 10
"""How many sources of a message about many are named."""
CHANGED = "What somebody said yes to has changed before it was let go, so the yes is void. "


def message(notice: Notice, folded: Sequence[Notice], failed: Backup | None = None) -> Said:
    """Return the message of a notice. `folded` are earlier ones that it tells of; `failed` is a source's last try."""
    if any(one.about != notice.about for one in folded):
        return _of_many(notice, folded)
    if notice.kind is NoticeKind.OVERDUE:
        return _overdue(notice, folded, failed)
    return _KINDS[notice.kind](notice, folded)


def _of_many(notice: Notice, folded: Sequence[Notice]) -> Said:
    """Return one message of what many sources have to tell: of each, how it stands now."""
    newest = {one.about: one for one in (*folded, notice)}
    listed = [one for one in newest.values() if one.kind is notice.kind]
    named = ", ".join(code(one.about) for one in listed[-NAMED:])
    more = f" and {len(listed) - NAMED} more" if len(listed) > NAMED else ""
    fact, step = _MANY.get(notice.kind, (f"have the same to tell ({notice.kind.value})", "Look at each."))
    return worded(f"*{many(len(listed), 'source')} {fact}:* {named}{more}. {step}")


_MANY = {
    NoticeKind.OVERDUE: (
        "are overdue",
        "Their newest good backups are older than their goals. The Home of this app shows those in trouble first.",
    ),
    NoticeKind.RECOVERED: ("are good again", "Each has a good backup that is younger than its goal."),
    NoticeKind.CAUGHT_UP: (
        "are being caught up",
        "They were not backed up when they were due. One backup of each makes up for all that were missed.",
    ),
    NoticeKind.PRUNE_FAILED: (
        "have backups that could not be deleted",
        "Their bytes are still stored, and it is tried again. Look at the vault.",
    ),
    NoticeKind.HELD_BACK: (
        "would lose many backups at once, so nothing of them was let go",
        "Was a policy or the clock changed? `/backups policy` with a name shows which, `/backups let-go` says yes.",
    ),
    NoticeKind.VAULT: ("have vaults with something that does not match", "Run `safehold doctor`."),
    NoticeKind.SCHEDULE: ("have new schedules", "The audit record says who changed what."),
}


def _times(folded: Sequence[Notice], verb: str, kind: NoticeKind) -> str:
    """Return how often it happened when nobody could be told, "" where it did not."""
    earlier = [one for one in folded if one.kind is kind]
    if not earlier:
        return ""
    return f" It {verb} {many(len(earlier), 'time')} more since {when(earlier[0].at)}, when Slack could not be reached."


def _overdue(notice: Notice, folded: Sequence[Notice], failed: Backup | None) -> Said:
    facts, name = notice.fields, code(notice.about)
    newest, goal = moment(facts, "newest_good_at"), duration(float(facts.get("goal_seconds", 0)))
    if newest is None:
        standing = f"It has no good backup yet, and the goal is one every {goal}."
    else:
        standing = f"Its newest good backup is from {when(newest)}, and the goal is at most {goal}."
    failure = facts.get("last_failure")
    last = f"\nThe last try failed: {escape(cut(str(failure), SAYING))}" if failure else ""
    look = ", or look at *Options* of the last try" if failed else ""
    text = f"*{name} is overdue.* {standing}{_times(folded, 'was overdue', notice.kind)}{last}\n"
    buttons = [button("Back up now", Action.BACK_UP_NOW, notice.about, style="primary")]
    if failed is not None:
        buttons.append(button("Options", Action.DETAILS, failed.id))
    return worded(f"{text}Press *Back up now*{look}.", buttons)


def _recovered(notice: Notice, folded: Sequence[Notice]) -> Said:
    key = str(notice.fields.get("backup_id", ""))
    # Where the alarm was not told either, this is the first that people hear of it.
    alarms = [one for one in folded if one.kind is NoticeKind.OVERDUE]
    seconds = float(notice.fields.get("overdue_seconds", 0))
    since = alarms[0].at if alarms else None
    if since is None:
        lasted = f"It was overdue for {duration(seconds)}."
    elif len(alarms) == 1:
        lasted = f"It was overdue for {duration(seconds)}, from {when(since)} on, when Slack could not be reached."
    else:
        lasted = f"It was overdue {len(alarms)} times since {when(since)}, when Slack could not be reached."
    buttons = [button("Options", Action.DETAILS, key)] if key else []
    return worded(f"*{code(notice.about)} is good again.* {lasted} Nothing is to be done.", buttons)


def _caught_up(notice: Notice, folded: Sequence[Notice]) -> Said:
    facts, due = notice.fields, moment(notice.fields, "due_at") or notice.at
    missed = int(facts.get("covers", 0)) + len(folded)
    since = moment(facts, "covers_since") or (folded[0].at if folded else None)
    at_least = "at least " if int(facts.get("covers", 0)) >= MOST_COVERED else ""
    also = f" One backup makes up for that and {at_least}{many(missed, 'earlier run')}" if missed else ""
    also += f", the first due {when(since)}." if missed and since else "." if missed else ""
    key = str(facts.get("backup_id", ""))
    buttons = [button("Options", Action.DETAILS, key)] if key else []
    name = code(notice.about)
    return worded(f"*{name} is being caught up:* nothing ran when it was due {when(due)}.{also}", buttons)


def _prune_failed(notice: Notice, folded: Sequence[Notice]) -> Said:
    facts = notice.fields
    why = escape(cut(f"{facts.get('message', '')} {facts.get('hint', '')}".strip(), SAYING))
    which = many(len(folded) + 1, "backup")
    tries, again = int(facts.get("attempts", 1)), moment(facts, "retry_at")
    next_try = f" It is tried again {when(again)}." if again else ""
    last = "The last: " if folded else ""
    text = (
        f"*{which} of {code(notice.about)} could not be deleted.* {last}{why}\n"
        f"Its bytes are still stored and nothing is lost. Tried {many(tries, 'time')}.{next_try} Look at the vault."
    )
    return worded(text, [button("Options", Action.DETAILS, str(facts.get("backup_id", "")))])


def _held_back(notice: Notice, _folded: Sequence[Notice]) -> Said:
    facts, name = notice.fields, notice.about
    policy, yes = code(f"/backups policy {name}"), code(f"/backups let-go {name}")
    text = (
        f"{CHANGED if facts.get('changed') else ''}"
        f"*{facts.get('count', 0)} of {many(int(facts.get('of', 0)), 'backup')} of {code(name)} would expire at once,* "
        f"so none was let go. {escape(cut(str(facts.get('why', '')), SAYING))}\n"
        f"*Retention*, or {policy}, shows which. If it is meant, somebody with the right *retain* says yes: "
        f"*Let them go*, or {yes}."
    )
    return worded(text, [button("Retention", Action.POLICY, name), let_go_button(name, facts)])


def _clock(notice: Notice, folded: Sequence[Notice]) -> Said:
    jump = int(notice.fields.get("jump_seconds", 0))
    way = "forward" if jump > 0 else "back"
    before = f" It jumped {many(len(folded), 'time')} more since {when(folded[0].at)}." if folded else ""
    text = (
        f"*The clock of Safehold's machine jumped {way} by {duration(abs(jump))}.*{before} What is due was "
        "judged anew, and no run is taken twice.\n"
        "Check how that machine keeps its time; backups taken meanwhile show the time it had."
    )
    return worded(text)


def _vault(notice: Notice, folded: Sequence[Notice]) -> Said:
    every = (*folded, notice)
    missing, swept, adopted = (
        sum(int(one.fields.get(what, 0)) for one in every) for what in ("missing", "swept", "adopted")
    )
    orphans = int(notice.fields.get("orphans", 0))
    told = [
        f"{many(missing, 'backup')} without bytes" if missing else "",
        f"{many(orphans, 'archive')} without a record" if orphans else "",
        f"{many(swept, 'leftover')} removed" if swept else "",
        f"{many(adopted, 'backup')} good after all" if adopted else "",
    ]
    named = [str(one) for each in reversed(every) for one in each.fields.get("examples", ())]
    examples = "".join(f"\n• {escape(cut(one, 200))}" for one in named[:5])
    step = "Nothing is to be done."
    if missing:
        step = (
            "What lacks its bytes can't be restored until they are back: see whether the vault is whole, find out who "
            "deletes from it, and take a new backup."
        )
    elif orphans:
        step = "Archives without a record are never removed: `safehold catalog rebuild` lists them again."
    found = ", ".join(one for one in told if one) or "nothing to tell"
    return worded(f"*Catalog and vault {code(notice.about)} were compared:* {found}.{examples}\n{step}")


def _catalog(notice: Notice, _folded: Sequence[Notice]) -> Said:
    facts = notice.fields
    if facts.get("what") == "put back":
        lost = code(str(facts.get("path", "")))
        return worded(
            f"*The catalog {lost} was removed while the bot ran.* What it held was put back: nothing of it is lost.\n"
            "Find out what removed it."
        )
    path, count, copied = str(facts.get("path", "")), int(facts.get("manifests", 0)), moment(facts, "copy_at")
    begun = f"from its copy of {when(copied)} and " if copied else "from "
    text = f"*The catalog was rebuilt* {begun}{many(count, 'manifest')}."
    if facts.get("what") == "set aside":
        lost = f"could not be read and was set aside* as {code(path)}" if path else "was gone*"
        text = f"*The catalog {lost}. Archives in the vaults are safe; it was rebuilt {begun}{many(count, 'manifest')}."
    lost, long = ("Freezes and changed schedules are", "a week")
    if copied:
        lost, long = ("Freezes and changed schedules since then are", "a day")
    if gone := int(facts.get("gone", 0)):
        text += f" {many(gone, 'backup')} that the copy lists {'are' if gone > 1 else 'is'} not in the vaults:"
        text += " deleted after it was made, or lost."
    text += f" {lost} lost: retention is frozen for {long}, until somebody thaws it."
    return worded(f"{text}\nLook through the list; run `safehold audit verify`, and check the disk that held it.")


def _schedule(notice: Notice, folded: Sequence[Notice]) -> Said:
    facts = notice.fields
    coming = [when(datetime.fromisoformat(str(at))) for at in list(facts.get("next", ()))[:3]]
    after = f"\nNext: {', '.join(coming)}." if coming else "\nIt is not backed up by itself any more."
    before = f" It was changed {many(len(folded), 'time')} more since {when(folded[0].at)}." if folded else ""
    says = escape(cut(str(facts.get("says", "")), SAYING))
    who = person(someone(facts))
    return worded(f"*The schedule of {code(notice.about)} was changed by {who}:* {says}.{before}{after}")


_KINDS: Mapping[NoticeKind, Callable[[Notice, Sequence[Notice]], Said]] = {
    NoticeKind.RECOVERED: _recovered,
    NoticeKind.CAUGHT_UP: _caught_up,
    NoticeKind.EXPIRING: expiring,
    NoticeKind.PRUNED: pruned,
    NoticeKind.PRUNE_FAILED: _prune_failed,
    NoticeKind.HELD_BACK: _held_back,
    NoticeKind.FROZEN: frozen,
    NoticeKind.THAWED: thawed,
    NoticeKind.DIGEST: digest,
    NoticeKind.CLOCK: _clock,
    NoticeKind.VAULT: _vault,
    NoticeKind.CATALOG: _catalog,
    NoticeKind.SCHEDULE: _schedule,
    NoticeKind.HOLD: hold,
}
