"""What is done with a backup now, and until when that keeps it where a time is known."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Use:
    """A use in words ("being downloaded"); it ends by itself at `until` (aware UTC), by what happens where None."""

    says: str
    until: datetime | None = None
