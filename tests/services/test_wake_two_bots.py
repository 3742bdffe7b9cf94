"""Schedules of a catalog on which two bots lead by turns: nothing is made up for that the other one ran."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.model.schedule_change import ScheduleChange
from core.services.duties import Duties
from core.services.lead import Lead
from core.services.timekeeping import schedules_duty
from tests.services.test_wake_schedules import DAILY, DAY, HOUR, MIDNIGHT, Timed
from tests.support.world import ANNA, World


@pytest.fixture
def timed(make_world: Callable[..., World]) -> Timed:
    """Return a world before anything is known of its source."""
    return Timed(make_world(source='prove = "never"', access='retain = ["U0ANNA"]'))


def test_what_another_bot_ran_is_not_made_up_for(timed: Timed) -> None:
    """Neither by one that led before it, and leads again after a schedule was changed meanwhile."""
    timed.core.time.schedules.change("orders", DAILY, ANNA)
    timed.at(MIDNIGHT)
    first, timed.wake = timed.wake, timed.restarted()
    for day in range(4):
        timed.at(MIDNIGHT + day * DAY + 3 * HOUR)
    timed.catalog.schedules.put(ScheduleChange("other", None, ANNA, MIDNIGHT + 3 * DAY))
    timed.wake = first
    timed.at(MIDNIGHT + 4 * DAY + 3 * HOUR)
    assert [run.covers for run in timed.runs] == [0] * 5


def test_bot_that_leads_again_makes_up_for_nothing_that_another_one_ran(timed: Timed) -> None:
    """It begins with the ledger, as after a restart: no catch-up is said, and no tier is asked for once more."""
    core = timed.core
    leads = [Lead(core.catalog, core.owner, core.clock) for _ in range(2)]
    bots = [Duties((schedules_duty(timed.restarted()),), lead, core.clock) for lead in leads]
    timed.core.time.schedules.change("orders", DAILY, ANNA)

    def both_at(moment: timedelta) -> None:
        timed.set(MIDNIGHT + moment)
        for bot in bots:
            bot.run_all()
        for backup in timed.catalog.backups.open_ones():
            timed.world.settled(backup.id)

    both_at(timedelta(0))
    leads[0].release()
    bots.reverse()
    for day in range(4):
        both_at(day * DAY + 3 * HOUR)
    leads[1].release()
    bots.reverse()
    both_at(4 * DAY + 3 * HOUR)
    assert [run.covers for run in timed.runs] == [0] * 5
