"""A machine that starts with a clock far behind, as without a battery, leaves nothing behind that counts later."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from core.model.notice import NoticeKind
from tests.services.test_wake_schedules import DAILY, DAY, HOUR, MIDNIGHT, Timed
from tests.support.world import ANNA, World

EPOCH = datetime(1970, 1, 1, 0, 1, tzinfo=UTC)


@pytest.fixture
def timed(make_world: Callable[..., World]) -> Timed:
    """Return a world at five, since when its source is known."""
    timed = Timed(make_world(source='prove = "never"', access='retain = ["U0ANNA"]'))
    timed.set(MIDNIGHT)
    timed.core.time.schedules.change("orders", replace(DAILY, at=time(4, 30)), ANNA)
    timed.at(MIDNIGHT + 5 * HOUR)
    return timed


def starts_behind(timed: Timed, back: datetime, *, restarted: bool) -> None:
    """Start anew with the clock of 1970, and set it right: in the same process, or before another start."""
    timed.wake = timed.restarted()
    for moment in (EPOCH, EPOCH + timedelta(minutes=1)):
        timed.at(moment)
    timed.wake = timed.restarted() if restarted else timed.wake
    timed.at(back)


@pytest.mark.parametrize("restarted", [False, True])
def test_source_is_known_since_it_was(timed: Timed, restarted: bool) -> None:  # noqa: FBT001
    """Nothing that was due before it was first seen is begun; the next run is on time and covers nothing."""
    starts_behind(timed, MIDNIGHT + 6 * HOUR, restarted=restarted)
    assert timed.runs == []
    timed.at(MIDNIGHT + DAY + 4.5 * HOUR)
    assert [(run.due_at - MIDNIGHT, run.covers) for run in timed.runs] == [(DAY + 4.5 * HOUR, 0)]
    assert timed.told(NoticeKind.CAUGHT_UP) == []


@pytest.mark.parametrize("restarted", [False, True])
def test_changed_schedule_holds_since_it_was_changed(timed: Timed, restarted: bool) -> None:  # noqa: FBT001
    """It asks for nothing of before it then, either; what was missed since is made up for."""
    timed.set(MIDNIGHT + 7 * HOUR)
    timed.core.time.schedules.change("orders", replace(DAILY, at=time(6)), ANNA)
    timed.at(MIDNIGHT + 8 * HOUR)
    starts_behind(timed, MIDNIGHT + 9 * HOUR, restarted=restarted)
    assert timed.runs == []
    starts_behind(timed, MIDNIGHT + DAY + 9 * HOUR, restarted=restarted)
    assert [run.due_at - MIDNIGHT for run in timed.runs] == [DAY + 6 * HOUR]


def test_catalog_that_began_ahead_makes_up_for_what_was_missed(make_world: Callable[..., World]) -> None:
    """Its first record is of a time to come, so the right clock seems to be behind: no run is lost for it."""
    timed = Timed(make_world(source='prove = "never"', access='retain = ["U0ANNA"]'))
    timed.set(MIDNIGHT + 400 * DAY)
    timed.core.time.schedules.change("orders", DAILY, ANNA)
    for hour in (0, 3):
        timed.at(MIDNIGHT + hour * HOUR)
    timed.wake = timed.restarted()
    timed.at(MIDNIGHT + DAY + 5 * HOUR)
    assert [run.due_at - MIDNIGHT for run in timed.runs] == [3 * HOUR, DAY + 3 * HOUR]
