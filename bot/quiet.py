"""Which backups have no message of their own: what goes well by schedule is told by the digest, and failures fold."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.ids import Slot
from core.bootstrap import Core
from core.errors import UnknownName
from core.model.backup import Backup, BackupState, Tier
from core.model.person import SYSTEM

FAILED = frozenset({BackupState.FAILED, BackupState.INTERRUPTED})
TOLD = FAILED | {BackupState.DAMAGED, BackupState.CANCELLED}
KIND = "backup"


def subject_of(backup: Backup) -> str:
    """Return the subject that shows a backup."""
    return f"{KIND}:{backup.id}"


def by_schedule(backup: Backup) -> bool:
    """Say whether nobody waits for it: a schedule asked for it, and no person has joined."""
    return backup.due_at is not None and backup.requested_by.id == SYSTEM.id and Tier.ON_DEMAND not in backup.tiers


def told(backup: Backup) -> bool:
    """Say whether it is worth a message of its own."""
    if not by_schedule(backup) or backup.state in TOLD:
        return True
    return backup.state is BackupState.GOOD and bool(backup.warning)


@dataclass(frozen=True, slots=True)
class Folds:
    """Failures that one message tells of: by the subject of that message; and all the others of them."""

    by_host: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    folded: frozenset[str] = frozenset()


def failures_together(core: Core, subjects: Iterable[str]) -> Folds:
    """Return which of the subjects that wait are told of together: scheduled runs of one source that failed.

    What a message was begun for stays as it was begun.
    """
    by_source: dict[str, list[Backup]] = {}
    by_host: dict[str, list[Backup]] = {}
    for backup in _failures(core, subjects):
        message = core.catalog.messages.get(subject_of(backup), Slot.MAIN)
        if message is None:
            by_source.setdefault(backup.source, []).append(backup)
        elif not message.ts and message.host:
            by_host.setdefault(message.host, []).append(backup)
    for alike in by_source.values():
        *earlier, newest = sorted(alike, key=lambda backup: (backup.requested_at, backup.id))
        if earlier:
            by_host[subject_of(newest)] = earlier
    told_of = {host: tuple(map(subject_of, earlier)) for host, earlier in by_host.items()}
    return Folds(told_of, frozenset(one for earlier in told_of.values() for one in earlier))


def _failures(core: Core, subjects: Iterable[str]) -> Iterable[Backup]:
    for subject in subjects:
        kind, _, key = subject.partition(":")
        if kind != KIND:
            continue
        try:
            backup = core.catalog.backups.get(key)
        except UnknownName:
            continue
        if by_schedule(backup) and backup.state in FAILED:
            yield backup
