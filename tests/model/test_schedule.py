"""When backups are due: tiers on one backup, short months, windows, cron."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model.backup import Tier
from core.model.schedule import (
    LONGEST_WINDOW,
    MOST_COUNTED,
    Cron,
    Due,
    Monthly,
    Schedule,
    Weekday,
    Weekly,
    backlog,
    jitter,
    next_after,
    occurrences,
)

DAILY, WEEKLY, MONTHLY = frozenset({Tier.DAILY}), frozenset({Tier.WEEKLY}), frozenset({Tier.MONTHLY})
MAY = datetime(2026, 5, 1, tzinfo=UTC)
OFF = Schedule(daily=False, weekly=None, monthly=None)


def first(schedule: Schedule, number: int, after: datetime = MAY) -> list[Due]:
    """Return the first dues after a moment."""
    return list(islice(occurrences(schedule, "gods", after), number))


def test_with_nothing_configured_weekly_and_monthly_are_tiers_on_a_daily_backup() -> None:
    """Three months have as many backups as days; Sundays carry weekly, the 1st carries monthly."""
    dues = list(occurrences(Schedule(), "gods", MAY, datetime(2026, 8, 1, tzinfo=UTC)))
    assert [due.day for due in dues] == [date(2026, 5, 1) + timedelta(days=day) for day in range(92)]
    for due in dues:
        assert due.at == datetime.combine(due.day, time(3), UTC)
        carried = DAILY | (WEEKLY if due.day.isoweekday() == 7 else set()) | (MONTHLY if due.day.day == 1 else set())
        assert due.tiers == carried
        assert due.start_by is None


def test_what_falls_on_one_instant_is_one_due() -> None:
    """The 1st of February 2026 is a Sunday: one backup with all three tiers."""
    due = next_after(Schedule(), "gods", datetime(2026, 1, 31, 12, tzinfo=UTC))
    assert due == Due(datetime(2026, 2, 1, 3, tzinfo=UTC), DAILY | WEEKLY | MONTHLY, date(2026, 2, 1))


def test_what_was_due_is_not_due_again() -> None:
    """The instant itself is over, the microsecond before it isn't."""
    at = datetime(2026, 5, 1, 3, tzinfo=UTC)
    assert first(Schedule(), 1, at)[0].at == at + timedelta(days=1)
    assert first(Schedule(), 1, at - timedelta(microseconds=1))[0].at == at


def test_a_tier_with_its_own_time_is_a_backup_of_its_own() -> None:
    """Who asks for Sundays at 05:00 gets two backups on Sundays."""
    schedule = Schedule(weekly=Weekly(Weekday.SUNDAY, time(5)), monthly=None)
    assert [(due.at.day, due.at.hour, due.tiers) for due in first(schedule, 4, MAY + timedelta(days=1))] == [
        (2, 3, DAILY),
        (3, 3, DAILY),
        (3, 5, WEEKLY),
        (4, 3, DAILY),
    ]


def test_without_daily_the_other_tiers_are_due_by_themselves() -> None:
    """Weekly and monthly stay at the schedule's time, on their days only."""
    dues = first(Schedule(daily=False, at=time(4), weekly=Weekly(Weekday.MONDAY)), 6)
    assert [(due.at.month, due.at.day, due.tiers) for due in dues] == [
        (5, 1, MONTHLY),
        (5, 4, WEEKLY),
        (5, 11, WEEKLY),
        (5, 18, WEEKLY),
        (5, 25, WEEKLY),
        (6, 1, WEEKLY | MONTHLY),
    ]
    assert {due.at.hour for due in dues} == {4}


def test_nothing_is_due_where_all_is_off() -> None:
    """A source that is backed up on demand only has no next run."""
    assert next_after(OFF, "gods", MAY) is None
    assert list(occurrences(OFF, "gods", MAY)) == []
    assert not OFF.on


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (28, [28, 28, 28, 28, 28]),
        (29, [29, 28, 29, 29, 29]),
        (31, [31, 28, 31, 30, 31]),
        ("last", [31, 28, 31, 30, 31]),
    ],
)
def test_a_month_that_is_too_short_has_its_run_on_its_last_day(day: int, expected: list[int]) -> None:
    """Each month has one run, whatever its length."""
    schedule = Schedule(daily=False, weekly=None, monthly=Monthly(day))
    dues = first(schedule, 5, datetime(2026, 1, 1, tzinfo=UTC))
    assert [due.at.month for due in dues] == [1, 2, 3, 4, 5]
    assert [due.at.day for due in dues] == expected
    assert first(Schedule(daily=False, weekly=None, monthly=Monthly(29)), 1, datetime(2028, 2, 1, tzinfo=UTC))[
        0
    ].day == date(2028, 2, 29)


def test_a_source_starts_at_the_same_place_in_its_window_each_day() -> None:
    """The distance of two runs stays a day; the end of the window is told."""
    schedule = Schedule(window_seconds=1800)
    dues = first(schedule, 5)
    late = timedelta(seconds=jitter("gods", 1800))
    assert timedelta(0) < late < timedelta(minutes=30)
    for due in dues:
        opened = datetime.combine(due.day, time(3), UTC)
        assert (due.at, due.start_by) == (opened + late, opened + timedelta(minutes=30))


