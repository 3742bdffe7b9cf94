"""Instances as processes: the contract, and what only processes can suffer."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from core.errors import NotEnoughSpace, PortInUse, ProvisionerFailed
from core.model.instance import InstanceState
from core.model.place import Launch
from core.provisioners.process import ProcessProvisioner
from core.runtime.process import find

sys.path.insert(0, str(Path(__file__).parent))
from provisioner_suite import (
    NAME,
    ProvisionerSuite,
    answers,
    launch,
    manifest,
    unused_ports,
)

from tests.support.waiting import until

Make = Callable[[], ProcessProvisioner]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Return a maker of provisioners over one directory; what they left is destroyed."""
    ports = unused_ports(4)

    def made() -> ProcessProvisioner:
        return ProcessProvisioner("here", tmp_path / "instances", ports, memory=0)

    yield made
    for name in made().names():
        made().destroy(name)


class TestProcess(ProvisionerSuite):
    """The contract, with processes."""


def test_files_are_an_instance_of_an_engine_without_a_server(make: Make) -> None:
    """Nothing is started for it, it is ready as long as its files stand."""
    place = make().reserve(NAME, port=False)
    (place.directory / "orders.db").write_text("x")
    assert make().start(place, None, manifest()) == ""
    assert make().status(NAME) is InstanceState.READY
    make().destroy(NAME)
    assert not place.directory.exists()


def test_an_instance_that_died_is_stopped(make: Make) -> None:
    """A process that ended by itself is not called ready, and its last words are kept."""
    place = make().reserve(NAME, port=True)
    program = (sys.executable, "-c", "print('no memory'); raise SystemExit(3)", str(place.directory))
    make().start(place, Launch(program), manifest())
    until(lambda: make().status(NAME) is InstanceState.STOPPED)
    assert "no memory" in make().log(NAME)


def test_starting_twice_starts_one(make: Make) -> None:
    """A repeated start leaves the running one alone."""
    place = make().reserve(NAME, port=True)
    for _ in range(2):
        make().start(place, launch(place), manifest())
    assert len(find(str(place.directory))) == 1


def test_a_program_that_is_not_there_is_told(make: Make) -> None:
    """The error names the program; the folder can be destroyed."""
    place = make().reserve(NAME, port=True)
    with pytest.raises(ProvisionerFailed, match="/no/such/java could not be started"):
        make().start(place, Launch(("/no/such/java", str(place.directory))), manifest())
    make().destroy(NAME)


