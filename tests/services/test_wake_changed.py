"""A schedule that is changed takes no run away that the one before it asked for, and asks for none of before it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta

import pytest

from core.model.backup import Tier
from core.model.expected import ExpectedRun
from core.model.schedule import Monthly
from tests.services.test_wake_schedules import DAILY, DAY, HOUR, MIDNIGHT, Timed, backed_up_at_three
from tests.support.world import ANNA, World

SECOND = timedelta(seconds=1)
LATER = replace(DAILY, monthly=Monthly(15))


@pytest.fixture
def timed(make_world: Callable[..., World]) -> Timed:
    """Return a world in which a source is backed up daily at three, and was on the first day."""
    return backed_up_at_three(make_world)


def of_second_day(timed: Timed) -> list[tuple[timedelta, int]]:
    """Return what was due after the first day, counted from its second midnight, and how many each covers."""
    return [(run.due_at - MIDNIGHT - DAY, run.covers) for run in timed.runs[1:]]


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("changed_at", [3 * HOUR + 3 * SECOND, 4 * HOUR])
def test_run_that_was_due_before_the_change_is_begun_once(timed: Timed, changed_at: timedelta, restarted: bool) -> None:  # noqa: FBT001
    """By a bot that runs on, and by one that was down for it; another start after it begins nothing more."""
    if not restarted:
        timed.at(MIDNIGHT + DAY + 3 * HOUR - 10 * SECOND)
    timed.set(MIDNIGHT + DAY + changed_at)
    timed.core.time.schedules.change("orders", LATER, ANNA)
    for after in (17 * SECOND, HOUR):
        if restarted:
            timed.wake = timed.restarted()
        timed.at(MIDNIGHT + DAY + changed_at + after)
    assert of_second_day(timed) == [(3 * HOUR, 0)]


@pytest.mark.parametrize("restarted", [False, True])
def test_change_asks_for_nothing_of_before_it(timed: Timed, restarted: bool) -> None:  # noqa: FBT001
    """Neither when it is first seen, nor after the run that is still owed, nor by a bot that starts then."""
    timed.set(MIDNIGHT + DAY + 5 * HOUR)
    timed.core.time.schedules.change("orders", replace(DAILY, at=time(4)), ANNA)
    for hour in (6, 7, 8):
        if restarted:
            timed.wake = timed.restarted()
        timed.at(MIDNIGHT + DAY + hour * HOUR)
    timed.at(MIDNIGHT + 2 * DAY + 4 * HOUR)
    assert of_second_day(timed) == [(3 * HOUR, 0), (DAY + 4 * HOUR, 0)]


def test_what_both_have_asked_for_is_one_catch_up(timed: Timed) -> None:
    """A bot that was down around the change makes up for what each has missed, with the tiers of both."""
    timed.set(MIDNIGHT + 2 * DAY + 5 * HOUR)
    timed.core.time.schedules.change("orders", replace(DAILY, at=time(6), monthly=Monthly(30)), ANNA)
    timed.wake = timed.restarted()
    timed.at(MIDNIGHT + 2 * DAY + 7 * HOUR)
    run: ExpectedRun = timed.runs[-1]
    assert of_second_day(timed) == [(DAY + 6 * HOUR, 1)]
    assert (run.tiers, run.covers_since) == ({Tier.DAILY, Tier.MONTHLY}, MIDNIGHT + DAY + 3 * HOUR)


@pytest.mark.parametrize("restarted", [False, True])
def test_run_that_is_moved_to_later_that_day_is_begun_then(timed: Timed, restarted: bool) -> None:  # noqa: FBT001
    """Once: what was missed on the days before is made up for at once, and the day itself has the run of its own."""
    timed.set(MIDNIGHT + 3 * DAY + 5 * HOUR)
    timed.core.time.schedules.change("orders", replace(DAILY, at=time(23, 45)), ANNA)
    for hour in (6, 7, 23, 24):
        if restarted:
            timed.wake = timed.restarted()
        timed.at(MIDNIGHT + 3 * DAY + hour * HOUR)
    assert of_second_day(timed) == [(DAY + 3 * HOUR, 1), (2 * DAY + 23.75 * HOUR, 0)]


def test_run_that_is_moved_by_some_seconds_is_no_catch_up(timed: Timed) -> None:
    """Nobody has missed it: it comes at the time that was shown when the schedule was saved."""
    timed.at(MIDNIGHT + DAY + 3 * HOUR - 10 * SECOND)
    timed.set(MIDNIGHT + DAY + 3 * HOUR + 3 * SECOND)
    timed.core.time.schedules.change("orders", replace(DAILY, at=time(3, 1)), ANNA)
    timed.at(MIDNIGHT + DAY + 3 * HOUR + 10 * SECOND)
    assert of_second_day(timed) == []
    timed.at(MIDNIGHT + DAY + 3 * HOUR + 60 * SECOND)
    assert of_second_day(timed) == [(3 * HOUR + 60 * SECOND, 0)]


def test_tier_that_the_later_run_of_that_day_has_not_is_begun_at_once(timed: Timed) -> None:
    """What is left out of the schedule was asked for until then."""
    timed.core.time.schedules.change("orders", LATER, ANNA)
    timed.at(MIDNIGHT + 16 * DAY + 4 * HOUR)
    timed.set(MIDNIGHT + 17 * DAY + 4 * HOUR)
    timed.core.time.schedules.change("orders", replace(DAILY, at=time(6)), ANNA)
    timed.at(MIDNIGHT + 17 * DAY + 5 * HOUR)
    assert timed.runs[-1].tiers >= {Tier.MONTHLY}


def test_first_change_leaves_owed_what_the_configuration_asked_for(make_world: Callable[..., World]) -> None:
    """The configured schedule is the one before it, also for a bot that was down."""
    timed = Timed(make_world(source='prove = "never"', access='retain = ["U0ANNA"]'))
    timed.at(MIDNIGHT)
    timed.set(MIDNIGHT + 4 * HOUR)
    timed.core.time.schedules.change("orders", replace(DAILY, at=time(2)), ANNA)
    timed.wake = timed.restarted()
    timed.at(MIDNIGHT + 5 * HOUR)
    timed.at(MIDNIGHT + 6 * HOUR)
    assert [run.due_at - MIDNIGHT for run in timed.runs] == [3 * HOUR]


def test_owed_run_survives_an_end_before_it_was_recorded(timed: Timed) -> None:
    """Who was killed after the look at the schedules, and before the ledger, leaves it to whoever starts next."""
    timed.set(MIDNIGHT + DAY + 3 * HOUR + SECOND)
    timed.core.time.schedules.change("orders", LATER, ANNA)
    killed = timed.restarted()
    killed._plan(timed.world.clock.now())
    timed.wake = timed.restarted()
    timed.at(MIDNIGHT + DAY + 3 * HOUR + 20 * SECOND)
    assert of_second_day(timed) == [(3 * HOUR, 0)]
