"""Restores: what was asked for, who decided, and how it went."""

from core.catalog.columns import (
    DECISIONS,
    FAILURE,
    MOMENT,
    PERSON,
    PLAIN,
    PLAN,
    STEP,
    Table,
    choice,
    optional,
)
from core.catalog.file import CatalogFile
from core.catalog.ledger import Ledger
from core.catalog.schema import OPEN_RESTORES
from core.model.progress import Step
from core.model.restore import Decision, Restore, RestoreState

WAITING = frozenset({RestoreState.WAITING})
OPEN = frozenset({RestoreState.WAITING, RestoreState.APPROVED, RestoreState.RUNNING})

TABLE = Table(
    "restores",
    "id",
    Restore,
    {
        "id": PLAIN,
        "plan": PLAN,
        "plan_hash": PLAIN,
        "state": choice(RestoreState),
        "requested_by": PERSON,
        "reason": PLAIN,
        "requested_at": MOMENT,
        "expires_at": MOMENT,
        "approvals_needed": PLAIN,
        "decisions": DECISIONS,
        "started_at": optional(MOMENT),
        "finished_at": optional(MOMENT),
        "step": optional(STEP),
        "failure": optional(FAILURE),
        "owner": PLAIN,
        "revision": PLAIN,
    },
)


class Restores(Ledger[Restore]):
    """Every restore ever asked for."""

    noun = "restore"

    def __init__(self, file: CatalogFile) -> None:
        super().__init__(file, TABLE)

    def decide(self, key: str, decision: Decision, state_if_enough: RestoreState | None) -> Restore | None:
        """Add one person's decision to a waiting restore; move it on where the caller found that to be enough.

        Returns None where it waits no longer, or where this person has decided before.
        A state that ends it also sets `finished_at`.
        """
        with self._file.write() as db:
            row = self._row(db, key)
            if row is None or row["state"] not in WAITING:
                return None
            current = TABLE.value(row)
            if any(earlier.person.id == decision.person.id for earlier in current.decisions):
                return None
            changes: dict[str, object] = {"decisions": (*current.decisions, decision)}
            if state_if_enough is not None:
                changes["state"] = state_if_enough
                changes["finished_at"] = None if state_if_enough.open else decision.decided_at
            return self.move(key, WAITING, **changes)

    def report(self, key: str, step: Step) -> None:
        """Show how far an open restore is; one that has ended stays as it is."""
        self._report(key, OPEN, step)

    def waiting(self) -> tuple[Restore, ...]:
        """Return the restores that wait for a decision, the oldest first."""
        return tuple(restore for restore in self.open_ones() if restore.state is RestoreState.WAITING)

    def open_ones(self) -> tuple[Restore, ...]:
        """Return every restore that has not ended, the oldest first."""
        return self._select(f"where {OPEN_RESTORES} order by requested_at, id")

    def _source_of(self, record: Restore) -> str:
        return record.plan.source
