"""Schedules in words: fields that are stored, texts that are typed, sentences that are said."""

import json
from dataclasses import replace
from datetime import UTC, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UsageError
from core.model.backup import Tier
from core.model.schedule import LONGEST_WINDOW, Cron, Monthly, Schedule, Weekday, Weekly, upcoming
from core.model.schedule_told import (
    describe,
    ended_warning,
    goal_warning,
    often_warning,
    skipped_warning,
    stopped_warning,
    window_warning,
)
from core.model.schedule_typed import parse_schedule
from core.model.schedule_words import OFF, from_fields, to_fields

BASE = Schedule("Europe/Berlin", time(2), window_seconds=1800)
SIX = Cron("0 */6 * * *")
MAY = datetime(2026, 5, 1, tzinfo=UTC)

SAID = {
    Schedule("Europe/Berlin"): "daily 03:00, weekly on Sundays, monthly on the 1st, Europe/Berlin",
    Schedule(daily=False): "weekly on Sundays 03:00, monthly on the 1st 03:00, UTC",
    Schedule(weekly=Weekly(Weekday.MONDAY, time(5)), monthly=Monthly("last", time(3))): (
        "daily 03:00, weekly on Mondays 05:00, monthly on the last day, UTC"
    ),
    Schedule(weekly=None, monthly=Monthly(31)): (
        "daily 03:00, monthly on the 31st (in shorter months on their last day), UTC"
    ),
    Schedule(weekly=None, monthly=Monthly(30, time(4))): (
        "daily 03:00, monthly on the 30th 04:00 (in shorter months on their last day), UTC"
    ),
    Schedule(weekly=None, monthly=Monthly(22), window_seconds=5400): (
        "daily 03:00, monthly on the 22nd, started within 90m, UTC"
    ),
    Schedule(weekly=None, monthly=Monthly(11), window_seconds=90): (
        "daily 03:00, monthly on the 11th, started within 90s, UTC"
    ),
    replace(OFF, crons=(Cron("0 4 * * 1", frozenset({Tier.WEEKLY, Tier.DAILY})),)): (
        "daily and weekly by cron 0 4 * * 1, UTC"
    ),
    OFF: "nothing by itself, on demand only",
}


@pytest.mark.parametrize(("schedule", "said"), SAID.items(), ids=SAID.values())
def test_a_schedule_is_said_in_words(schedule: Schedule, said: str) -> None:
    """People read what will happen, short months included, before they save it."""
    assert describe(schedule) == said


TYPED = {
    "daily 04:00": replace(BASE, at=time(4)),
    "Daily at 4:00, weekly on Saturday at 05:00": replace(BASE, at=time(4), weekly=Weekly(Weekday.SATURDAY, time(5))),
    "daily, America/New_York": replace(BASE, zone="America/New_York"),
    "04:30": replace(BASE, at=time(4, 30)),
    "daily off": replace(BASE, daily=False),
    "weekly off monthly last": replace(BASE, weekly=None, monthly=Monthly("last")),
    "monthly on the 31st at 04:00 UTC": replace(BASE, zone="UTC", monthly=Monthly(31, time(4))),
    "weekly": BASE,
    "window 2h": replace(BASE, window_seconds=7200),
    "window off": replace(BASE, window_seconds=0),
    "zone Asia/Tokyo": replace(BASE, zone="Asia/Tokyo"),
    "default": Schedule("Europe/Berlin"),
    "default, weekly fri": Schedule("Europe/Berlin", weekly=Weekly(Weekday.FRIDAY)),
    "off": replace(BASE, daily=False, weekly=None, monthly=None),
    "off monthly": replace(BASE, daily=False, weekly=None),
    'cron "0 */6 * * *"': replace(BASE, daily=False, weekly=None, monthly=None, crons=(SIX,)),
    'cron "0 \u2217/6 \u2217 \u2217 \u2217"': replace(BASE, daily=False, weekly=None, monthly=None, crons=(SIX,)),
    "weekly tue cron 0 */6 * * * UTC": replace(
        BASE, zone="UTC", daily=False, weekly=Weekly(Weekday.TUESDAY), monthly=None, crons=(SIX,)
    ),
    "cron off": BASE,
}


@pytest.mark.parametrize(("text", "expected"), TYPED.items(), ids=TYPED)
def test_a_typed_schedule_changes_what_it_names(text: str, expected: Schedule) -> None:
    """What isn't named stays; a cron expression stands in place of the tiers."""
    assert parse_schedule(text, BASE) == expected


