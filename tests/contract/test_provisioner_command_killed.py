"""Safehold is killed while the user's `up` runs: nothing of it goes on after the instance was destroyed."""

import subprocess
import sys
from pathlib import Path

import psutil

from core.provisioners.command import CommandProvisioner

sys.path.insert(0, str(Path(__file__).parent))
from provisioner_suite import NAME, manifest, wait_until

ROOT = Path(__file__).parents[2]
UP = "echo $$ > up.pid; trap '' TERM; sleep 300 & echo $! > child.pid; wait; wait"
DOWN = "ps -o stat= -p $(cat up.pid) | grep -v Z > ../late; true"
STARTING = f"""
import sys
from pathlib import Path
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "tests" / "contract")!r}]
from core.provisioners.command import CommandProvisioner
from provisioner_suite import NAME, manifest
programs = {{verb: ("sh", "-c", {UP!r}) for verb in ("up", "down", "status")}}
provisioner = CommandProvisioner("k8s", Path(sys.argv[1]), **programs)
provisioner.start(provisioner.reserve(NAME, port=False), None, manifest())
"""


def _runs(path: Path) -> bool:
    """Say whether the process whose number is in a file is alive."""
    try:
        return psutil.Process(int(path.read_text())).status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, OSError, ValueError):
        return False


def test_an_up_that_outlived_us_is_ended_before_down(tmp_path: Path) -> None:
    """An `up` that a kill -9 of Safehold orphaned is ended with all of its group, deaf or not, and then `down` runs."""
    instances = tmp_path / "instances"
    pids = [instances / NAME / name for name in ("up.pid", "child.pid")]
    with subprocess.Popen([sys.executable, "-c", STARTING, str(instances)]) as killed:
        try:
            wait_until(lambda: all(_runs(path) for path in pids))
            # Its record follows the start of the program by a moment.
            wait_until(lambda: '"pid": 0' not in (instances / NAME / "instance.json").read_text())
        finally:
            killed.kill()
    assert all(_runs(path) for path in pids)
    orphans = [psutil.Process(int(path.read_text())) for path in pids]
    try:
        gone = ("printf", '{"state": "destroyed"}')
        CommandProvisioner("k8s", instances, up=("true",), down=("sh", "-c", DOWN), status=gone).destroy(NAME)
        assert (instances / "late").read_text() == ""
        assert not (instances / NAME).exists()
        wait_until(lambda: not any(orphan.is_running() and orphan.status() != "zombie" for orphan in orphans))
    finally:
        for orphan in orphans:
            if orphan.is_running():
                orphan.kill()


def test_a_number_that_is_a_strangers_by_now_is_left_alone(tmp_path: Path) -> None:
    """A process that got the number of an old `up` lives on."""
    gone = ("printf", '{"state": "destroyed"}')
    up = ("printf", '{"endpoint": ""}')
    provisioner = CommandProvisioner("k8s", tmp_path / "instances", up=up, down=("true",), status=gone)
    provisioner.start(provisioner.reserve(NAME, port=False), None, manifest())
    with subprocess.Popen(["sleep", "300"]) as stranger:
        try:
            record = provisioner.folders.record(NAME)
            assert record is not None
            assert record.pid > 0
            provisioner.folders.change(record, pid=stranger.pid, created=psutil.Process(stranger.pid).create_time())
            provisioner.destroy(NAME)
            assert stranger.poll() is None
        finally:
            stranger.kill()
