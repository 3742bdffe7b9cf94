"""`now`, `verify` and `cancel`: take a backup, check one, stop what is under way."""

from argparse import Namespace
from collections.abc import Sequence

from cli import background, documents, exits, words
from cli.follow import Run, follow
from cli.screen import Screen
from cli.session import me, opened, source_named
from core.bootstrap import Core
from core.model.backup import Backup, BackupState
from core.services.create_backup import Initiated
from core.services.verify_backup import verify_run


def now(given: Namespace, screen: Screen) -> int:
    """Take a backup in this process, or join the one that runs, and wait for its end."""
    with opened(given) as core:
        source = source_named(core, given.source)
        if given.no_wait:
            backup = _in_background(core, given, source)
            return _begun(screen, backup, core.time.let_go_for(backup))
        initiated = core.create_backup(source, me(), given.note)
        backup = initiated.backup
        going = core.time.let_go_for(core.catalog.backups.get(backup.id))
        told = _joined(backup, given.note) if initiated.joined else f"Backup of {source} initiated: {backup.id}"
        screen.remark(told + _let_go(going))
        return _ended(screen, follow(core, screen, _run(core, initiated)), going)


def verify(given: Namespace, screen: Screen) -> int:
    """Read a backup back and prove it again."""
    with opened(given) as core:
        before = core.find_backup(given.id)
        if given.no_wait:
            backup = background.begin(core, given, lambda: _touched(core, before))
            screen.say(f"Verifying {backup.id}. See: safehold show {backup.id}", {"backup": documents.backup(backup)})
            return exits.GOOD
        started = core.verify_backup(given.id, me())
        key = verify_run(started.id)
        run = Run(
            f"Verifying {started.id}",
            key,
            read=lambda: core.catalog.backups.get(started.id),
            over=lambda _: core.runner.wait(key, 0),
            step=lambda backup: backup.step,
        )
        return _verified(screen, follow(core, screen, run))


def cancel(given: Namespace, screen: Screen) -> int:
    """Ask what is under way to stop, or withdraw a request."""
    with opened(given) as core:
        core.cancel_run(given.id, me())
    screen.say(f"{given.id} is asked to stop. What it made is removed.", {"cancelled": given.id})
    return exits.GOOD


def _joined(backup: Backup, note: str) -> str:
    """Say that it is another's, and from before: whoever is about to change something has to know."""
    began = f" since {backup.started_at:%H:%M:%S} UTC" if backup.started_at else ""
    return (
        f"A backup of {backup.source} is under way already{began}: {backup.id}. Waiting for it."
        f"{' Your note was not kept.' if note else ''}\n"
        "It may show the data as they were before you asked. For later ones ask again when it is done."
    )


def _run(core: Core, initiated: Initiated) -> Run[Backup]:
    backup = initiated.backup
    return Run(
        f"Backup of {backup.source}",
        backup.id,
        read=lambda: core.catalog.backups.get(backup.id),
        over=lambda record: not record.state.open,
        step=lambda record: record.step,
        ours=not initiated.joined,
        cancel=lambda: core.cancel_run(backup.id, me()),
    )


def _in_background(core: Core, given: Namespace, source: str) -> Backup:
    before = core.catalog.backups.newest(source)

    def begun() -> Backup | None:
        newest = core.catalog.backups.newest(source)
        return newest if newest and (newest.state.open or before is None or newest.id != before.id) else None

    return background.begin(core, given, begun)


def _let_go(going: Sequence[Backup]) -> str:
    """Say on lines of their own which on-demand backups go for it, and how each stays."""
    if not going:
        return ""
    if len(going) == 1:
        held = f"To hold it: safehold keep {going[0].id}"
        return f"\nOnce it is good, the on-demand backup of {_earlier(going[0])} is let go. {held}"
    lines = "".join(f"\n  {_earlier(one)}, {one.proof.value}: safehold keep {one.id}" for one in going)
    return f"\nOnce it is good, {len(going)} on-demand backups are let go. To hold one:{lines}"


def _earlier(backup: Backup) -> str:
    return words.moment(backup.taken_at) + (f" “{backup.note}”" if backup.note else "")


def _begun(screen: Screen, backup: Backup, going: Sequence[Backup]) -> int:
    text = f"Backup of {backup.source} initiated: {backup.id}. It goes on in the background: safehold show {backup.id}"
    screen.say(text + _let_go(going), _document(backup, going))
    return exits.GOOD


def _document(backup: Backup, going: Sequence[Backup]) -> documents.Document:
    """Return a backup, and which on-demand ones it lets go."""
    return {"backup": documents.backup(backup), "lets_go": [documents.backup(one) for one in going]}


def _ended(screen: Screen, backup: Backup, going: Sequence[Backup]) -> int:
    document = _document(backup, going)
    if backup.state is not BackupState.GOOD:
        return _failed(screen, backup)
    took = words.duration(sum(backup.timings.values()))
    held = words.counts(backup.counts)
    screen.say(
        f"Backup {backup.id} of {backup.source} is done and {backup.proof.value}. {words.size(backup.size)} in {took}"
        + (f", {held}" if held else "")
        + "."
        + (f"\nWarning: {backup.warning}" if backup.warning else ""),
        document,
    )
    return exits.GOOD


def _verified(screen: Screen, backup: Backup) -> int:
    if backup.state is not BackupState.GOOD:
        return _failed(screen, backup)
    if backup.warning:
        screen.say(backup.warning, {"backup": documents.backup(backup)})
        return exits.BROKEN
    text = f"Backup {backup.id} of {backup.source} is {backup.proof.value}: {words.counts(backup.counts)}."
    screen.say(text, {"backup": documents.backup(backup)})
    return exits.GOOD


def _failed(screen: Screen, backup: Backup) -> int:
    if backup.failure is None:
        screen.say(f"Backup {backup.id} is {backup.state.value}.", {"backup": documents.backup(backup)})
        return exits.BROKEN
    screen.failed(backup.failure, {"backup": documents.backup(backup)})
    return exits.failed(backup.failure)


def _touched(core: Core, before: Backup) -> Backup | None:
    current = core.catalog.backups.get(before.id)
    return current if current.revision != before.revision else None
