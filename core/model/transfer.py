"""A download: who may take which archive until when, and whether they have."""

from dataclasses import dataclass
from datetime import datetime

from core.model.person import Person


@dataclass(frozen=True, slots=True)
class Download:
    """A permission to take one archive once. The signed link itself is never stored.

    `id` is random and public; `completed_at` is set when the last byte was sent. Times are aware UTC.
    """

    id: str
    backup_id: str
    requested_by: Person
    issued_at: datetime
    expires_at: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None
