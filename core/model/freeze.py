"""An incident freeze: until a date nothing of any source is let go, so that nothing is lost while people look."""

from dataclasses import dataclass
from datetime import datetime

from core.model.person import Person


@dataclass(frozen=True, slots=True)
class Freeze:
    """Who froze all retention, why, and until when. Times are aware UTC. `lifted_at` is set when it was ended early."""

    person: Person
    reason: str
    placed_at: datetime
    until: datetime
    lifted_at: datetime | None = None
    lifted_by: Person | None = None

    def holds(self, now: datetime) -> bool:
        """Say whether it is in force."""
        return self.lifted_at is None and now < self.until
