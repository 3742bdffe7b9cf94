"""When backups of a source are due: rules in wall time and a zone, and the instants that follow from them."""

import hashlib
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum
from itertools import islice, takewhile
from typing import Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim

from core.model.backup import Tier
from core.model.wall_time import day_at, moment_of, real_day, zone_of

DEFAULT_AT = time(3)
LONGEST_WINDOW = 23 * 3600
"""In seconds. Less than the shortest day, so that the runs of two days never pass one another."""
MOST_COUNTED = 1001
"""How many missed runs are counted; one takes 28 microseconds, and a year has half a million minutes."""

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_HASHED = 1 << 64


class Weekday(IntEnum):
    """The days of a week, counted as Python does."""

    MONDAY = 0
    TUESDAY = 1
    WEDNESDAY = 2
    THURSDAY = 3
    FRIDAY = 4
    SATURDAY = 5
    SUNDAY = 6


@dataclass(frozen=True, slots=True)
class Weekly:
    """On one day of the week. `at` None: at the schedule's time, and so on the daily backup of that day."""

    weekday: Weekday = Weekday.SUNDAY
    at: time | None = None

    def on_or_after(self, day: date) -> date:
        """Return the first such day that is not before `day`."""
        return day + (self.weekday - day.weekday()) % 7 * _DAY


@dataclass(frozen=True, slots=True)
class Monthly:
    """On one day of the month, 1 to 31; of a month that has no such day, on its last. `at` as in `Weekly`."""

    day: int | Literal["last"] = 1
    at: time | None = None

    def on_or_after(self, day: date) -> date:
        """Return the first such day that is not before `day`."""
        found = self._of(day)
        return found if found >= day else self._of(day.replace(day=1) + 31 * _DAY)

    def _of(self, month: date) -> date:
        length = monthrange(month.year, month.month)[1]
        return month.replace(day=length if self.day == "last" else min(self.day, length))


@dataclass(frozen=True, slots=True)
class Cron:
    """At the wall times of a cron expression of five fields, already checked."""

    expression: str
    tiers: frozenset[Tier] = frozenset({Tier.DAILY})


@dataclass(frozen=True, slots=True)
class Schedule:
    """When backups of one source are due, by tier, in the wall time of one IANA zone.

    `at` is the time of the daily backup and of every tier without a time of its own. With a window a run starts at
    its time or later, at most `window_seconds`: how much later is settled by the source's name.
    """

    zone: str = "UTC"
    at: time = DEFAULT_AT
    daily: bool = True
    weekly: Weekly | None = Weekly()
    monthly: Monthly | None = Monthly()
    crons: tuple[Cron, ...] = ()
    window_seconds: int = 0

    @property
    def on(self) -> bool:
        """Say whether anything is ever due by it."""
        return bool(self.daily or self.weekly or self.monthly or self.crons)

    @property
    def tiers(self) -> frozenset[Tier]:
        """Return the tiers that backups are taken of by it."""
        named = {Tier.DAILY: self.daily, Tier.WEEKLY: self.weekly, Tier.MONTHLY: self.monthly}
        return frozenset(tier for tier, rule in named.items() if rule).union(*(cron.tiers for cron in self.crons))


DEFAULT = Schedule()
"""What holds with nothing configured: a backup each day, with weekly and monthly as tiers on one of them."""


@dataclass(frozen=True, slots=True)
class Due:
    """One backup that is due: when (aware UTC), for which tiers, and the calendar day in the schedule's zone.

    With a window that passes midnight, `day` is the one on which it opened. `start_by` is the end of the window,
    None without one: a run that starts later is late.
    """

    at: datetime
    tiers: frozenset[Tier]
    day: date
    start_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """What was due in a time: the newest due, when the first one was, the tiers of all, and how many they were.

    `count` goes up to MOST_COUNTED, which means so many or more.
    """

    newest: Due
    first_at: datetime
    tiers: frozenset[Tier]
    count: int


def jitter(source: str, window_seconds: int) -> int:
    """Return how many seconds into its window a source starts: always the same, sources spread evenly.

    Only the name counts, not the day: the distance of two runs stays a day, whatever the window.
    """
    return int.from_bytes(hashlib.sha256(source.encode()).digest()[:8]) * window_seconds // _HASHED


def next_after(schedule: Schedule, source: str, after: datetime) -> Due | None:
    """Return what is due next after an aware moment, None where the schedule is off.

    A daily schedule is due exactly once on each calendar day of its zone, whatever the clocks do there; tiers that
    are due at the same instant are one due. The cost does not depend on how far away anything is.
    """
    found = list(_each(schedule, source, after))
    if not found:
        return None
    at = min(due.at for due in found)
    together = [due for due in found if due.at == at]
    tiers = frozenset[Tier]().union(*(due.tiers for due in together))
    start_by = max(due.start_by or at for due in together) if schedule.window_seconds else None
    return Due(at, tiers, min(due.day for due in together), start_by)


