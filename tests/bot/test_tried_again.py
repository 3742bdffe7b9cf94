"""A scheduled run that failed says in its message that it is tried again by itself, and when."""

from collections.abc import Callable
from datetime import timedelta

from bot.blocks.text import when
from core.model.schedule import next_after
from core.services.timekeeping import WAKE
from tests.bot.conftest import ShiftedClock, World
from tests.bot.people import ONCALL, words
from tests.bot.test_restart import roots

MINUTE = timedelta(minutes=1)


def woken(world: World, moment: timedelta) -> None:
    """Let so much time pass, and begin what is due."""
    world.clock.shift += moment
    next(duty for duty in world.core.time.duties if duty.name == WAKE).do(world.clock.now())
    for backup in world.core.catalog.backups.open_ones():
        assert world.core.runner.wait(backup.id, 30)


def test_each_failure_says_when_the_next_try_is(make_world: Callable[..., World]) -> None:
    """5, 20 and 60 minutes after its end; the last one says nothing of a next, nor does one that a person began."""
    world = make_world(clock=ShiftedClock())
    woken(world, timedelta())
    due = next_after(world.core.time.schedules.current("orders"), "orders", world.clock.now())
    assert due is not None
    (world.folder / "orders.db").rename(world.folder / "away.db")
    for count, wait, again in (
        (1, due.at - world.clock.now(), 5),
        (2, 5 * MINUTE, 20),
        (3, 20 * MINUTE, 60),
        (4, 60 * MINUTE, 0),
    ):
        woken(world, wait + timedelta(seconds=5))
        world.slack.until(lambda known=count: len(roots(world.slack)) == known, "the failure")
        ended = world.core.list_backups("orders").backups[0].finished_at
        assert ended is not None
        says = f"Safehold tries again by itself {when(ended + again * MINUTE)}, or press *Retry*."
        assert (says in last(world)) is (again > 0)
        assert ("tries again" in last(world)) is (again > 0)
        woken(world, timedelta(seconds=1))
    world.people.typed(ONCALL, "now orders")
    world.slack.until(lambda: len(roots(world.slack)) == 5, "the fifth")
    world.slack.until(lambda: "failed" in last(world), "its failure")
    assert "tries again" not in last(world)


def last(world: World) -> str:
    """Return what the newest message says."""
    return words(roots(world.slack)[-1]["blocks"])