REFUSED = {
    "": ("The schedule is empty.", 'Write one like "daily 03:00, weekly sunday'),
    "dayly 03:00": ('"dayly" is not known in a schedule.', 'Did you mean "daily"?'),
    "daily 25:00": ('daily is "25:00", which is no time of day.', 'from "00:00" to "23:59"'),
    "weekly sundy": ('weekly is "sundy", which is no day of the week.', '"sunday 05:00"'),
    "weekly sunday 7:99": ('weekly is "7:99", which is no time of day.', '"03:00"'),
    "monthly 32": ('monthly is "32", which is no day of a month.', "in a shorter month: its last day"),
    "monthly 0": ('monthly is "0", which is no day of a month.', "1 to 31"),
    "cron": ('cron is " ", which is no cron expression of five fields.', '"0 3 * * *"'),
    "cron 61 * * * *": ('cron is "61 * * * *", which is no cron expression: bad minute.', '"0 3 * * *"'),
    "cron 0 0 */31 * MON#5": ("which is never due.", '"0 3 * * *"'),
    "cron 0 0 30 2 *": ("bad day-of-month.", '"0 3 * * *"'),
    "window 24h": ('window is "24h", which is no window.', '"1m" to "23h"'),
    "window": ("window is true, which is no window.", '"1m" to "23h"'),
    "CET": ('zone is "CET", a short or old name', 'Write "Europe/Berlin"'),
    "daily 03:00 Berlin": ('zone is "Berlin", and no zone has that name.', 'Did you mean "Europe/Berlin"?'),
}


@pytest.mark.parametrize(("text", "expected"), REFUSED.items(), ids=REFUSED)
def test_what_is_not_understood_is_named_with_what_to_write(text: str, expected: tuple[str, str]) -> None:
    """One word is wrong, that word is told."""
    with pytest.raises(UsageError) as caught:
        parse_schedule(text, BASE)
    said, fix = expected
    assert said in caught.value.message
    assert fix in caught.value.hint


@pytest.mark.parametrize(
    "fields",
    [
        {"hour": 3},
        {"daily": 3},
        {"daily": "early"},
        {"at": None},
        {"weekly": 3},
        {"weekly": "su"},
        {"monthly": 1.5},
        {"monthly": "first"},
        {"zone": 3},
        {"window": []},
        {"window": -1},
        {"window": 2.5},
        {"cron": 3},
        {"cron": {"0 3 * * *": "on-demand"}},
        {"cron": {"0 3 * * *": []}},
        {"cron": {"0 3 * * *": [["daily"]]}},
        {"cron": "@daily"},
        {"cron": "0 3 * * " + "1," * 200 + "1"},
        {"cron": "² 3 * * *"},
    ],
)
def test_fields_that_are_wrong_are_refused(fields: dict[str, object]) -> None:
    """A stored or sent schedule is checked like a written one."""
    with pytest.raises(UsageError) as caught:
        from_fields(fields)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, Schedule()),
        ({"weekly": True, "monthly": True, "window": ""}, Schedule()),
        ({"monthly": 15, "window": "15m"}, Schedule(monthly=Monthly(15), window_seconds=900)),
        ({"cron": "0 */6 * * *"}, replace(OFF, crons=(SIX,))),
        ({"cron": False}, Schedule()),
    ],
)
def test_fields_that_are_left_out_have_their_default(fields: dict[str, object], expected: Schedule) -> None:
    """With a cron expression, the tiers that aren't named are off."""
    assert from_fields(fields) == expected


TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))
TIERS = st.frozensets(st.sampled_from([Tier.DAILY, Tier.WEEKLY, Tier.MONTHLY]), min_size=1)
SCHEDULES = st.builds(
    Schedule,
    zone=st.sampled_from(["UTC", "Europe/Berlin"]),
    at=TIMES,
    daily=st.booleans(),
    weekly=st.none() | st.builds(Weekly, st.sampled_from(Weekday), st.none() | TIMES),
    monthly=st.none() | st.builds(Monthly, st.integers(1, 31) | st.just("last"), st.none() | TIMES),
    crons=st.just(()) | st.tuples(st.builds(Cron, st.just("0 */6 * * *"), TIERS)),
    window_seconds=st.integers(0, LONGEST_WINDOW),
)


@given(SCHEDULES)
def test_a_stored_schedule_is_read_as_it_was(schedule: Schedule) -> None:
    """Fields go through JSON and lose nothing, whatever they are read over."""
    fields = json.loads(json.dumps(to_fields(schedule)))
    assert from_fields(fields) == from_fields(fields, BASE) == schedule


PIECES = "daily weekly monthly cron window zone at off on 03:00 31 last sunday 30m UTC * 0 */6 ,"
WORDS = st.sampled_from(PIECES.split())


@given(st.text() | st.lists(WORDS | st.text(max_size=3)).map(" ".join))
def test_any_text_is_a_schedule_or_refused(text: str) -> None:
    """No text breaks the reader, and what it takes can be said and stored."""
    read = outcome(text)
    if isinstance(read, UsageError):
        assert read.message.isprintable()
        assert read.hint
    else:
        assert describe(read)
        assert from_fields(to_fields(read)) == read


