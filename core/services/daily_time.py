"""A time of day in the team's zone at which something is done once a day, late rather than not at all."""

from dataclasses import dataclass, field
from datetime import date, datetime, time

from core.catalog import Catalog
from core.model.wall_time import day_at, moment_of, zone_of


@dataclass(slots=True)
class DailyTime:
    """Says when it is time, for one `what`; from when it was first asked on, nothing is made up for before that.

    On each calendar day of the zone it is time once, whatever its clocks do. Whoever acts on it must be able to do so
    twice: who is killed in between is told again.
    """

    catalog: Catalog
    what: str
    at: time
    zone: str
    _done: date | None = field(default=None)
    _known_since: datetime | None = field(default=None)

    def due(self, now: datetime) -> date | None:
        """Return the day for which it is time now, None where it is not or was done."""
        zone, since = zone_of(self.zone), self._since(now)
        day = day_at(zone, now)
        if day == self._done or now < (begins := moment_of(zone, datetime.combine(day, self.at))):
            return None
        if begins <= since or (self.catalog.marks.get(self._mark) or "") == day.isoformat():
            self._done = day
            return None
        return day

    def done(self, day: date) -> None:
        """Note that it was done for a day; a part of the write in which it is."""
        self.catalog.marks.put(self._mark, day.isoformat())

    @property
    def _mark(self) -> str:
        return f"{self.what} done"

    def _since(self, now: datetime) -> datetime:
        """Return when it was first asked, by any process."""
        if self._known_since is None:
            name = f"{self.what} since"
            kept = self.catalog.marks.get(name)
            if kept is None:
                self.catalog.marks.put(name, now.isoformat())
            self._known_since = datetime.fromisoformat(kept) if kept else now
        # One from the future is the work of a clock that was ahead: not waited for.
        return min(self._known_since, now)
