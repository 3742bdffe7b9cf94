"""After kill -9 at any moment a restart shows the truth and leaves nothing behind."""

import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.bootstrap import SHAPES, Core, build_core
from core.config import read_config
from core.errors import SafeholdError
from core.model.backup import BackupState
from core.model.instance import InstanceState
from core.model.restore import RestoreState
from core.services.instances import destroy_run
from tests.support.world import BEN, FixedGroups, World, build_world

PROJECT = Path(__file__).parents[2]
ROWS = 60_000
"""Enough for a backup to take about a second, so that kills fall into every step."""


def kill_in_the_middle(root: Path, *act: str, after: float) -> str:
    """Start a worker, let it go on for so many seconds after it began, kill it; return what it began."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.support.worker", str(root), *act], stdout=subprocess.PIPE, text=True, cwd=PROJECT
    )
    assert worker.stdout is not None
    key = worker.stdout.readline().strip()
    threading.Event().wait(after)
    worker.kill()
    worker.wait()
    worker.stdout.close()
    return key


def restarted(root: Path) -> Core:
    """Return a new core on the same files, started."""
    core = build_core(read_config(root / "safehold.toml", SHAPES), role="bot", groups=FixedGroups())
    core.start()
    return core


@pytest.mark.parametrize("seed", range(6))
def test_a_killed_backup_is_good_or_interrupted_and_nothing_lies_around(tmp_path: Path, seed: int) -> None:
    """A backup whose manifest was written is good; any other says that it was interrupted."""
    world = build_world(tmp_path, rows=ROWS)
    world.core.catalog.close()
    key = kill_in_the_middle(tmp_path, "backup", after=random.Random(seed).uniform(0, 1.0))
    core = restarted(tmp_path)
    try:
        backup = core.find_backup(key)
        assert backup.state in {BackupState.GOOD, BackupState.INTERRUPTED}
        assert backup.step is None
        committed = [identifier for _, identifier in core.adapters.vault("local").committed()]
        assert committed == ([key] if backup.state is BackupState.GOOD else [])
        assert world.left_behind() == []
        assert list((tmp_path / "vault").rglob("*.partial")) == []
        again = core.create_backup("orders", BEN).backup
        assert core.runner.wait(again.id, 60)
        assert core.find_backup(again.id).state is BackupState.GOOD
    finally:
        core.close()


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_restore_is_ready_or_interrupted_and_nothing_lies_around(tmp_path: Path, seed: int) -> None:
    """A half-made instance is removed, the backup stays good, and a new restore works."""
    world = build_world(tmp_path, rows=ROWS)
    with world.core:
        identifier = world.take()
    key = kill_in_the_middle(tmp_path, "restore", identifier, after=random.Random(seed).uniform(0, 0.6))
    core = restarted(tmp_path)
    try:
        settle(core, key)
        restore = core.catalog.restores.get(key)
        settle(core, destroy_run(restore.plan.instance))
        instance = core.catalog.instances.get(restore.plan.instance)
        if restore.state is RestoreState.READY:
            assert instance.state is InstanceState.READY
        else:
            assert restore.state is RestoreState.INTERRUPTED
            assert instance.state is InstanceState.DESTROYED
            assert world.left_behind() == []
        assert core.find_backup(identifier).state is BackupState.GOOD
    finally:
        core.close()


def settle(core: Core, key: str) -> None:
    """Let what was taken over come to its end: an approved restore that was not begun, a removal."""
    assert core.runner.wait(key, 60)


def test_a_run_of_a_living_process_is_left_alone(make_world: object, tmp_path: Path) -> None:
    """A second process that starts beside the first does not call its runs interrupted."""
    world: World = make_world(rows=ROWS)  # type: ignore[operator]
    backup = world.core.create_backup("orders", BEN).backup
    worker = subprocess.run(
        [sys.executable, "-c", f"import core.bootstrap as b; {_START}".format(root=tmp_path)],
        cwd=PROJECT,
        check=True,
        capture_output=True,
    )
    assert worker.returncode == 0
    world.settled(backup.id)
    assert world.core.find_backup(backup.id).state is BackupState.GOOD


_START = (
    "from pathlib import Path; from tests.support.world import FixedGroups; "
    "core = b.build_core(b.load_config(Path('{root}/safehold.toml')), role='command-line', groups=FixedGroups()); "
    "core.start(); core.close()"
)


def test_an_item_that_can_not_be_settled_does_not_keep_the_others_waiting(world: World) -> None:
    """One unreachable vault doesn't hide every other truth."""
    waiting = world.core.request_restore(world.core.plan_restore(world.take(), BEN), "reason", BEN)
    world.core.catalog.restores.move(waiting.id, frozenset({RestoreState.WAITING}), expires_at=world.clock.now())
    with pytest.raises(SafeholdError):
        world.core.find_backup("nothing")
    world.core.reconcile()
    assert world.core.catalog.restores.get(waiting.id).state is RestoreState.EXPIRED
