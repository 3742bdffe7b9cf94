"""A run that a schedule asked for: when it was due, what became of it, and what it made up for."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from core.model.backup import Tier
from core.model.schedule import MOST_COUNTED

MOST_COVERED = MOST_COUNTED - 1
"""The most that a run's `covers` says: it means so many or more."""


class ExpectedState(StrEnum):
    """DUE: no backup yet. BEGUN: its backup runs. RETRYING: it ended badly and is tried again. The rest are final."""

    DUE = "due"
    BEGUN = "begun"
    RETRYING = "retrying"
    DONE = "done"
    GIVEN_UP = "given-up"

    @property
    def open(self) -> bool:
        """Say whether something is still to come of it."""
        return self in {ExpectedState.DUE, ExpectedState.BEGUN, ExpectedState.RETRYING}


OPEN = frozenset(state for state in ExpectedState if state.open)


@dataclass(frozen=True, slots=True)
class ExpectedRun:
    """One due time of one source, recorded once whatever the clock does. Times are aware UTC.

    `day` is the calendar day in the schedule's zone. `covers` counts the earlier due times, from `covers_since` on,
    that nobody served and that this one makes up for: it is a catch-up then. `attempts` counts its backups so far.
    """

    source: str
    due_at: datetime
    day: date
    tiers: frozenset[Tier]
    state: ExpectedState
    noted_at: datetime
    backup_id: str = ""
    covers: int = 0
    covers_since: datetime | None = None
    attempts: int = 0
    retry_at: datetime | None = None
