"""A hold: a person's order to keep a backup, whatever the policy says."""

from dataclasses import dataclass
from datetime import datetime

from core.model.person import Person


@dataclass(frozen=True, slots=True)
class Hold:
    """Who wants a backup kept, why, and until when; `until` None: until somebody releases it. Times are aware UTC."""

    person: Person
    reason: str
    placed_at: datetime
    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Say whether it is in force."""
        return self.until is None or now < self.until

    def is_anothers(self, person: Person, now: datetime) -> bool:
        """Say whether it is in force and somebody else's than this person's."""
        return self.holds(now) and self.person.id != person.id
