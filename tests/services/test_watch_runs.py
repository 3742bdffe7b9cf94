"""A run that hangs never stays running: it is ended by time, and what it does later changes nothing."""

import threading

import pytest

from core.model.backup import Backup, BackupState
from core.model.progress import Step
from core.model.restore import RestoreState
from core.services.end_runs import EndRuns
from core.services.watch_runs import WatchRuns
from tests.catalog import samples
from tests.support.waiting import until
from tests.support.world import World

PENDING = frozenset({BackupState.PENDING})
STALLED, LONGEST = 1_800.0, 172_800.0


def watcher(world: World) -> WatchRuns:
    """Return one that has seen nothing yet."""
    core = world.core
    end = EndRuns(core.catalog, core.clock, core.failures, core.owner)
    return WatchRuns(core.catalog, core.clock, core.runner, end, core.owner, STALLED, LONGEST)


def hanging(world: World, step: Step) -> tuple[Backup, threading.Event]:
    """Return a backup of this process whose run stands in a step until it is cancelled, and what says that it was."""
    backup, _ = world.core.catalog.backups.begin(samples.backup(1, source="orders", owner=world.core.owner))
    world.core.catalog.backups.move(backup.id, PENDING, state=BackupState.RUNNING, step=step)
    stopped, pause = threading.Event(), threading.Event()

    def hang() -> None:
        while not world.core.runner.cancelled(backup.id):
            pause.wait(0.01)
        stopped.set()

    world.core.runner.submit(backup.id, hang)
    return backup, stopped


def test_run_in_which_no_byte_moves_is_ended_and_told_why(world: World) -> None:
    """After the time allowed it has failed, its source is free, its work was asked to stop, and the log is kept."""
    backup, stopped = hanging(world, Step("storing", 5, 10))
    watch = watcher(world)
    watch()
    world.clock.passed += STALLED - 5
    watch()
    assert world.core.find_backup(backup.id).state is BackupState.RUNNING
    world.clock.passed += 10
    watch()
    ended = world.core.find_backup(backup.id)
    assert ended.state is BackupState.FAILED
    assert ended.failure is not None
    assert (ended.failure.code, ended.failure.message) == ("stalled", "Nothing moved for 30 min while storing.")
    assert world.core.failures.read(ended.failure.reference)
    assert stopped.wait(20)
    assert world.core.catalog.leases.held() == ()
    watch()


def test_run_that_moves_is_left_alone(world: World) -> None:
    """Each byte that moves begins the time anew; a proof may say nothing for hours."""
    backup, _ = hanging(world, Step("storing", 5, 10))
    watch = watcher(world)
    for done in range(6, 10):
        watch()
        world.clock.passed += STALLED - 1
        world.core.catalog.backups.report(backup.id, Step("storing", done, 10))
    world.core.catalog.backups.report(backup.id, Step("checking storage"))
    watch()
    world.clock.passed += 10 * STALLED
    watch()
    assert world.core.find_backup(backup.id).state is BackupState.RUNNING
    world.core.runner.cancel(backup.id)


@pytest.mark.parametrize("step", ["fetching JanusGraph", "starting Java", "counting", "starting"])
def test_steps_that_can_not_say_how_far_they_are_may_be_silent(world: World, step: str) -> None:
    """A slow network and a big graph take their time, and a start has a deadline of its own."""
    backup, _ = hanging(world, Step(step, 5, 10))
    watch = watcher(world)
    watch()
    world.clock.passed += 10 * STALLED
    watch()
    assert world.core.find_backup(backup.id).state is BackupState.RUNNING
    world.core.runner.cancel(backup.id)


def test_no_run_lasts_for_ever(world: World) -> None:
    """One that is longer under way than a run may be is ended whatever it says."""
    backup, _ = hanging(world, Step("checking storage"))
    watch = watcher(world)
    watch()
    world.clock.passed += LONGEST
    watch()
    failure = world.core.find_backup(backup.id).failure
    assert failure is not None
    assert failure.message == "It ran for 48.0 h, longer than a run may."


def test_restore_that_hangs_is_ended_too(world: World) -> None:
    """A restore has failed as well; its instance is left to reconciling, which removes it."""
    restore = world.core.catalog.restores.create(
        samples.restore(state=RestoreState.RUNNING, owner=world.core.owner, step=Step("unpacking", 1, 2))
    )
    watch = watcher(world)
    watch()
    world.clock.passed += STALLED
    watch()
    assert world.core.catalog.restores.get(restore.id).state is RestoreState.FAILED


def test_two_looks_at_once_are_one(world: World) -> None:
    """A look that waits for the catalog keeps nobody else waiting, and each run is ended once."""
    backup, _ = hanging(world, Step("storing", 5, 10))
    watch, logs = watcher(world), world.root / "state" / "logs"
    watch()
    world.clock.passed += STALLED
    with world.core.catalog.write():
        looking = threading.Thread(target=watch)
        looking.start()
        until(lambda: list(logs.glob(f"{backup.id}-*.log")))
        watch()
        assert world.core.find_backup(backup.id).state is BackupState.RUNNING
    looking.join(60)
    assert world.core.find_backup(backup.id).state is BackupState.FAILED
    assert len(list(logs.glob(f"{backup.id}-*.log"))) == 1
