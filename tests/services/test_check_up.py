"""A check-up says where a schedule does not do what is asked of it."""

from collections.abc import Callable
from datetime import timedelta

from core.model.backup import BackupState
from core.services.check_up import Finding
from tests.support.world import World

WEEKLY = '[sources.orders.schedule]\ndaily = false\nmonthly = false\nwindow = "15m"'


def schedule(world: World) -> Finding:
    """Return what is found of the source's schedule."""
    return next(one for one in world.core.check_up() if one.name == "schedule of orders")


def test_a_schedule_that_fits_is_said(make_world: Callable[..., World]) -> None:
    """Whoever looks sees when backups are taken, and that nothing is to be mended."""
    world = make_world()
    world.take()
    assert schedule(world) == Finding(
        "schedule of orders", ok=True, says="daily 03:00, weekly on Sundays, monthly on the 1st, UTC"
    )


def test_a_schedule_that_is_too_seldom_for_its_goal_is_said(make_world: Callable[..., World]) -> None:
    """A weekly schedule can't keep the default goal of a day and two hours, and how to mend that is said."""
    found = schedule(make_world(source=WEEKLY))
    assert not found.ok
    assert found.says == "weekly on Sundays 03:00, started within 15m, UTC"
    assert found.fix.startswith("Backups of orders are up to 7d apart, and its goal is 26h")
    assert found.fix.endswith("Add a tier, or raise its goal.")


def test_a_window_shorter_than_the_last_run_is_said(make_world: Callable[..., World]) -> None:
    """The last good run worked 40 minutes and the window is a quarter of an hour: both are named, as by a change.

    What passed while nothing was done, for the machine slept, does not count.
    """
    world = make_world(source=f'goal = "9d"\n{WEEKLY}')
    backup, good = world.core.catalog.backups.get(world.take()), frozenset({BackupState.GOOD})
    assert backup.finished_at is not None
    world.core.catalog.backups.move(backup.id, good, started_at=backup.finished_at - timedelta(minutes=40))
    assert schedule(world).ok
    world.core.catalog.backups.move(backup.id, good, timings={"capture": 60.0, "store": 2_340.0})
    found, schedules = schedule(world), world.core.time.schedules
    assert not found.ok
    assert found.fix.startswith("The window is 15m, and the last run took 40 min:")
    assert found.fix in schedules.warnings("orders", schedules.current("orders"))
