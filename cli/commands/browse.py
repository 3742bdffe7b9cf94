"""`list` and `show`: look at backups, restores and instances."""

from argparse import Namespace

from cli import documents, exits, pages, words
from cli.screen import Screen, facts, table
from cli.session import opened
from core.bootstrap import Core
from core.model.backup import Backup, BackupState, Page
from core.model.verdict import Verdict

MOST_ASKED = 2_000
"""Of a source that stores more, a list does not say how long each is kept: reading them takes longer than looking."""
_STORED = frozenset({BackupState.GOOD, BackupState.DAMAGED, BackupState.EXPIRED})


def list_backups(given: Namespace, screen: Screen) -> int:
    """Print a page of backups, newest first."""
    with opened(given) as core:
        older = core.find_backup(given.older_than).id if given.older_than else ""
        page = core.list_backups(given.source, older_than=older, size=given.limit)
        answers, frozen = _verdicts(core, page), core.time.retention.freeze()
        text = _list(core, given, page, answers)
        banner = f"{pages.frozen(frozen)}\n\n" if frozen else ""
        screen.say(banner + text, documents.page(page, answers, frozen))
    return exits.GOOD


def show(given: Namespace, screen: Screen) -> int:
    """Print everything about a backup, a restore or an instance, whichever has this id."""
    with opened(given) as core:
        if given.id.startswith("r-"):
            restore = core.catalog.restores.find(given.id)
            screen.say(facts(pages.restore(restore)), {"restore": documents.restore(restore)})
        elif "-restore-" in given.id:
            instance = core.catalog.instances.find(given.id)
            screen.say(facts(pages.instance(instance, core.clock.now())), {"instance": documents.instance(instance)})
        else:
            backup, retention = core.find_backup(given.id), core.time.retention
            verdict = retention.why(backup)
            text = facts(pages.backup(backup, verdict, retention.grace_seconds))
            screen.say(text, {"backup": documents.backup(backup, verdict)})
    return exits.GOOD


def _verdicts(core: Core, page: Page) -> dict[str, Verdict]:
    """Return the verdicts on a page's backups that have bytes, but for sources that keep too many to ask in passing."""
    answers: dict[str, Verdict] = {}
    stored = {backup.source for backup in page.backups if backup.state in _STORED}
    for source in stored:
        if core.catalog.retained.count_stored(source) <= MOST_ASKED:
            answers |= {key: verdict for key, (_, verdict) in core.time.retention.verdicts(source).items()}
    return answers


def _list(core: Core, given: Namespace, page: Page, answers: dict[str, Verdict]) -> str:
    if not page.backups:
        return _empty(core, given.source)
    grace, now = core.time.retention.grace_seconds, core.clock.now()
    rows = [_row(backup, words.kept(backup, answers.get(backup.id), grace, now)) for backup in page.backups]
    # The columns that say the same in each row, or nothing, take the room of those that say more.
    one = given.source or len(core.config.sources) == 1
    shown = [place for place, name in enumerate(_COLUMNS) if not (name == "source" and one)]
    shown = [place for place in shown if any(row[place] for row in rows)]
    rows = [tuple(row[place] for place in shown) for row in rows]
    parts = [_heading(core, given.source), table([_COLUMNS[place] for place in shown], rows)]
    if page.older_than:
        more = " ".join(filter(None, ("safehold list", given.source, f"--older-than {page.older_than}")))
        parts.append(f"{len(page.backups)} of {page.total}. Older: {more}")
    return "\n\n".join(part for part in parts if part)


_COLUMNS = ("id", "source", "taken", "tiers", "size", "state", "kept", "by", "note")


def _row(backup: Backup, kept: str) -> tuple[str, ...]:
    return (
        backup.id,
        backup.source,
        words.moment(backup.started_at or backup.requested_at),
        words.tiers(backup),
        words.size(backup.size) if backup.size else "",
        words.state(backup),
        kept,
        backup.requested_by.name,
        backup.note,
    )


def _heading(core: Core, source: str | None) -> str:
    if source is None:
        return ""
    status = core.browse.status(source)
    goal = words.duration(status.source.goal_seconds)
    due, newest = core.time.schedules.next_due(source), status.newest_good
    coming = f"Next: {words.tiers(due)}, {words.moment(due.at)}." if due else "No schedule: on demand only."
    if newest is None:
        return f"Backups of {source}  {status.title}\nNo good backup yet. Goal: at most {goal}. {coming}"
    age = words.ago(newest.started_at or newest.requested_at, core.clock.now())
    overdue = " Overdue." if status.overdue else ""
    return f"Backups of {source}  {status.title}\nNewest good backup {age}. Goal: at most {goal}.{overdue} {coming}"


def _empty(core: Core, source: str | None) -> str:
    names = [source] if source else sorted(core.config.sources)
    if not names:
        return "No sources are configured. Add one to the configuration: [sources.NAME]."
    of = f" of {names[0]}" if len(names) == 1 else ""
    return f"No backups{of} yet. Take one: safehold now {names[0]}. {names[0]} keeps running meanwhile."
