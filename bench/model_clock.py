"""The clock of the model."""

from dataclasses import dataclass
from datetime import datetime


@dataclass
class SetClock:
    """A clock that is set. `seconds` are those that really passed."""

    moment: datetime
    seconds: float = 0.0

    def now(self) -> datetime:
        """Return the set time."""
        return self.moment

    def monotonic(self) -> float:
        """Return the seconds that passed."""
        return self.seconds
