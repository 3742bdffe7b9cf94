"""Ends on record what hangs, and gives back what it held."""

from dataclasses import dataclass

from core.catalog import Catalog
from core.catalog.backups import source_lease
from core.errors import Stalled
from core.model.backup import Backup, BackupState, Failure
from core.model.person import SYSTEM
from core.model.restore import Restore, RestoreState
from core.ports import Clock
from core.services import run_restore, take_backup, verify_backup
from core.services.adopt_stored import good_as_recorded, is_stored
from core.services.failures import FailureLog


@dataclass(frozen=True, slots=True)
class EndRuns:
    """One write for each: its record, the lease it held, and the audit record. What runs is not touched."""

    catalog: Catalog
    clock: Clock
    failures: FailureLog
    owner: str

    def record(self, run: Backup | Restore, error: Stalled) -> None:
        """End a backup or a restore that runs."""
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

    def _outcome(self, backup_id: str, failure: Failure) -> dict[str, object]:
        """Say what becomes of a backup: one that is stored is good, whatever hangs after that."""
        current = self.catalog.backups.get(backup_id)
        if is_stored(current):
            return good_as_recorded(current, failure.message)
        return {"state": BackupState.FAILED, "failure": failure}

    def other(self, key: str, error: Stalled) -> None:
        """End what has no record of its own: a verification or a pruning gives its lease back."""
        now, (kind, _, about) = self.clock.now(), key.partition(":")
        failure = self.failures.keep(key, "", error, at=now)
        with self.catalog.write():
            if kind == "verify":
                said = f"Not verified: {failure.message} {failure.hint}"
                self.catalog.backups.move(about, verify_backup.KEPT, step=None, warning=said)
                self.catalog.leases.release(key, self.owner, key)
            elif kind == "prune":
                self.catalog.leases.release(source_lease(about), self.owner, key)
            elif kind == "destroy":
                self.catalog.leases.release(key, self.owner, key)
            self.catalog.audit.append(now, SYSTEM, f"{kind}-ended", about, failure.code, {"why": failure.message})

    def waiting(self, hanging: int) -> None:
        """End the backups of this process that wait for a thread, where none will ever be free again."""
        error = Stalled(
            f"It could not begin: {hanging} runs of Safehold hang.",
            hint="Look whether a disk or the network behind them hangs, restart Safehold, then retry.",
        )
        for backup in self.catalog.backups.open_ones():
            if backup.owner == self.owner and backup.state is BackupState.PENDING:
                self._end_waiting(backup, error)

    def _end_waiting(self, backup: Backup, error: Stalled) -> None:
        now = self.clock.now()
        failure = self.failures.keep(backup.id, "", error, at=now)
        with self.catalog.write():
            ended = self.catalog.backups.move(
                backup.id, take_backup.PENDING, state=BackupState.FAILED, failure=failure, finished_at=now
            )
            if ended is not None:
                detail = {"reference": failure.reference}
                self.catalog.audit.append(now, SYSTEM, "backup-ended", backup.id, failure.code, detail)
