"""A schedule that somebody set by Slack or at the command line, over what the configuration says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.model.person import Person


@dataclass(frozen=True, slots=True)
class ScheduleChange:
    """The newest change of a source's schedule. `fields` None: as the configuration says again."""

    source: str
    fields: Mapping[str, Any] | None
    changed_by: Person
    changed_at: datetime
    revision: int = 0
