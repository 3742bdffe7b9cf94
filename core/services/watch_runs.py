"""Watches the runs of this process: one in which no byte moves, or that runs for ever, is ended and told."""

import logging
from dataclasses import dataclass, field

from core.catalog import Catalog
from core.errors import Stalled
from core.model.backup import Backup, BackupState, Failure
from core.model.person import SYSTEM
from core.model.progress import Step
from core.model.restore import Restore, RestoreState
from core.ports import Clock, Runner
from core.services import run_restore, take_backup
from core.services.adopt_stored import good_as_recorded, is_stored
from core.services.failures import FailureLog

MOVING = frozenset({"capturing", "storing", "verifying", "unpacking"})
"""Steps that report each piece of what they read or write. A proof counts for hours and can't say how far it is."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class WatchRuns:
    """Looks at what this process runs; remembers between looks since when each run stands where it stands.

    The record is ended first, so that people are told also where the run hangs for good; then the run is asked to
    stop. One that goes on later finds its record ended: it removes what it made. Where its manifest is written, before
    or after that, its backup is good all the same.
    """

    catalog: Catalog
    clock: Clock
    runner: Runner
    failures: FailureLog
    owner: str
    stalled_seconds: float
    longest_seconds: float
    _seen: dict[str, tuple[Step | None, float]] = field(default_factory=dict)
    _begun: dict[str, float] = field(default_factory=dict)

    def __call__(self) -> None:
        """Look once."""
        with self.catalog.read():
            backups = [b for b in self.catalog.backups.open_ones() if b.state is BackupState.RUNNING]
            restores = [r for r in self.catalog.restores.open_ones() if r.state is RestoreState.RUNNING]
        running: tuple[Backup | Restore, ...] = (*backups, *restores)
        ours = [run for run in running if run.owner == self.owner]
        known = {run.id for run in ours}
        self._seen = {key: seen for key, seen in self._seen.items() if key in known}
        self._begun = {key: begun for key, begun in self._begun.items() if key in known}
        for run in ours:
            error = self._trouble(run)
            if error is not None:
                self._end(run, error)

    def _trouble(self, run: Backup | Restore) -> Stalled | None:
        now = self.clock.monotonic()
        step, since = self._seen.get(run.id, (None, now))
        if step != run.step or run.id not in self._seen:
            self._seen[run.id] = (run.step, now)
            since = now
        begun = self._begun.setdefault(run.id, now)
        if run.step is not None and run.step.name in MOVING and now - since >= self.stalled_seconds:
            return Stalled(
                f"Nothing moved for {_minutes(now - since)} while {run.step.name}.",
                hint="Look whether the disk or the network behind it hangs, then retry.",
            )
        if now - begun >= self.longest_seconds:
            return Stalled(
                f"It ran for {_minutes(now - begun)}, longer than a run may.",
                hint="Look at its log; where it needs so long, raise runs.longest in the configuration.",
            )
        return None

    def _end(self, run: Backup | Restore, error: Stalled) -> None:
        now, step = self.clock.now(), run.step.name if run.step else ""
        failure = self.failures.keep(run.id, step, error, at=now)
        act = "backup-ended" if isinstance(run, Backup) else "restore-ended"
        with self.catalog.write():
            ended: Backup | Restore | None
            if isinstance(run, Backup):
                changes = self._outcome(run.id, failure)
                ended = self.catalog.backups.move(run.id, take_backup.RUNNING, **changes, finished_at=now, step=None)
            else:
                ended = self.catalog.restores.move(
                    run.id, run_restore.RUNNING, state=RestoreState.FAILED, failure=failure, finished_at=now, step=None
                )
            if ended is not None:
                self.catalog.audit.append(now, SYSTEM, act, run.id, failure.code, {"reference": failure.reference})
        self.runner.cancel(run.id)
        logger.warning("%s: %s", run.id, error)

    def _outcome(self, backup_id: str, failure: Failure) -> dict[str, object]:
        """Say what becomes of a backup: one that is stored is good, whatever hangs after that."""
        current = self.catalog.backups.get(backup_id)
        if is_stored(current):
            return good_as_recorded(current, failure.message)
        return {"state": BackupState.FAILED, "failure": failure}


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds < 2 * 3_600 else f"{seconds / 3_600:.1f} h"
