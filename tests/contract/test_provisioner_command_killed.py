"""Safehold is killed while the user's `up` runs: nothing of it goes on after the instance was destroyed."""

import subprocess
import sys
from pathlib import Path

import psutil

from core.provisioners.command import CommandProvisioner

sys.path.insert(0, str(Path(__file__).parent))
from provisioner_suite import NAME, manifest

from tests.support.waiting import until

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
            until(lambda: all(_runs(path) for path in pids))
            # Its record follows the start of the program by a moment.
            until(lambda: '"pid": 0' not in (instances / NAME / "instance.json").read_text())
        finally:
            killed.kill()
    assert all(_runs(path) for path in pids)
    orphans = [psutil.Process(int(path.read_text())) for path in pids]
    try:
        gone = ("printf", '{"state": "destroyed"}')
        CommandProvisioner("k8s", instances, up=("true",), down=("sh", "-c", DOWN), status=gone).destroy(NAME)
        assert (instances / "late").read_text() == ""
        assert not (instances / NAME).exists()
        until(lambda: not any(orphan.is_running() and orphan.status() != "zombie" for orphan in orphans))
    finally:
        for orphan in orphans:
            if orphan.is_running():
                orphan.kill()


KILLED_AT_EACH_LINE = """
import itertools, os, signal, sys
from pathlib import Path
root, tests, folder = sys.argv[1:]
sys.path[:0] = [root, tests]
import psutil
from core.provisioners.command import CommandProvisioner
from core.provisioners.folders import MARK
from core.runtime.process import variable
from provisioner_suite import NAME, manifest
from tests.support.waiting import until

up = "echo $$ >> ../../begun; sleep 0.5; echo '{\\"endpoint\\": \\"\\"}'"
gone = ("printf", '{"state": "destroyed"}')
down = "echo down >> ../../down"
k8s = CommandProvisioner("k8s", Path(folder), up=("sh", "-c", up), down=("sh", "-c", down), status=gone)
watched = ("core/provisioners/command.py", "core/provisioners/folders.py", "core/runtime/process.py", "files.py")
begun = Path(folder).parent / "begun"

def killing(line):
    left = itertools.count(line, -1)
    def trace(frame, event, argument):
        if not frame.f_code.co_filename.endswith(watched):
            return None
        if event == "line" and next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace
    return trace

def marked():
    return [p for p in psutil.pids() if variable(p, MARK) == str(Path(folder) / NAME)]

place = k8s.reserve(NAME, port=False)
k8s.destroy(NAME)
ended_early, steps, begun_at_last = 0, 0, ""
while ended_early < 5:
    child = os.fork()
    if not child:
        try:
            place = k8s.reserve(NAME, port=False)
            sys.settrace(killing(steps * 3))
            k8s.start(place, None, manifest())
            os._exit(0)
        finally:
            os._exit(9)
    _, ended = os.waitpid(child, 0)
    assert ended == 0 or os.WTERMSIG(ended) == signal.SIGKILL, ended
    record = k8s.folders.record(NAME)
    unrecorded = record is None or record.pid == 0
    k8s.destroy(NAME)
    before = begun.read_text() if begun.exists() else ""
    until(lambda: not marked())
    after = begun.read_text() if begun.exists() else ""
    assert not unrecorded or before == after == begun_at_last, "an up that is not on record ran"
    begun_at_last = after
    ended_early += bool(after) and not unrecorded
    steps += 1
print(steps, ended_early)
"""


def test_an_up_runs_only_once_its_number_is_on_record(tmp_path: Path) -> None:
    """Killed at any line before, Safehold leaves no `up` that begins afterwards; after it, destroy ends that one."""
    tests = Path(__file__).parent
    argv = [sys.executable, "-c", KILLED_AT_EACH_LINE, str(tests.parents[1]), str(tests), str(tmp_path / "instances")]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    steps, ended_early = map(int, done.stdout.split())
    assert steps > 10
    assert ended_early == 5


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
