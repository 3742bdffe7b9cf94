"""From the wall time of a zone to the instant: what a clock that skips and repeats hours means by it."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)


@cache
def zone_of(name: str) -> ZoneInfo:
    """Return the zone of a name that was checked before; zoneinfo itself remembers only a few.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: this machine doesn't know it.

    """
    return ZoneInfo(name)


def day_at(zone: ZoneInfo, moment: datetime) -> date:
    """Return the calendar day of the zone at an aware moment."""
    return moment.astimezone(zone).date()


def moment_of(zone: ZoneInfo, wall: datetime) -> datetime:
    """Return the instant, in UTC, of a wall time (naive) of the zone.

    A time that the clock shows twice means the first time. One that it skips means the first instant after the gap;
    where that is on the next day already, the last minute before the gap: a run of a day never leaves its day. Of a
    day that doesn't exist at all it is the first instant after it.
    """
    if not _skipped(zone, wall):
        return _first(zone, wall)
    end = _end_of_gap(zone, wall)
    left = day_at(zone, end) != wall.date()
    return end - _MINUTE if left and real_day(zone, wall.date()) == wall.date() else end


def real_day(zone: ZoneInfo, day: date) -> date:
    """Return the day, or the next one where the zone has no such day (Pacific/Apia had no 30 December 2011)."""
    midnight = datetime.combine(day, time.min)
    return day_at(zone, _end_of_gap(zone, midnight)) if _skipped(zone, midnight) else day


def _skipped(zone: ZoneInfo, wall: datetime) -> bool:
    # PEP 495: in a gap the offset of fold 0 is the one before it, that of fold 1 the one after it, which is larger.
    return _offset(zone, wall.replace(fold=1)) > _offset(zone, wall.replace(fold=0))


def _first(zone: ZoneInfo, wall: datetime) -> datetime:
    return (wall - _offset(zone, wall.replace(fold=0))).replace(tzinfo=UTC, fold=0)


def _end_of_gap(zone: ZoneInfo, wall: datetime) -> datetime:
    """Return the instant of the jump over a skipped wall time: between what the two offsets say, to the second."""
    before = (wall - _offset(zone, wall.replace(fold=1))).replace(tzinfo=UTC, fold=0)
    after = _first(zone, wall)
    low, high = 0, int((after - before) / _SECOND)
    while high - low > 1:
        middle = (low + high) // 2
        if (before + middle * _SECOND).astimezone(zone).replace(tzinfo=None) < wall:
            low = middle
        else:
            high = middle
    return before + high * _SECOND


def _offset(zone: ZoneInfo, wall: datetime) -> timedelta:
    return zone.utcoffset(wall) or timedelta()
