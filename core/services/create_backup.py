"""Back up now: record a pending backup and hand its run to the runner."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from core.catalog import Catalog
from core.model import naming
from core.model.backup import Backup, BackupState, Proof, Tier
from core.model.person import Person
from core.ports import Clock, Runner
from core.services.access import Access, Verb
from core.services.adapters import Adapters
from core.services.take_backup import TakeBackup
from core.services.text import checked_text

ON_DEMAND = frozenset({Tier.ON_DEMAND})
TRIES_FOR_AN_ID = 20


@dataclass(frozen=True, slots=True)
class Initiated:
    """A backup that was asked for. `joined` says that it was already under way."""

    backup: Backup
    joined: bool


@dataclass(frozen=True, slots=True)
class CreateBackup:
    """Start a backup of a source, or join the one that runs. `entropy` gives so many random bits for an id."""

    catalog: Catalog
    adapters: Adapters
    access: Access
    clock: Clock
    runner: Runner
    take: TakeBackup
    owner: str
    entropy: Callable[[int], int] = secrets.randbits

    def __call__(
        self,
        source: str,
        person: Person,
        note: str = "",
        *,
        tiers: frozenset[Tier] = ON_DEMAND,
        due_at: datetime | None = None,
    ) -> Initiated:
        """Record a pending backup and return at once; the run goes on in the runner under the backup's id.

        `due_at` is its time by a schedule, None where a person asks: that one waits for none of a schedule's.

        Raises:
            UnknownName, UsageError: the source or the note.
            NotAllowed: the person may not.
            LeaseHeld: the source is held by something a backup can't join.

        """
        self.access.require(person, Verb.BACKUP, source)
        self.adapters.source(source)
        checked = checked_text(note, "note")
        wanted = _Wanted(source, person, checked, tiers, due_at)
        backup, created = self._begin(wanted)
        if created:
            self.runner.submit(backup.id, lambda: self.take(backup.id), patient=due_at is not None)
        elif due_at is None:
            self.runner.hasten(backup.id)
        return Initiated(backup, joined=not created)

    def _begin(self, asked: "_Wanted") -> tuple[Backup, bool]:
        for _ in range(TRIES_FOR_AN_ID):
            wanted = self._pending(asked)
            try:
                with self.catalog.write():
                    backup, created = self.catalog.backups.begin(wanted)
                    outcome = "initiated" if created else "joined"
                    detail = {"source": asked.source, "note": asked.note}
                    self.catalog.audit.append(wanted.requested_at, asked.person, "backup", backup.id, outcome, detail)
            except KeyError:
                # Ids hold 24 random bits a second; many sources may start in the same one.
                continue
            return backup, created
        raise RuntimeError("no free backup id was found")

    def _pending(self, asked: "_Wanted") -> Backup:
        configured, now = self.adapters.source(asked.source), self.clock.now()
        return Backup(
            id=naming.backup_id(now, self.entropy(24)),
            source=asked.source,
            engine=configured.engine,
            vault=configured.vault,
            tiers=asked.tiers,
            state=BackupState.PENDING,
            proof=Proof.NONE,
            requested_by=asked.person,
            note=asked.note,
            requested_at=now,
            owner=self.owner,
            due_at=asked.due_at,
        )


@dataclass(frozen=True, slots=True)
class _Wanted:
    source: str
    person: Person
    note: str
    tiers: frozenset[Tier]
    due_at: datetime | None