def test_sources_are_spread_evenly_over_the_window() -> None:
    """A thousand sources with a window of an hour leave no ten minutes crowded or empty."""
    slots = [jitter(f"source-{number}", 3600) // 600 for number in range(1000)]
    assert all(120 < slots.count(slot) < 220 for slot in range(6))


def test_a_window_over_midnight_belongs_to_the_day_it_opened_on() -> None:
    """The weekly backup of Sunday night is that of Sunday, though it runs on Monday."""
    schedule = Schedule(at=time(23, 59), daily=False, monthly=None, window_seconds=4 * 3600)
    (due,) = first(schedule, 1)
    assert (due.day, due.at.date()) == (date(2026, 5, 3), date(2026, 5, 4))
    assert first(schedule, 1, due.at)[0].day == date(2026, 5, 10)


def test_cron_expressions_are_due_for_their_tiers() -> None:
    """Expressions stand beside the tiers; what coincides is one due with the tiers of both."""
    crons = (Cron("0 */12 * * *"), Cron("0 12 * * FRI", WEEKLY))
    dues = first(Schedule(daily=False, weekly=None, crons=crons), 4, MAY)
    assert [(due.at.hour, due.tiers) for due in dues] == [
        (3, MONTHLY),
        (12, DAILY | WEEKLY),
        (0, DAILY),
        (12, DAILY),
    ]


def test_a_cron_expression_that_never_matches_is_never_due() -> None:
    """What can't come isn't waited for."""
    first_and_fifth_monday = Cron("0 0 */31 * MON#5")
    schedule = Schedule(daily=False, weekly=None, monthly=None, crons=(first_and_fifth_monday,))
    assert next_after(schedule, "gods", MAY) is None


def test_a_cron_expression_keeps_to_the_window() -> None:
    """The window counts for every rule."""
    schedule = Schedule(daily=False, weekly=None, monthly=None, crons=(Cron("0 3 * * *"),), window_seconds=3600)
    late = timedelta(seconds=jitter("gods", 3600))
    for due, day in zip(first(schedule, 3), (1, 2, 3), strict=True):
        opened = datetime(2026, 5, day, 3, tzinfo=UTC)
        assert (due.at, due.day, due.start_by) == (opened + late, opened.date(), opened + timedelta(hours=1))


def test_what_was_missed_is_told_in_its_order() -> None:
    """After a downtime every due time of it counts, the present one included, a future one not."""
    since, now = datetime(2026, 5, 1, 3, tzinfo=UTC), datetime(2026, 5, 4, 3, tzinfo=UTC)
    missed = backlog(Schedule(), "gods", since, now)
    assert missed is not None
    assert (missed.count, missed.first_at, missed.newest.at) == (3, since + timedelta(days=1), now)
    assert missed.tiers == {Tier.DAILY, Tier.WEEKLY}, "the third is a Sunday"
    assert backlog(Schedule(), "gods", now, since) is None


@pytest.mark.parametrize("expression", ["* * * * *", "* * * 1 *", "*/2 0-6 * * *"])
@pytest.mark.parametrize("zone", ["UTC", "Australia/Lord_Howe"])
def test_years_of_minutes_are_not_counted(expression: str, zone: str) -> None:
    """Of very many missed runs only the newest is looked for, and that there were so many or more is said."""
    rare = Cron("30 4 29 2 *", MONTHLY)
    schedule = Schedule(zone, daily=False, weekly=None, monthly=None, crons=(Cron(expression), rare))
    since, now = datetime(2006, 5, 1, 3, tzinfo=UTC), datetime(2026, 5, 20, 17, 31, 12, tzinfo=UTC)
    missed = backlog(schedule, "gods", since, now)
    assert missed is not None
    assert (missed.count, missed.tiers) == (MOST_COUNTED, {Tier.DAILY, Tier.MONTHLY})
    after = next_after(schedule, "gods", missed.newest.at)
    assert missed.newest.at <= now
    assert after is not None
    assert after.at > now


MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))
OWN_TIMES = st.none() | TIMES
SCHEDULES = st.builds(
    Schedule,
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "America/Nuuk"]),
    at=TIMES,
    daily=st.booleans(),
    weekly=st.none() | st.builds(Weekly, st.sampled_from(Weekday), OWN_TIMES),
    monthly=st.none() | st.builds(Monthly, st.integers(1, 31) | st.just("last"), OWN_TIMES),
    crons=st.sampled_from([(), (Cron("*/20 1-3 * * *"),), (Cron("30 23 L * *", MONTHLY), Cron("0 0 * * 1#2", WEEKLY))]),
    window_seconds=st.just(0) | st.integers(0, LONGEST_WINDOW),
)


@given(schedule=SCHEDULES, moment=MOMENTS, hours=st.integers(0, 300))
def test_a_backlog_is_what_walking_through_it_finds(schedule: Schedule, moment: datetime, hours: int) -> None:
    """The first, the newest, the tiers and the count are those of all its dues."""
    now = moment + timedelta(hours=hours)
    dues = list(occurrences(schedule, "gods", moment, now))
    missed = backlog(schedule, "gods", moment, now)
    if missed is None:
        assert dues == []
        return
    tiers = frozenset[Tier]().union(*(due.tiers for due in dues))
    assert (missed.first_at, missed.newest, missed.tiers) == (dues[0].at, dues[-1], tiers)
    assert missed.count == min(len(dues), MOST_COUNTED)


@given(schedule=SCHEDULES, moment=MOMENTS)
def test_dues_only_ever_go_forward(schedule: Schedule, moment: datetime) -> None:
    """Asked again from what it answered, it never repeats itself and leaves nothing out that it would say later."""
    dues = first(schedule, 40, moment)
    assert all(early.at < late.at for early, late in pairwise(dues))
    for early, late in pairwise([Due(moment, DAILY, moment.date()), *dues]):
        middle = early.at + (late.at - early.at) / 2
        assert next_after(schedule, "gods", middle) == late
