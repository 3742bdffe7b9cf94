"""Schedules where clocks change: once a day, on that day, at the first instant of its time."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bench.torture_dst import ZONES, Torture, quarter_hours, transitions
from core.model.backup import Tier
from core.model.schedule import LONGEST_WINDOW, Cron, Schedule, Weekday, Weekly, occurrences

KNOWN = sorted(name for name in available_timezones() if "/" in name)


def due_on(zone: str, at: str, day: str, **options: int) -> str:
    """Return the wall time and offset at which a daily schedule is due for a day."""
    wall = time.fromisoformat(at)
    schedule = Schedule(zone, wall, weekly=None, monthly=None, **options)
    start = datetime.combine(date.fromisoformat(day), wall, UTC) - timedelta(days=3)
    dues = [due.at for due in islice(occurrences(schedule, "gods", start), 8) if str(due.day) == day]
    return ", ".join(due.astimezone(ZoneInfo(zone)).isoformat(" ", "minutes") for due in dues)


@pytest.mark.parametrize(
    ("zone", "at", "day", "expected"),
    [
        ("Europe/Berlin", "02:30", "2026-03-29", "2026-03-29 03:00+02:00"),
        ("Europe/Berlin", "03:00", "2026-03-29", "2026-03-29 03:00+02:00"),
        ("Europe/Berlin", "02:30", "2026-10-25", "2026-10-25 02:30+02:00"),
        ("America/Sao_Paulo", "00:00", "2018-11-04", "2018-11-04 01:00-02:00"),
        ("America/Sao_Paulo", "23:30", "2018-02-17", "2018-02-17 23:30-02:00"),
        ("Australia/Lord_Howe", "02:15", "2026-10-04", "2026-10-04 02:30+11:00"),
        ("Australia/Lord_Howe", "01:45", "2026-04-05", "2026-04-05 01:45+11:00"),
        ("Africa/Casablanca", "02:30", "2026-02-15", "2026-02-15 02:30+01:00"),
        ("Africa/Casablanca", "02:30", "2026-03-22", "2026-03-22 03:00+01:00"),
        ("Asia/Kathmandu", "03:00", "2026-03-29", "2026-03-29 03:00+05:45"),
        ("America/Nuuk", "23:30", "2026-03-28", "2026-03-28 22:59-02:00"),
        ("America/Nuuk", "00:00", "2026-03-29", "2026-03-29 00:00-01:00"),
        ("Pacific/Apia", "03:00", "2011-12-30", ""),
        ("Pacific/Apia", "03:00", "2011-12-31", "2011-12-31 03:00+14:00"),
    ],
)
def test_a_run_is_where_the_rule_says(zone: str, at: str, day: str, expected: str) -> None:
    """A skipped time runs right after the gap, a repeated one the first time, and never on another day."""
    assert due_on(zone, at, day) == expected


def test_a_weekly_run_of_a_day_that_does_not_exist_is_on_the_next() -> None:
    """Samoa had no Friday the 30th of December 2011; that week's backup is taken on Saturday."""
    schedule = Schedule("Pacific/Apia", daily=False, weekly=Weekly(Weekday.FRIDAY), monthly=None)
    dues = list(islice(occurrences(schedule, "gods", datetime(2011, 12, 20, tzinfo=UTC)), 3))
    assert [str(due.day) for due in dues] == ["2011-12-23", "2011-12-31", "2012-01-06"]


@pytest.mark.parametrize(
    ("schedule", "after"),
    [
        (Schedule("Pacific/Apia", daily=False, weekly=Weekly(Weekday.FRIDAY)), "2011-12-31 00:30"),
        (
            Schedule("Pacific/Apia", time(23, 59), daily=False, weekly=Weekly(Weekday.THURSDAY), window_seconds=7200),
            "2011-12-31 00:00",
        ),
        (
            Schedule("Pacific/Apia", time(23, 59), daily=False, weekly=Weekly(Weekday.FRIDAY), window_seconds=7200),
            "2012-01-01 00:00",
        ),
    ],
)
def test_a_run_that_was_put_off_is_still_due_on_the_day_it_was_put_off_to(schedule: Schedule, after: str) -> None:
    """Who asks on the day after the skipped day, or after midnight in a window, learns of the run still to come."""
    moment = datetime.fromisoformat(after).replace(tzinfo=ZoneInfo("Pacific/Apia"))
    (due, *_) = occurrences(replace(schedule, monthly=None), "gods", moment, moment + timedelta(days=1))
    assert due.at.astimezone(moment.tzinfo).date() == moment.date()


