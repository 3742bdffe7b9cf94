"""Check schedules at every quarter hour against a plain clock, over every change of clocks of some zones.

Usage: python -m bench.torture_dst [--zones NAME ...] [--from 2000] [--until 2040] [--step 15]. Of the zones named (six
by default; "all" for every one there is) it finds each change of the offset by scanning, and looks at the days around
it: a daily schedule has to run once on each calendar day that the zone has, on that day, at the first instant of its
time or else right after the gap. Then it counts the days and runs of the whole time. Ends with 1 at a single fault.
"""

import argparse
import sys
import time as stopwatch
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

from core.model.schedule import Schedule, occurrences

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
)
WINDOWS = (0, 1800, 3 * 3600)
AROUND = timedelta(days=3)
MINUTE = timedelta(minutes=1)


def transitions(zone: ZoneInfo, first: int, last: int) -> Iterator[datetime]:
    """Yield every instant at which the zone's offset changes, by looking every six hours, then closer."""
    moment, end, step = datetime(first, 1, 1, tzinfo=UTC), datetime(last + 1, 1, 1, tzinfo=UTC), timedelta(hours=6)
    while moment < end:
        if offset(zone, moment) != offset(zone, moment + step):
            low, high = moment, moment + step
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                low, high = (middle, high) if offset(zone, middle) == offset(zone, low) else (low, middle)
            yield high.replace(microsecond=0)
        moment += step


def offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


@dataclass
class Clock:
    """What a clock on the wall shows in each minute of some days: the truth that runs are compared with."""

    zone: ZoneInfo
    start: datetime
    end: datetime

    @cached_property
    def first_shown(self) -> dict[datetime, datetime]:
        """Return the first instant of each wall time that is shown."""
        shown: dict[datetime, datetime] = {}
        for minute in range(int((self.end - self.start) / MINUTE)):
            moment = self.start + minute * MINUTE
            shown.setdefault(moment.astimezone(self.zone).replace(tzinfo=None, fold=0), moment)
        return shown

    @cached_property
    def days(self) -> list[date]:
        """Return the days that are there as a whole, in their order: the first and the last one may be cut."""
        return sorted({wall.date() for wall in self.first_shown})[1:-1]

    def right(self, day: date, at: time) -> datetime:
        """Return when a run of a day has to start: its time, else the first after it, else the last before."""
        wall = datetime.combine(day, at)
        if wall in self.first_shown:
            return self.first_shown[wall]
        of_day = sorted(other for other in self.first_shown if other.date() == day)
        return self.first_shown[next((other for other in of_day if other > wall), of_day[-1])]


@dataclass
class Torture:
    """Counts what was looked at, and holds the faults."""

    counted: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def around(self, zone: str, change: datetime, times: Iterable[time], windows: Iterable[int] = WINDOWS) -> None:
        """Check every schedule on the days around one change of clocks."""
        clock = Clock(ZoneInfo(zone), change - AROUND, change + AROUND)
        for at in times:
            for window in windows:
                self._schedule(zone, clock, Schedule(zone, at, weekly=None, monthly=None, window_seconds=window))

    def _schedule(self, zone: str, clock: Clock, schedule: Schedule) -> None:
        start, end = clock.start - AROUND, clock.end + AROUND
        source = f"{zone}-{schedule.at}"
        dues = list(occurrences(schedule, source, start, end))
        label = f"{zone} {schedule.at:%H:%M} window {schedule.window_seconds} near {clock.start + AROUND}"
        self.counted["schedules"] += 1
        if any(late.at <= early.at for early, late in pairwise(dues)):
            self.faults.append(f"{label}: out of order")
        midnight = datetime.combine(clock.days[0], schedule.at) + timedelta(seconds=schedule.window_seconds)
        within_day = midnight.date() == clock.days[0]
        for day in clock.days:
            self.counted["days"] += 1
            runs = [due.at for due in dues if due.day == day]
            on_day = [due.at for due in dues if due.at.astimezone(clock.zone).date() == day]
            if len(runs) != 1 or len(on_day) != 1:
                self.faults.append(f"{label}: {len(runs)} runs of {day}, {len(on_day)} on it")
            elif within_day and runs != on_day:
                self.faults.append(f"{label}: the run of {day} is on another day")
            elif not schedule.window_seconds and runs[0] != clock.right(day, schedule.at):
                self.faults.append(f"{label}: {day} runs at {runs[0]}, not {clock.right(day, schedule.at)}")

    def whole(self, zone: str, at: time, first: int, last: int) -> None:
        """Check each day from the first to the last year: one run on each that the zone has."""
        place = ZoneInfo(zone)
        start, end = datetime(first, 1, 1, tzinfo=place), datetime(last + 1, 1, 1, tzinfo=place)
        moment, days = start + timedelta(hours=12), set[date]()
        while moment < end:
            days.add(moment.astimezone(UTC).astimezone(place).date())
            moment += timedelta(hours=24)
        schedule = Schedule(zone, at, weekly=None, monthly=None)
        second = timedelta(seconds=1)
        dues = occurrences(schedule, "whole", start.astimezone(UTC) - second, end.astimezone(UTC) - second)
        ran = Counter(due.at.astimezone(place).date() for due in dues)
        self.counted["whole days"] += len(days)
        self.counted["runs"] += sum(ran.values())
        if ran.keys() - days or days - ran.keys() or set(ran.values()) != {1}:
            wrong = [str(day) for day in days | ran.keys() if ran[day] != 1]
            self.faults.append(f"{zone} {at:%H:%M}: not once on {', '.join(wrong)}")


def quarter_hours(step: int = 15) -> list[time]:
    """Return the times of a day, `step` minutes apart."""
    return [time(minute // 60, minute % 60) for minute in range(0, 1440, step)]


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--zones", nargs="+", default=ZONES)
    parser.add_argument("--from", type=int, default=2000, dest="first")
    parser.add_argument("--until", type=int, default=2040)
    parser.add_argument("--step", type=int, default=15, help="minutes between the times that are tried")
    parser.add_argument("--only-changes", action="store_true", help="leave out the count over all days")
    arguments = parser.parse_args()
    zones = sorted(available_timezones()) if "all" in arguments.zones else arguments.zones
    times, torture, began = quarter_hours(arguments.step), Torture(), stopwatch.monotonic()
    for zone in zones:
        changes = list(transitions(ZoneInfo(zone), arguments.first, arguments.until))
        for change in changes:
            torture.around(zone, change, times)
        for at in () if arguments.only_changes else times:
            torture.whole(zone, at, arguments.first, arguments.until)
        torture.counted["changes"] += len(changes)
        print(f"{zone}: {len(changes)} changes of clocks, {len(torture.faults)} faults so far", flush=True)
    counted = torture.counted
    print(f"{len(zones)} zones, {counted['changes']} changes of clocks from {arguments.first} to {arguments.until}")
    print(f"{len(times)} times of day x {len(WINDOWS)} windows: {counted['schedules']} schedules around them")
    print(f"{counted['days']} days checked around changes")
    print(f"{counted['runs']} runs on {counted['whole days']} days over the whole time")
    print(f"{len(torture.faults)} faults in {stopwatch.monotonic() - began:.0f} s", *torture.faults[:20], sep="\n")
    sys.exit(bool(torture.faults))


if __name__ == "__main__":
    main()