def outcome(text: str) -> Schedule | UsageError:
    """Return the schedule, or why it was refused."""
    try:
        return parse_schedule(text, BASE)
    except UsageError as error:
        return error


def test_a_window_shorter_than_the_last_run_is_said() -> None:
    """Whoever set a window learns that a run doesn't fit into it."""
    assert window_warning(BASE, 1800) == window_warning(Schedule(), 1e6) == ""
    assert window_warning(BASE, 2461).startswith("The window is 30m, and the last run took 42 min:")


def test_a_goal_that_no_run_can_meet_is_said() -> None:
    """A weekly schedule can't meet a goal of a day."""
    assert goal_warning(Schedule(), "gods", 86_400, MAY) == ""
    assert goal_warning(OFF, "gods", 86_400, MAY) == ""
    weekly = Schedule(daily=False, monthly=None)
    assert goal_warning(weekly, "gods", 86_400, MAY).startswith(
        "Backups of gods are up to 7d apart, and its goal is 24h"
    )


@pytest.mark.parametrize(
    ("expression", "often"),
    [("* * * * *", "every minute"), ("0,5 * * * *", "every 5 minutes"), ("*/15 * * * *", ""), ("0 3 * * *", "")],
)
def test_cron_that_runs_all_the_time_is_warned_of(expression: str, often: str) -> None:
    """Whoever leaves five stars learns how often that is; a quarter of an hour and a tier near it say nothing."""
    schedule = replace(BASE, weekly=Weekly(Weekday.MONDAY, time(2, 10)), crons=(Cron(expression),))
    said = often_warning(schedule, "gods", MAY)
    assert f"as often as {often}, each time a whole backup" in said if often else said == ""


@pytest.mark.parametrize(
    ("hour", "before", "after", "at"),
    [
        (2, Schedule(), Schedule("Europe/Berlin"), "03:00 UTC"),
        (0, Schedule("Europe/Berlin"), OFF, "03:00 Europe/Berlin"),
        (0, Schedule(), Schedule("Europe/Berlin"), ""),
        (4, Schedule(), OFF, ""),
        (2, OFF, Schedule(), ""),
        (2, Schedule(), Schedule(at=time(4)), ""),
    ],
)
def test_a_run_of_today_that_a_change_leaves_out_is_said(hour: int, before: Schedule, after: Schedule, at: str) -> None:
    """It is said with its time where one is due today and none is after the change; elsewhere nothing is said."""
    said = skipped_warning(before, after, "orders", MAY.replace(hour=hour, minute=30))
    assert said.startswith(f"The run that is due today at {at} is left out") if at else said == ""


def test_what_is_upcoming_has_each_tier() -> None:
    """The next five dues come first, then the next of each tier that is not among them, each once."""
    told = upcoming(Schedule(weekly=Weekly(Weekday.FRIDAY), monthly=Monthly(20)), "orders", MAY.replace(hour=4), 5)
    assert [due.at.day for due in told] == [2, 3, 4, 5, 6, 8, 20]
    assert [sorted(due.tiers) for due in told[5:]] == [["daily", "weekly"], ["daily", "monthly"]]
    assert upcoming(OFF, "orders", MAY, 5) == ()
    both = Schedule(weekly=Weekly(Weekday.FRIDAY), monthly=Monthly(8))
    assert [due.at.day for due in upcoming(both, "orders", MAY.replace(hour=4), 5)] == [2, 3, 4, 5, 6, 8]


def test_a_change_that_ends_all_runs_is_said() -> None:
    """Switched off altogether, nobody but people minds a source; what was off before is no news."""
    assert "Nothing of gods is backed up by itself any more" in stopped_warning(Schedule(), OFF, "gods", MAY)
    assert stopped_warning(OFF, OFF, "gods", MAY) == ""
    assert stopped_warning(Schedule(), Schedule(daily=False), "gods", MAY) == ""


def test_tiers_that_a_change_ends_are_said() -> None:
    """Each that is not taken any more is named; another day, a cron expression of its tier, or all off is not that."""
    by_cron = Schedule(weekly=None, monthly=None, crons=(Cron("0 12 * * 0", frozenset({Tier.WEEKLY})),))
    assert ended_warning(Schedule(), by_cron) == "Monthly backups end: by this schedule none are taken any more."
    assert ended_warning(Schedule(), Schedule(weekly=None, monthly=None)).startswith("Weekly and monthly backups end:")
    assert ended_warning(Schedule(), Schedule(weekly=Weekly(Weekday.MONDAY))) == ""
    assert ended_warning(Schedule(), OFF) == ended_warning(OFF, Schedule()) == ""
