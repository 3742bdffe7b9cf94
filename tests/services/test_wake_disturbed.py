"""A pass that ends half-way, because the catalog can't be written, is made up for by the next one."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import time, timedelta

import pytest

from core.services.wake_schedules import WakeSchedules
from tests.services.test_wake_behind import EPOCH
from tests.services.test_wake_schedules import DAILY, DAY, HOUR, MIDNIGHT, Timed, backed_up_at_three
from tests.support.world import ANNA, World

SECOND = timedelta(seconds=1)


@pytest.fixture
def timed(make_world: Callable[..., World]) -> Timed:
    """Return a world in which a source is backed up daily at three, and was on the first day."""
    return backed_up_at_three(make_world)


def write(timed: Timed, sql: str) -> None:
    """Write into the catalog's file from outside."""
    with closing(sqlite3.connect(timed.catalog.path)) as connection, connection:
        connection.execute(sql)


def disturbed(timed: Timed, table: str, wake: WakeSchedules) -> None:
    """Wake while nothing can be added to a table."""
    write(timed, f"create trigger full before insert on {table} begin select raise(abort, 'no room'); end")
    with pytest.raises(sqlite3.IntegrityError, match="no room"):
        wake(timed.world.clock.now())
    write(timed, "drop trigger full")


@pytest.mark.parametrize("changed", [False, True])
def test_run_that_could_not_be_recorded_is_begun_by_the_next_pass(timed: Timed, changed: bool) -> None:  # noqa: FBT001
    """By the schedule of now, and by the one before it."""
    timed.set(MIDNIGHT + DAY + 3 * HOUR + SECOND)
    if changed:
        timed.core.time.schedules.change("orders", replace(DAILY, at=time(2)), ANNA)
    disturbed(timed, "expected", timed.wake)
    timed.at(MIDNIGHT + DAY + 3 * HOUR + 11 * SECOND)
    assert [run.due_at - MIDNIGHT for run in timed.runs] == [3 * HOUR, DAY + 3 * HOUR]


def test_clock_that_was_set_right_in_a_disturbed_pass_is_seen_by_the_next(timed: Timed) -> None:
    """Nothing is made up for since 1970: as its mark is gone, the source is known since now."""
    timed.wake = timed.restarted()
    timed.at(EPOCH)
    timed.set(MIDNIGHT + DAY + 4 * HOUR)
    write(timed, "delete from marks where name = 'scheduled since'")
    disturbed(timed, "marks", timed.wake)
    timed.at(MIDNIGHT + DAY + 4 * HOUR + 10 * SECOND)
    assert [(run.due_at - MIDNIGHT, run.covers) for run in timed.runs] == [(3 * HOUR, 0)]