def test_tiers_that_a_gap_brings_together_are_one_due() -> None:
    """A daily at 02:15 and a weekly at 02:45 both run right after the gap: as one backup."""
    schedule = Schedule("Europe/Berlin", time(2, 15), weekly=Weekly(Weekday.SUNDAY, time(2, 45)), monthly=None)
    dues = list(
        occurrences(schedule, "gods", datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 29, 12, tzinfo=UTC))
    )
    assert [(due.at, due.tiers) for due in dues] == [
        (datetime(2026, 3, 29, 1, tzinfo=UTC), frozenset({Tier.DAILY, Tier.WEEKLY}))
    ]


def test_cron_neither_repeats_an_hour_nor_loses_what_a_gap_skips() -> None:
    """Every quarter hour in Berlin: the repeated hour has no second runs, the skipped hour one at its end."""
    schedule = Schedule("Europe/Berlin", daily=False, weekly=None, monthly=None, crons=(Cron("*/15 2 * * *"),))
    autumn = occurrences(schedule, "x", datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2026, 10, 25, 12, tzinfo=UTC))
    assert [f"{due.at:%H:%M}" for due in autumn] == ["00:00", "00:15", "00:30", "00:45"]
    again = datetime(2026, 10, 25, 1, 20, tzinfo=UTC)
    assert str(next(occurrences(schedule, "x", again)).day) == "2026-10-26"
    spring = occurrences(schedule, "x", datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 29, 12, tzinfo=UTC))
    assert [f"{due.at:%H:%M}" for due in spring] == ["01:00"]


def test_a_cron_run_of_a_day_that_does_not_exist_is_right_after_it() -> None:
    """What was to run on Samoa's 30th of December 2011 runs once when the 31st begins."""
    schedule = Schedule("Pacific/Apia", daily=False, weekly=None, monthly=None, crons=(Cron("0 3,9 30 * *"),))
    dues = list(islice(occurrences(schedule, "x", datetime(2011, 12, 1, tzinfo=UTC)), 2))
    assert [(str(due.day), due.at.hour) for due in dues] == [("2011-12-31", 10), ("2012-01-30", 13)]


@pytest.mark.parametrize("zone", [*ZONES, "Pacific/Apia", "America/St_Johns", "America/Nuuk"])
def test_around_changes_of_clocks_every_day_has_its_one_run(zone: str) -> None:
    """A short run of `bench.torture_dst`: some years, times all over the day, with and without window."""
    torture = Torture()
    changes = list(transitions(ZoneInfo(zone), 2010, 2011))
    assert changes or zone == "Asia/Kathmandu"
    for change in changes:
        torture.around(zone, change, quarter_hours(45), (0, 3 * 3600))
    torture.whole(zone, time(2, 30), 2010, 2011)
    assert torture.faults == []


@given(
    zone=st.sampled_from(KNOWN),
    at=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    window=st.just(0) | st.integers(0, LONGEST_WINDOW),
    start=st.datetimes(datetime(1970, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
@example("America/St_Johns", time(0, 0), 1800, datetime(1987, 10, 20, tzinfo=UTC))
@example("Pacific/Kwajalein", time(12, 0), 0, datetime(1993, 8, 18, tzinfo=UTC))
def test_every_zone_has_one_run_on_each_of_its_days(zone: str, at: time, window: int, start: datetime) -> None:
    """Whatever the zone, the time, the window and the year: no day of ten without its run, none with two."""
    schedule = Schedule(zone, at, weekly=None, monthly=None, window_seconds=window)
    place = ZoneInfo(zone)
    hours = [(start + timedelta(hours=hour)).astimezone(place).date() for hour in range(240)]
    days = sorted(set(hours))[1:-1]
    dues = list(occurrences(schedule, "gods", start - timedelta(days=2), start + timedelta(days=11)))
    assert [due.day for due in dues if due.day in days] == days
    assert [day for due in dues if (day := due.at.astimezone(place).date()) in days] == days
