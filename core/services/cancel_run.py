"""Cancel: ask a backup or a restore that is under way to stop and clean up."""

from dataclasses import dataclass

from core.catalog import Catalog
from core.errors import Stale, UnknownName
from core.model.backup import Backup, BackupState
from core.model.person import Person
from core.model.restore import Restore, RestoreState
from core.ports import Clock, Runner
from core.services.access import Access, Verb

NOT_BEGUN = frozenset({BackupState.PENDING})
UNDECIDED = frozenset({RestoreState.WAITING})


@dataclass(frozen=True, slots=True)
class CancelRun:
    """Stop a run at its next report of progress; a request that nobody decided on is withdrawn."""

    catalog: Catalog
    access: Access
    clock: Clock
    runner: Runner

    def __call__(self, reference: str, person: Person) -> None:
        """Ask it to stop; its record says when it has.

        Raises:
            UnknownName, AmbiguousId, NotAllowed.
            Stale: it has ended, or another process runs it.

        """
        record = self._find(reference)
        if person.id != record.requested_by.id:
            right = Verb.CANCEL if isinstance(record, Backup) else Verb.APPROVE
            self.access.require(person, right, record.id, "cancel")
        if not record.state.open:
            raise Stale(f"{record.id} is {record.state.value} already.", hint="Nothing was changed.")
        now = self.clock.now()
        self.catalog.audit.append(now, person, "cancel", record.id, "asked", {})
        if self._withdrawn(record) or self.runner.cancel(record.id):
            return
        raise Stale(f"{record.id} is run by another Safehold process.", hint="Cancel it there: where it was started.")

    def _find(self, reference: str) -> Backup | Restore:
        try:
            return self.catalog.backups.find(reference)
        except UnknownName:
            return self.catalog.restores.find(reference)

    def _withdrawn(self, record: Backup | Restore) -> bool:
        now = self.clock.now()
        if isinstance(record, Restore):
            moved = self.catalog.restores.move(record.id, UNDECIDED, state=RestoreState.CANCELLED, finished_at=now)
            return moved is not None
        ended = self.catalog.backups.move(record.id, NOT_BEGUN, state=BackupState.CANCELLED, finished_at=now)
        return ended is not None
