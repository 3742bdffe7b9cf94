"""Prunes: deletes the bytes of what was let go, after a time in which people could object, and keeps a tombstone."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter

from core.catalog import Catalog
from core.catalog.backups import source_lease
from core.catalog.leases import RUN_SECONDS
from core.errors import (
    CorruptionError,
    ManifestCorrupt,
    NotRestorable,
    OperationError,
    SafeholdError,
    UnavailableError,
    UnsupportedVersion,
)
from core.model.backup import Backup, BackupState
from core.model.hold import Hold
from core.model.notice import Notice, NoticeKind
from core.model.person import SYSTEM
from core.ports import Clock, Runner
from core.services.adapters import Adapters
from core.services.expire import EXPIRED, keep_after_all
from core.services.retention import Retention
from core.services.tell_pruned import note_pruned

LEAVING = frozenset({BackupState.EXPIRED, BackupState.PRUNING})
PRUNING = frozenset({BackupState.PRUNING})
NEVER = datetime.min.replace(tzinfo=UTC)
TOLD_AHEAD = timedelta(days=1)
"""How far the evening post looks ahead."""
PAUSES = (300.0, 1_800.0, 7_200.0, 21_600.0)
"""Seconds until a deletion that failed is tried again, the last one from then on."""

MOST_LEAPS = 50
Leap = tuple[datetime, timedelta]

SECONDS_AT_ONCE = 20.0
"""How long after its look into the vaults a run begins a deletion; the rest is for the next pass. So what was seen is
never older, and a backup that is due gets the source between two runs."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What decides at a moment whether the bytes of a backup stayed for long enough.

    `told_at`: when people were last told what goes within a day; None where nobody tells it.
    """

    now: datetime
    told_at: datetime | None
    leaps: Sequence[Leap]


def prune_run(source: str) -> str:
    """Return the key of the run that prunes a source."""
    return f"prune:{source}"


@dataclass(slots=True)
class Prune:
    """One pass begins a run for each source of which something is due, under the source's lease.

    So nothing is captured or pruned of it at the same time. Intent, deletion, confirmation: a backup is marked before
    the first byte goes, in the same write in which retention was asked once more, and is a tombstone only when the
    vault was seen to hold nothing of it.
    """

    catalog: Catalog
    adapters: Adapters
    retention: Retention
    clock: Clock
    runner: Runner
    owner: str
    _refused: dict[str, tuple[int, float]] = field(default_factory=dict)

    def __call__(self, now: datetime, *, told: bool = False) -> None:
        """Begin what is due; nothing while retention is frozen, not even what a failed deletion left marked.

        `told`: people are told what goes within a day. What they were not told of has to wait.
        """
        asked = self._asked(now, told=told)
        due = [one for one in self.catalog.retained.leaving() if self._is_due(one, asked)]
        if not due or self.retention.freeze() is not None:
            return
        due.sort(key=attrgetter("source"))
        for source, backups in groupby(due, key=attrgetter("source")):
            self._begin(source, tuple(backup.id for backup in backups), told=told)

    def when_told(self, now: datetime) -> None:
        """Begin what is due and was named in an evening post: a duty where there is one."""
        self(now, told=True)

    def _asked(self, now: datetime, *, told: bool) -> _Asked:
        told_at = None
        if told:
            post = self.catalog.notices.newest("", NoticeKind.EXPIRING)
            told_at = post.at if post is not None else NEVER
        return _Asked(now, told_at, self._leaps(now))

    def _leaps(self, now: datetime) -> Sequence[Leap]:
        """Return when the clock leapt forward, or the machine woke, and by how much: of that people had nothing."""
        told = self.catalog.notices.recent("", NoticeKind.CLOCK, MOST_LEAPS)
        leaps = ((one.at, timedelta(seconds=one.fields.get("jump_seconds", 0))) for one in told if one.at <= now)
        return [leap for leap in leaps if leap[1] > timedelta()]

    def _is_due(self, backup: Backup, asked: _Asked) -> bool:
        _, until = self._refused.get(backup.id, (0, 0.0))
        if self.clock.monotonic() < until:
            return False
        at = self.retention.prune_at(backup)
        if backup.state is BackupState.PRUNING or at is None or backup.expired_at is None:
            return True
        if backup.source not in self.adapters.sources:
            # Nobody is told of it, and nobody said that it may go.
            return False
        at += _passed_over(asked.leaps, backup.expired_at)
        # An earlier post may have foreseen it, and may not: it was asked before anything was let go.
        told = asked.told_at is None or asked.told_at >= max(at - TOLD_AHEAD, backup.expired_at)
        # Let go after now: the clock was set back, and how long ago that was nobody knows.
        return told and at <= asked.now

    def _begin(self, source: str, ids: Sequence[str], *, told: bool) -> None:
        run = prune_run(source)
        if self.runner.wait(run, 0):
            with suppress(UnavailableError):  # shutting down
                self.runner.submit(run, lambda: self._run(source, ids, told=told), patient=True)

    def _run(self, source: str, ids: Sequence[str], *, told: bool) -> None:
        run, lease = prune_run(source), source_lease(source)
        # Not sooner: what only waits for a thread keeps nobody else from the source.
        if not self.catalog.leases.acquire(lease, self.owner, run, self.clock.now(), RUN_SECONDS):
            return
        try:
            unseen, ids = self._look(source, ids, told=told)
            until = self.clock.monotonic() + SECONDS_AT_ONCE
            for backup_id in ids:
                if self.runner.cancelled(run) or self.clock.monotonic() >= until:
                    return
                self.one(backup_id, unseen, told=told)
        finally:
            self.catalog.leases.release(lease, self.owner, run)

    def _look(self, source: str, ids: Sequence[str], *, told: bool) -> tuple[frozenset[str], Sequence[str]]:
        """See with eyes that what they make room for is there; return what can't be looked at, and which may go.

        Those are what was begun, which needs no look, and what is due still: the run may have waited for hours.
        """
        backups, asked = [self.catalog.backups.get(one) for one in ids], self._asked(self.clock.now(), told=told)
        begun = [one.id for one in backups if one.state is BackupState.PRUNING]
        let_go = [one for one in backups if one.state is BackupState.EXPIRED and self._is_due(one, asked)]
        try:
            unseen = self.retention.find_missing(source) if let_go else frozenset()
        except SafeholdError as error:
            with self.catalog.write():
                for backup in let_go:
                    self._put_off(backup, error)
            return frozenset(), begun
        return unseen, [*begun, *(backup.id for backup in let_go)]

    def one(self, backup_id: str, unseen: frozenset[str], *, told: bool = False) -> bool:
        """Prune one backup if it is still let go and due; say whether it is gone.

        The caller holds the source's lease and has just looked for its backups: `unseen` as `FindMissing` returns it.
        `told` as it was begun with.
        """
        backup = self.catalog.backups.get(backup_id)
        try:
            claimed = self._claim(backup, unseen, told=told)
            if claimed is None:
                return False
            backup = claimed
            self._delete(backup)
        except SafeholdError as error:
            self._put_off(backup, error)
            return False
        now = self.clock.now()
        with self.catalog.write():
            pruned = self.catalog.backups.move(
                backup.id, PRUNING, state=BackupState.PRUNED, pruned_at=now, hold=None, unsaved=False, warning=""
            )
            if pruned is not None:
                detail = {"source": backup.source, "why": backup.expiry, "size": backup.size}
                self.catalog.audit.append(now, SYSTEM, "prune", backup.id, "pruned", detail)
                note_pruned(self.catalog, backup)
        self._refused.pop(backup.id, None)
        return True

    def _claim(self, backup: Backup, unseen: frozenset[str], *, told: bool) -> Backup | None:
        """Mark a backup as being deleted, in one write with the last look at retention; None where it stays."""
        if backup.state is BackupState.PRUNING:
            return backup if self.retention.freeze() is None else None
        hold = self._hold_in_the_vault(backup)
        with self.catalog.write():
            backup = self.catalog.backups.get(backup.id)
            # Who was ended while it hung holds the source no longer.
            if backup.state is not BackupState.EXPIRED or self.runner.cancelled(prune_run(backup.source)):
                return None
            now = self.clock.now()
            # Kept and let go anew since it was begun: people were promised its bytes for the whole grace once more.
            if not self._is_due(backup, self._asked(now, told=told)):
                return None
            if hold is not None and (backup.hold is None or not backup.hold.holds(now)):
                self._keep_held(backup, hold)
                return None
            verdict = self.retention.why(backup, unseen)
            if verdict.keep:
                keep_after_all(self.catalog, backup)
                self.catalog.audit.append(now, SYSTEM, "prune", backup.id, "kept after all", {"why": verdict.says})
                return None
            self.catalog.audit.append(now, SYSTEM, "prune", backup.id, "begun", {"why": backup.expiry})
            return self.catalog.backups.move(backup.id, EXPIRED, state=BackupState.PRUNING, owner=self.owner)

    def _hold_in_the_vault(self, backup: Backup) -> Hold | None:
        """Return a hold in force that its manifest knows: the catalog may be older than that, or another one.

        Raises:
            ManifestCorrupt: what lies there under this id is another backup.

        """
        try:
            manifest = self.adapters.vault(backup.vault).manifest(backup.source, backup.id)
        except (NotRestorable, CorruptionError, UnsupportedVersion):
            # Nothing there says anything; what can't be read is judged by the record.
            return None
        if manifest.archive.sha256 != backup.archive_sha256:
            raise ManifestCorrupt(
                f"Under {backup.id} lies another archive than was stored.", hint="Find out who changed the vault."
            )
        return manifest.hold if manifest.hold is not None and manifest.hold.holds(self.clock.now()) else None

    def _keep_held(self, backup: Backup, hold: Hold) -> None:
        # A release that the manifest does not know yet is written into it first; then this is asked again.
        if not backup.unsaved:
            keep_after_all(self.catalog, backup, hold=hold)
            why = {"why": f"its manifest is held by {hold.person.id}"}
            self.catalog.audit.append(self.clock.now(), SYSTEM, "prune", backup.id, "kept after all", why)

    def _delete(self, backup: Backup) -> None:
        vault = self.adapters.vault(backup.vault)
        vault.remove(backup.source, backup.id)
        try:
            vault.manifest(backup.source, backup.id)
        except NotRestorable:
            return
        raise OperationError(f"The vault {vault.name} still holds {backup.id}.", hint="It is tried again.")

    def _put_off(self, backup: Backup, error: SafeholdError) -> None:
        times, _ = self._refused.get(backup.id, (0, 0.0))
        pause = PAUSES[min(times, len(PAUSES) - 1)]
        self._refused[backup.id] = (times + 1, self.clock.monotonic() + pause)
        now = self.clock.now()
        retry_at = now + timedelta(seconds=pause)
        said = f"Not deleted yet: {error.message} {error.hint} Tried again from {retry_at:%Y-%m-%d %H:%M} UTC on."
        logger.warning("%s: %s", backup.id, said)
        fields = {
            "backup_id": backup.id,
            "message": error.message,
            "hint": error.hint,
            "attempts": times + 1,
            "retry_at": retry_at.isoformat(),
        }
        with self.catalog.write():
            self.catalog.backups.move(backup.id, LEAVING, warning=said)
            self.catalog.audit.append(now, SYSTEM, "prune", backup.id, "failed", {"why": error.message})
            self.catalog.notices.tell(Notice(NoticeKind.PRUNE_FAILED, backup.source, backup.id, now, fields))


def _passed_over(leaps: Sequence[Leap], since: datetime) -> timedelta:
    """Return how much of the time since then was leapt over; what several bots have told of one sleep counts once."""
    total, until = timedelta(), since
    for begun, ended in sorted((to - by, to) for to, by in leaps):
        if ended > until:
            total += ended - max(begun, until)
            until = ended
    return total