def occurrences(schedule: Schedule, source: str, start: datetime, end: datetime | None = None) -> Iterator[Due]:
    """Yield everything that is due after `start`, up to and including `end`, in its order; without an end for ever."""
    dues = _for_ever(schedule, source, start)
    return takewhile(lambda due: due.at <= end, dues) if end is not None else dues


def upcoming(schedule: Schedule, source: str, after: datetime, count: int) -> tuple[Due, ...]:
    """Return the next dues, and of each tier that is not among them the next one, in their order."""
    found = list(islice(occurrences(schedule, source, after), count))
    for alone in sorted(_each(schedule, source, after), key=lambda due: due.at):
        if not alone.tiers <= frozenset[Tier]().union(*(due.tiers for due in found)):
            found += islice(occurrences(schedule, source, alone.at - _SECOND), 1)
    return tuple(found)


def backlog(schedule: Schedule, source: str, since: datetime, now: datetime) -> Backlog | None:
    """Return what was due after `since` and is not in the future, None where nothing was. The cost is bounded."""
    counted = list(islice(occurrences(schedule, source, since, now), MOST_COUNTED))
    if not counted:
        return None
    # What a rule is first due for, it is due for each time: no run has to be seen for its tiers.
    tiers = frozenset[Tier]().union(*(due.tiers for due in _each(schedule, source, since) if due.at <= now))
    newest = counted[-1] if len(counted) < MOST_COUNTED else _newest(schedule, source, counted[-1], now)
    return Backlog(newest, counted[0].at, tiers, len(counted))


def _newest(schedule: Schedule, source: str, known: Due, now: datetime) -> Due:
    """Return the newest due up to now, found by halving the time that is left: 31 looks for 50 years."""
    newest, nothing_after = known, now
    while nothing_after - newest.at > _SECOND:
        middle = newest.at + (nothing_after - newest.at) / 2
        due = next_after(schedule, source, middle)
        if due is None or due.at > now:
            nothing_after = middle
        else:
            newest = due
    return newest


def _for_ever(schedule: Schedule, source: str, start: datetime) -> Iterator[Due]:
    due = next_after(schedule, source, start)
    while due:
        yield due
        due = next_after(schedule, source, due.at)


def _each(schedule: Schedule, source: str, after: datetime) -> Iterator[Due]:
    """Yield what each rule alone is due for next."""
    planner = _Planner(zone_of(schedule.zone), schedule.window_seconds, jitter(source, schedule.window_seconds))
    after = after.astimezone(UTC)
    if schedule.daily:
        yield planner.by_days(Tier.DAILY, lambda day: day, schedule.at, after)
    if weekly := schedule.weekly:
        yield planner.by_days(Tier.WEEKLY, weekly.on_or_after, weekly.at or schedule.at, after)
    if monthly := schedule.monthly:
        yield planner.by_days(Tier.MONTHLY, monthly.on_or_after, monthly.at or schedule.at, after)
    for cron in schedule.crons:
        if due := planner.by_cron(cron, after):
            yield due


@dataclass(frozen=True, slots=True)
class _Planner:
    """Turns the days and wall times of rules into instants of one zone, each as far into its window as the source."""

    zone: ZoneInfo
    window_seconds: int
    seconds: int

    def by_days(self, tier: Tier, on_or_after: Callable[[date], date], at: time, after: datetime) -> Due:
        """Return the first due after a moment, of a rule that names days."""
        # A day that doesn't exist is due a day later, a run in a window over midnight a day after its own.
        day = on_or_after(day_at(self.zone, after) - (2 if self.seconds else 1) * _DAY)
        while True:
            real = real_day(self.zone, day)
            opened = moment_of(self.zone, datetime.combine(real, at))
            due = self._within_day(opened, real, at)
            if due > after:
                return Due(due, frozenset({tier}), real, self._start_by(opened, due))
            day = on_or_after(day + _DAY)

    def by_cron(self, cron: Cron, after: datetime) -> Due | None:
        """Return the first due after a moment, of a cron expression; None where there is none in 50 years."""
        late = timedelta(seconds=self.seconds)
        # Without a zone: cronsim's own treatment of gaps and overlaps repeats runs of ranges like "*/15".
        for wall in CronSim(cron.expression, (after - late).astimezone(self.zone).replace(tzinfo=None, fold=0)):
            opened = moment_of(self.zone, wall)
            if opened + late > after:
                start_by = self._start_by(opened, opened + late)
                return Due(opened + late, cron.tiers, day_at(self.zone, opened), start_by)
        return None

    def _within_day(self, opened: datetime, day: date, at: time) -> datetime:
        """Return the instant in the window, on the day that it falls on without any change of clocks."""
        if not self.seconds:
            return opened
        wall = datetime.combine(day, at) + timedelta(seconds=self.seconds)
        meant = day if wall.date() == day else real_day(self.zone, day + _DAY)
        due = opened + timedelta(seconds=self.seconds)
        return due if day_at(self.zone, due) == meant else moment_of(self.zone, datetime.combine(meant, wall.time()))

    def _start_by(self, opened: datetime, due: datetime) -> datetime | None:
        return max(due, opened + timedelta(seconds=self.window_seconds)) if self.window_seconds else None