def test_our_secrets_stay_ours(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The instance's environment holds what the engine gave it, and no token."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-canary")
    place = make().reserve(NAME, port=True)
    make().start(place, launch(place), manifest())
    environment = psutil.Process(find(str(place.directory))[0]).environ()
    assert environment["GREETING"] == "hello"
    assert "xoxb-canary" not in environment.values()


def test_a_strangers_process_is_never_stopped(make: Make) -> None:
    """Somebody who looks at the instance's files, or has its old process number, lives on."""
    place = make().reserve(NAME, port=True)
    make().start(place, launch(place), manifest())
    until(lambda: answers(place))
    waiting = "import sys; sys.stdin.read()"
    watcher = subprocess.Popen([sys.executable, "-c", waiting, str(place.directory / "log")], stdin=subprocess.PIPE)
    neighbour = subprocess.Popen([sys.executable, "-c", waiting, f"{place.directory}x"], stdin=subprocess.PIPE)
    try:
        until(lambda: watcher.pid in find(str(place.directory)))
        record = make().folders.record(NAME)
        assert record is not None
        first = record.pid
        make().folders.change(record, pid=neighbour.pid)
        make().destroy(NAME)
        assert not psutil.pid_exists(first) or psutil.Process(first).status() == psutil.STATUS_ZOMBIE
        assert (watcher.poll(), neighbour.poll()) == (None, None)
    finally:
        for process in (watcher, neighbour):
            process.communicate()


def test_an_instance_that_ignores_the_request_to_end_is_ended(make: Make) -> None:
    """A process that a restart of the bot has orphaned, and that ignores TERM, is still removed whole."""
    place = make().reserve(NAME, port=True)
    program = (
        "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
    )
    make().start(place, Launch((sys.executable, "-c", program, str(place.directory))), manifest())
    until(lambda: "deaf" in make().log(NAME))
    (pid,) = find(str(place.directory))
    os.kill(pid, signal.SIGKILL)
    make().destroy(NAME)
    assert find(str(place.directory)) == ()


def test_too_little_memory_is_told_before_anything_is_made(make: Make, tmp_path: Path) -> None:
    """An instance that would not fit is not begun."""
    greedy = ProcessProvisioner("here", tmp_path / "instances", memory=1 << 60)
    with pytest.raises(NotEnoughSpace, match="MiB of memory are free"):
        greedy.reserve(NAME, port=True)
    assert make().names() == ()


def test_a_host_that_is_not_here_is_told(tmp_path: Path) -> None:
    """A wrong address is a named fault and not a lack of ports."""
    wrong = ProcessProvisioner("here", tmp_path / "instances", host="203.0.113.7", memory=0)
    with pytest.raises(ProvisionerFailed, match=r"203\.0\.113\.7 is no address"):
        wrong.reserve(NAME, port=True)
    assert wrong.names() == ()


def test_two_processes_never_choose_the_same_port(tmp_path: Path) -> None:
    """Two bots over one directory share the ports without a quarrel."""
    ports = unused_ports(6)
    program = (
        "import sys; from pathlib import Path; from core.provisioners.process import ProcessProvisioner\n"
        f"here = ProcessProvisioner('here', Path({str(tmp_path)!r}), range({ports.start}, {ports.stop}), memory=0)\n"
        "print(*(here.reserve(f'i{sys.argv[1]}-{n}', port=True).port for n in range(2)))"
    )
    root = str(Path(__file__).parents[2])
    bots = [
        subprocess.Popen([sys.executable, "-c", program, str(n)], stdout=subprocess.PIPE, cwd=root, text=True)
        for n in range(3)
    ]
    given = [port for bot in bots for port in bot.communicate()[0].split()]
    assert sorted(map(int, given)) == list(ports)
    with pytest.raises(PortInUse):
        ProcessProvisioner("here", tmp_path, ports, memory=0).reserve("one-more", port=True)


KILLED_AT_EACH_LINE = """
import itertools, os, signal, sys
from pathlib import Path
root, tests, folder, first, stop = sys.argv[1:]
sys.path[:0] = [root, tests]
from core.model.instance import InstanceState
from core.provisioners.process import ProcessProvisioner
from core.runtime.process import find
from provisioner_suite import launch, manifest

here = ProcessProvisioner("here", Path(folder), range(int(first), int(stop)), memory=0)
watched = ("core/provisioners/process.py", "core/provisioners/folders.py", "core/runtime/process.py", "files.py")

def killing(line):
    left = itertools.count(line, -1)
    def trace(frame, event, argument):
        if not frame.f_code.co_filename.endswith(watched) or frame.f_code.co_name in ("find", "<genexpr>"):
            return None
        if event == "line" and next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace
    return trace

def live(line):
    sys.settrace(killing(line))
    place = here.reserve("i", port=True)
    here.start(place, launch(place), manifest())
    place = here.move("i")
    here.start(place, launch(place), manifest())
    os._exit(0)

survived, orphans, steps = False, 0, 0
while not survived:
    child = os.fork()
    if not child:
        try:
            live(steps * 3)
        finally:
            os._exit(9)
    _, ended = os.waitpid(child, 0)
    survived = ended == 0
    assert survived or os.WTERMSIG(ended) == signal.SIGKILL, ended
    orphans += bool(find(folder)) and not survived
    here.destroy("i")
    assert find(folder) == (), find(folder)
    assert list(Path(folder).glob("*")) == [], list(Path(folder).glob("*"))
    assert here.status("i") is InstanceState.DESTROYED
    steps += 1
print(steps, orphans)
"""


def test_killed_anywhere_nothing_is_left_that_destroy_does_not_remove(tmp_path: Path) -> None:
    """However far reserve, start and move came before kill -9, destroy leaves no process, folder or record."""
    tests = Path(__file__).parent
    ports = unused_ports(2)
    argv = [sys.executable, "-c", KILLED_AT_EACH_LINE, str(tests.parents[1]), str(tests), str(tmp_path / "i")]
    done = subprocess.run(
        [*argv, str(ports.start), str(ports.stop)], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    steps, orphans = map(int, done.stdout.split())
    assert steps > 10
    assert orphans > 0


def test_an_instance_outlives_the_process_that_started_it(make: Make, tmp_path: Path) -> None:
    """The bot is killed, the instance runs on, and another process finds and destroys it."""
    ports = make().ports
    tests = Path(__file__).parent
    program = (
        f"import sys, os, signal; sys.path[:0] = [{str(tests.parents[1])!r}, {str(tests)!r}]\n"
        "from pathlib import Path; from provisioner_suite import *\n"
        "from core.provisioners.process import ProcessProvisioner\n"
        f"here = ProcessProvisioner('here', Path({str(tmp_path / 'instances')!r}), {ports!r}, memory=0)\n"
        "place = here.reserve(NAME, port=True); here.start(place, launch(place), manifest())\n"
        "os.killpg(0, signal.SIGKILL)"
    )
    died = subprocess.run([sys.executable, "-c", program], check=False, start_new_session=True)
    assert died.returncode == -signal.SIGKILL
    place = make().place(NAME)
    assert place is not None
    until(lambda: answers(place))
    assert make().status(NAME) is InstanceState.READY
    make().destroy(NAME)
    assert not answers(place)
