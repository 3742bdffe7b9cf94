"""What schedules that were changed more than once, or in the configuration, have asked for while they held."""

from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta

import pytest

from core.model.backup import Tier
from core.model.expected import ExpectedState
from core.model.notice import NoticeKind
from core.model.schedule import Cron, Monthly, Schedule, Weekday, Weekly
from core.services.schedules import Schedules
from core.services.wake_schedules import WakeSchedules
from tests.services.test_wake_schedules import DAILY, DAY, HOUR, MIDNIGHT, Timed, backed_up_at_three
from tests.support.world import ANNA, World

SUNDAY = MIDNIGHT + DAY
LATE = time(23, 45)


@pytest.fixture
def timed(make_world: Callable[..., World]) -> Timed:
    """Return a world in which a source is backed up daily at three, and was on Saturday."""
    return backed_up_at_three(make_world)


def changed(timed: Timed, hours: float, schedule: Schedule) -> None:
    """Change the schedule so many hours into Sunday, and look at it a minute later."""
    timed.set(SUNDAY + hours * HOUR)
    timed.core.time.schedules.change("orders", schedule, ANNA)
    timed.at(SUNDAY + hours * HOUR + timedelta(minutes=1))


def configured(timed: Timed, schedule: Schedule) -> WakeSchedules:
    """Return the waker of a bot that starts with another schedule in its configuration."""
    core = timed.core
    orders = replace(core.adapters.source("orders"), schedule=schedule)
    adapters = replace(core.adapters, sources={"orders": orders})
    schedules = Schedules(core.catalog, adapters, core.access, core.clock)
    return WakeSchedules(core.catalog, adapters, schedules, core.create_backup)


def of_sunday(timed: Timed) -> list[tuple[float, int]]:
    """Return the runs since Sunday, in hours, and how many each covers."""
    return [((run.due_at - SUNDAY) / HOUR, run.covers) for run in timed.runs if run.due_at > SUNDAY]


def test_run_that_another_one_follows_that_day_was_not_moved(timed: Timed) -> None:
    """Where the schedule before had several a day, the next of them is no reason to leave one out."""
    often = Schedule(daily=False, weekly=None, monthly=None, crons=(Cron("0 */6 * * *"),))
    timed.core.time.schedules.change("orders", often, ANNA)
    timed.at(SUNDAY + HOUR)
    timed.wake = timed.restarted()
    changed(timed, 6.2, replace(often, monthly=Monthly(15)))
    timed.at(SUNDAY + 12 * HOUR)
    assert of_sunday(timed) == [(6, 0), (12, 0)]


def test_run_that_was_moved_and_then_left_out_is_begun_all_the_same(timed: Timed) -> None:
    """It was due before either change; the day has no other run now."""
    changed(timed, 5, replace(DAILY, at=LATE))
    assert of_sunday(timed) == []
    changed(timed, 6, replace(DAILY, at=time(2)))
    timed.at(SUNDAY + 26 * HOUR)
    assert of_sunday(timed) == [(3, 0), (26, 0)]


def test_tier_of_a_run_that_was_moved_outlives_the_next_change(timed: Timed) -> None:
    """The week has its weekly backup, though the schedule of now has its day on Saturdays."""
    weekly = replace(DAILY, weekly=Weekly())
    timed.core.time.schedules.change("orders", weekly, ANNA)
    timed.at(MIDNIGHT + 4 * HOUR)
    changed(timed, 5, replace(weekly, at=LATE))
    changed(timed, 6, replace(weekly, at=LATE, weekly=Weekly(Weekday.SATURDAY)))
    timed.at(SUNDAY + 24 * HOUR)
    assert of_sunday(timed) == [(3, 0), (23.75, 0)]
    assert timed.runs[-2].tiers == {Tier.DAILY, Tier.WEEKLY}


def test_configuration_that_was_changed_holds_from_the_next_start_on(timed: Timed) -> None:
    """It asks for nothing of before, and nothing is called missed."""
    changed(timed, 0.5, DAILY)
    timed.core.time.schedules.reset("orders", ANNA)
    timed.wake = configured(timed, DAILY)
    timed.at(SUNDAY + 3 * HOUR)
    timed.wake = configured(timed, replace(DAILY, at=time(9)))
    for hour in (10, 24, 33):
        timed.at(SUNDAY + hour * HOUR)
    assert of_sunday(timed) == [(3, 0), (33, 0)]
    assert timed.told(NoticeKind.CAUGHT_UP) == []


def test_run_that_the_configuration_asked_for_before_it_was_changed_is_made_up_for(timed: Timed) -> None:
    """A bot that was stopped for the change and was down at the old time begins what was due then."""
    timed.core.time.schedules.reset("orders", ANNA)
    timed.wake = configured(timed, DAILY)
    timed.at(SUNDAY + HOUR)
    timed.wake = configured(timed, replace(DAILY, at=time(1)))
    for hour in (4, 25):
        timed.at(SUNDAY + hour * HOUR)
    assert of_sunday(timed) == [(3, 0), (25, 0)]


def test_run_that_another_bot_has_begun_is_not_begun_again(timed: Timed) -> None:
    """A process that was paused between its look at the ledger and its beginning goes on with an old look."""
    timed.at(SUNDAY + 3 * HOUR)
    seen = replace(timed.runs[-1], state=ExpectedState.DUE, backup_id="", attempts=0)
    before = timed.runs, timed.backups
    timed.wake._each(seen, timed.world.clock.now())
    assert (timed.runs, timed.backups) == before


def test_changes_are_told_apart_while_the_record_began_ahead(make_world: Callable[..., World]) -> None:
    """With a clock that the audit record says is wrong nothing is kept, and what one process saw holds for it."""
    timed = Timed(make_world(source='prove = "never"', access='retain = ["U0ANNA"]'))
    timed.set(MIDNIGHT + 400 * DAY)
    timed.core.time.schedules.change("orders", replace(DAILY, at=time(20)), ANNA)
    for hour in (1, 20):
        timed.at(MIDNIGHT + hour * HOUR)
    changed(timed, 10, replace(DAILY, at=time(21)))
    assert of_sunday(timed) == []
    timed.at(SUNDAY + 21 * HOUR)
    assert of_sunday(timed) == [(21, 0)]


def test_change_that_comes_while_a_pass_begins_is_no_clock_that_was_ahead(timed: Timed) -> None:
    """A pass may take seconds, and no two hosts have one clock: what the old schedule asked for stays owed."""
    timed.wake = timed.restarted()
    timed.set(SUNDAY + 5 * HOUR + timedelta(seconds=30))
    timed.core.time.schedules.change("orders", replace(DAILY, at=time(4)), ANNA)
    timed.at(SUNDAY + 5 * HOUR)
    timed.at(SUNDAY + 6 * HOUR)
    assert of_sunday(timed) == [(3, 0)]
