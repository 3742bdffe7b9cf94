"""The evening post: what will be deleted until the next evening, told while people can still keep it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.catalog import Catalog
from core.model.backup import Tier
from core.model.notice import Notice, NoticeKind
from core.services.daily_time import DailyTime
from core.services.retention import Leaving

BACKUPS = 20
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class EveningPost:
    """A duty: once a day, at its time in the team's zone; nothing is told where nothing goes.

    `leaving` yields what will be deleted until a time.
    """

    catalog: Catalog
    daily: DailyTime
    leaving: Callable[[datetime], Iterable[Leaving]]

    def __call__(self, now: datetime) -> None:
        """Tell it if it is time."""
        day = self.daily.due(now)
        if day is None:
            return
        going = sorted(self.leaving(now + DAY), key=lambda one: (one.at, one.backup.id))
        key = day.isoformat()
        with self.catalog.write():
            if going:
                self.catalog.notices.tell(Notice(NoticeKind.EXPIRING, "", key, now, facts(going)))
            self.daily.done(day)


def facts(going: list[Leaving]) -> dict[str, Any]:
    """Return what it says of at least one backup: at most twenty, the soonest first, the rest counted."""
    return {
        "prune_at": going[0].at.isoformat(),
        "backups": [
            {
                "id": one.backup.id,
                "source": one.backup.source,
                "taken_at": one.backup.taken_at.isoformat(),
                "size": one.backup.size,
                "tiers": [tier.value for tier in Tier if tier in one.backup.tiers],
                "note": one.backup.note,
                "known_as": one.backup.known_as,
                "why": one.why,
            }
            for one in going[:BACKUPS]
        ],
        "more": max(0, len(going) - BACKUPS),
        "bytes": sum(one.backup.size for one in going),
    }
