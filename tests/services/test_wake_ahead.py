"""What was set while the clock was ahead holds as soon as it is right again: each day has its run all the same."""

from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta

import pytest

from core.model.schedule_change import ScheduleChange
from tests.services.test_wake_schedules import DAILY, DAY, HOUR, MIDNIGHT, Timed
from tests.support.world import ANNA, World


@pytest.fixture
def timed(make_world: Callable[..., World]) -> Timed:
    """Return a world before anything is known of its source."""
    return Timed(make_world(source='prove = "never"', access='retain = ["U0ANNA"]'))


@pytest.fixture
def changed_ahead(timed: Timed) -> Timed:
    """Return a world a day after its run at three; at five of the day to come it was changed to four."""
    timed.set(MIDNIGHT)
    timed.core.time.schedules.change("orders", DAILY, ANNA)
    timed.at(MIDNIGHT + timedelta(minutes=1))
    timed.at(MIDNIGHT + 3 * HOUR)
    timed.set(MIDNIGHT + 2 * DAY + 5 * HOUR)
    timed.core.time.schedules.change("orders", replace(DAILY, at=time(4)), ANNA)
    timed.at(MIDNIGHT + DAY)
    return timed


def days(timed: Timed) -> list[timedelta]:
    """Return what was due, counted from the first midnight."""
    return [run.due_at - MIDNIGHT for run in timed.runs]


def test_change_of_another_schedule_hides_nothing_that_is_due(changed_ahead: Timed) -> None:
    """All schedules are looked at again for it; what was due since the last look is begun."""
    changed_ahead.catalog.schedules.put(ScheduleChange("other", None, ANNA, MIDNIGHT + DAY))
    changed_ahead.at(MIDNIGHT + DAY + 5 * HOUR)
    assert days(changed_ahead) == [3 * HOUR, DAY + 4 * HOUR]


@pytest.mark.parametrize("others", [0, 1])
def test_what_ran_while_the_clock_was_ahead_hides_nothing_that_is_due(timed: Timed, others: int) -> None:
    """Neither what a schedule before left there, nor a change of another one meanwhile."""
    timed.core.time.schedules.change("orders", DAILY, ANNA)
    timed.at(MIDNIGHT)
    timed.at(MIDNIGHT + 3 * HOUR)
    timed.at(MIDNIGHT + DAY + 6 * HOUR)
    timed.at(MIDNIGHT + 12 * HOUR)
    timed.core.time.schedules.change("orders", replace(DAILY, at=time(2)), ANNA)
    timed.at(MIDNIGHT + 13 * HOUR)
    for _ in range(others):
        timed.catalog.schedules.put(ScheduleChange("other", None, ANNA, MIDNIGHT + 14 * HOUR))
    timed.at(MIDNIGHT + DAY + 4 * HOUR)
    assert days(timed) == [3 * HOUR, DAY + 2 * HOUR, DAY + 3 * HOUR]


def test_the_time_at_which_it_was_changed_is_none_when_it_comes_again(changed_ahead: Timed) -> None:
    """A bot that is down before that time, and up after it, makes up for what was due before it."""
    changed_ahead.at(MIDNIGHT + DAY + 5 * HOUR)
    changed_ahead.wake = changed_ahead.restarted()
    changed_ahead.at(MIDNIGHT + 2 * DAY + 6 * HOUR)
    assert days(changed_ahead) == [3 * HOUR, DAY + 4 * HOUR, 2 * DAY + 4 * HOUR]


def test_source_that_was_first_seen_ahead_is_known_since_the_clock_is_right(timed: Timed) -> None:
    """A bot that is down when it is due makes up for its run."""
    timed.at(MIDNIGHT + 40 * DAY)
    timed.at(MIDNIGHT)
    timed.wake = timed.restarted()
    timed.at(MIDNIGHT + 4 * HOUR)
    assert days(timed) == [3 * HOUR]
