"""`list` and `show`: look at backups, restores and instances."""

from argparse import Namespace

from cli import documents, exits, pages, words
from cli.screen import Screen, facts, table
from cli.session import opened
from core.bootstrap import Core
from core.model.backup import Backup, Page


def list_backups(given: Namespace, screen: Screen) -> int:
    """Print a page of backups, newest first."""
    with opened(given) as core:
        older = core.find_backup(given.older_than).id if given.older_than else ""
        page = core.list_backups(given.source, older_than=older, size=given.limit)
        screen.say(_list(core, given, page), documents.page(page))
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
            backup = core.find_backup(given.id)
            screen.say(facts(pages.backup(backup)), {"backup": documents.backup(backup)})
    return exits.GOOD


def _list(core: Core, given: Namespace, page: Page) -> str:
    if not page.backups:
        return _empty(core, given.source)
    parts = [_heading(core, given.source), table(_COLUMNS, [_row(backup) for backup in page.backups])]
    if page.older_than:
        more = " ".join(filter(None, ("safehold list", given.source, f"--older-than {page.older_than}")))
        parts.append(f"{len(page.backups)} of {page.total}. Older: {more}")
    return "\n\n".join(part for part in parts if part)


_COLUMNS = ("id", "source", "taken", "tiers", "size", "state", "by", "note")


def _row(backup: Backup) -> tuple[str, ...]:
    return (
        backup.id,
        backup.source,
        words.moment(backup.started_at or backup.requested_at),
        words.tiers(backup),
        words.size(backup.size) if backup.size else "",
        words.state(backup),
        backup.requested_by.name,
        backup.note,
    )


def _heading(core: Core, source: str | None) -> str:
    if source is None:
        return ""
    status = core.browse.status(source)
    goal = words.duration(status.source.goal_seconds)
    newest = status.newest_good
    if newest is None:
        return f"Backups of {source}  {status.title}\nNo good backup yet. Goal: at most {goal}."
    age = words.ago(newest.started_at or newest.requested_at, core.clock.now())
    overdue = " Overdue." if status.overdue else ""
    return f"Backups of {source}  {status.title}\nNewest good backup {age}. Goal: at most {goal}.{overdue}"


def _empty(core: Core, source: str | None) -> str:
    names = [source] if source else sorted(core.config.sources)
    if not names:
        return "No sources are configured. Add one to the configuration: [sources.NAME]."
    of = f" of {names[0]}" if len(names) == 1 else ""
    return f"No backups{of} yet. Take one: safehold now {names[0]}. {names[0]} keeps running meanwhile."
