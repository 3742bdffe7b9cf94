"""Processes: run to their end, left to live, found, and stopped, with nothing left behind."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from core.errors import Cancelled, OperationError, UnavailableError
from core.runtime.process import alive, created, find, run, spawn_detached, stop, variable
from tests.support.waiting import until

PYTHON = sys.executable
FOREVER = "import signal; print('up', flush=True); signal.pause()"
DEAF = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True)\nwhile True: signal.pause()"
)


def gone(pid: int) -> bool:
    """Say whether a process is dead, be it a zombie."""
    return created(pid) is None


def test_a_program_runs_to_its_end() -> None:
    """Its code and both of its streams are known afterwards."""
    completed = run((PYTHON, "-c", "import sys; print('a'); print('b', file=sys.stderr); sys.exit(3)"), timeout=30)
    assert completed.code == 3
    assert sorted(completed.tail.split()) == ["a", "b"]
    assert completed.errors == "b\n"


def test_lines_come_while_it_runs() -> None:
    """A line is handed on before the program ends, and the last one needs no line break."""
    lines: list[str] = []
    program = "import sys; print('one\\r'); sys.stdout.flush(); sys.stdin.read(0); sys.stdout.write('ü\\n\\nthree')"
    run((PYTHON, "-X", "utf8", "-c", program), timeout=30, on_line=lines.append)
    assert lines == ["one", "ü", "three"]


def test_a_running_program_is_heard_before_its_end() -> None:
    """What waits for the first line can end the program, which would never end by itself."""

    def heard(line: str) -> None:
        raise RuntimeError(line)

    with pytest.raises(RuntimeError, match="up"):
        run((PYTHON, "-c", FOREVER), timeout=60, on_line=heard)


def test_much_output_is_kept_short() -> None:
    """Of endless output only the last 64 KiB stay, and a line without end comes in parts."""
    longest = 0

    def heard(line: str) -> None:
        nonlocal longest
        longest = max(longest, len(line))

    program = "import sys; [sys.stdout.write('x' * 100000) for _ in range(50)]; sys.stdout.write('end')"
    completed = run((PYTHON, "-c", program), timeout=60, on_line=heard)
    assert len(completed.tail) == 64 * 1024
    assert completed.tail.endswith("xend")
    assert longest < 1_200_000


def test_too_long_is_ended(tmp_path: Path) -> None:
    """A program that takes too long is ended with what it started, and its last words are told."""
    marker = tmp_path / "child"
    program = f"import subprocess; subprocess.Popen([{PYTHON!r}, '-c', {DEAF!r}, {str(marker)!r}])\n{FOREVER}"
    with pytest.raises(OperationError, match=r"did not finish within 1.5 s") as caught:
        run((PYTHON, "-c", program), timeout=1.5)
    assert "up" in caught.value.detail
    until(lambda: find(str(marker)) == ())


def test_a_deaf_program_is_killed() -> None:
    """TERM may be ignored, KILL can't be."""
    pids: list[int] = []
    program = f"import os; print(os.getpid(), flush=True)\n{DEAF}"
    stopped = threading.Event()

    def heard(line: str) -> None:
        if line == "up":
            stopped.set()
        else:
            pids.append(int(line))

    with pytest.raises(Cancelled):
        run((PYTHON, "-c", program), timeout=60, on_line=heard, cancelled=stopped.is_set)
    assert gone(pids[0])


def test_a_background_child_does_not_hold_us_up() -> None:
    """A program that leaves a server behind, with our pipes open, has ended when it has ended."""
    program = f"import subprocess; print(subprocess.Popen([{PYTHON!r}, '-c', {FOREVER!r}], start_new_session=True).pid)"
    lines: list[str] = []
    completed = run((PYTHON, "-c", program), timeout=30, on_line=lines.append)
    assert completed.code == 0
    pid = int(next(line for line in lines if line.isdigit()))
    assert not gone(pid)
    os.kill(pid, signal.SIGKILL)
    until(lambda: gone(pid))


@pytest.mark.parametrize("argv", [("/no/such/program",), (str(Path(__file__).parent),), ("a\0b",)])
def test_what_can_not_be_started_is_told(argv: tuple[str, ...]) -> None:
    """The error names the program and the next step."""
    with pytest.raises(UnavailableError, match="could not be started"):
        run(argv, timeout=5)


def test_a_program_that_ends_before_it_may_begin_is_told_as_ended() -> None:
    """Its number is on record, and nothing is there any more to be told to go on."""

    def end(pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        until(lambda: psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)

    assert run(("true",), timeout=30, on_start=end).code == -signal.SIGKILL


def test_children_see_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless told otherwise, a program gets what it needs of our environment, and nothing secret."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-canary")
    shows = "import os; print(dict(os.environ))"
    assert "canary" not in run((PYTHON, "-c", shows), timeout=30).tail
    assert "'A': 'b'" in run((PYTHON, "-c", shows), timeout=30, env={"A": "b"}).tail


def test_a_child_that_reads_its_stdin_ends_with_us(tmp_path: Path) -> None:
    """When we are killed with -9, a program that watches its stdin sees its end, and goes."""
    marker = str(tmp_path / "watching")
    child = "import sys; sys.stdin.read()"
    ours = f"from core.runtime.process import run; run(({PYTHON!r}, '-c', {child!r}, {marker!r}), timeout=100)"
    with subprocess.Popen([PYTHON, "-c", ours], cwd=Path(__file__).parents[2], start_new_session=True) as parent:
        until(lambda: any(pid != parent.pid for pid in _exact(marker)))
        parent.kill()
    until(lambda: _exact(marker) == ())


def _exact(marker: str) -> tuple[int, ...]:
    """Return the processes that have the marker as a whole argument."""
    return tuple(pid for pid in find(marker) if not gone(pid) and marker in psutil.Process(pid).cmdline())


def test_a_detached_program_is_known_at_once(tmp_path: Path) -> None:
    """Whoever looks right after its start sees its arguments and its variables: by these it is stopped."""
    for number in range(60):
        marker = f"{tmp_path}/{number}"
        program = (PYTHON, "-c", FOREVER, marker)
        pid = spawn_detached(program, log=tmp_path / "log", env={"A": "b"}, cwd=tmp_path)
        seen, arguments, began = variable(pid, "A"), psutil.Process(pid).cmdline(), created(pid)
        assert began is not None
        assert stop(pid, began, 0)
        assert (seen, arguments) == ("b", list(program))


def test_a_detached_program_is_found_and_stopped(tmp_path: Path) -> None:
    """It prints to its log, is found by its path, is known by its time, and ends when asked."""
    log, place = tmp_path / "log", tmp_path / "a" / "x"
    log.write_text("before\n")
    pid = spawn_detached((PYTHON, "-c", FOREVER, f"--in={place}/y"), log=log, env={"A": "b"}, cwd=tmp_path)
    began = created(pid)
    assert began is not None
    until(lambda: log.read_text() == "before\nup\n")
    assert os.getsid(pid) == pid
    assert variable(pid, "A") == "b"
    assert find(str(place)) == find(f"{place}/") == find(str(place / "y")) == (pid,)
    assert alive(pid, began)
    assert not alive(pid, began - 60)
    assert stop(pid, began - 60)
    assert alive(pid, began)
    assert stop(pid, began)
    assert not psutil.pid_exists(pid)


def test_a_path_is_found_whole(tmp_path: Path) -> None:
    """Neighbours whose paths only begin or end alike are not meant."""
    place = tmp_path / "x"
    pids = {}
    for argument in (f"{place}", f"a:{place}/conf:b", f"file://{place}", f"{place}1", f"/other{place}", f"{place}-y"):
        program = (PYTHON, "-c", FOREVER, argument)
        pids[argument] = spawn_detached(program, log=tmp_path / "log", env={}, cwd=tmp_path)
    try:
        assert set(find(str(place))) == set(list(pids.values())[:3])
    finally:
        for pid in pids.values():
            assert stop(pid, created(pid) or 0)


def test_a_deaf_detached_program_is_killed_after_its_grace(tmp_path: Path) -> None:
    """What doesn't listen gets its time, then it is ended, and its group with it."""
    program = f"import subprocess; subprocess.Popen([{PYTHON!r}, '-c', {DEAF!r}, {str(tmp_path)!r}])\n{DEAF}"
    pid = spawn_detached((PYTHON, "-c", program), log=tmp_path / "log", env={}, cwd=tmp_path)
    until(lambda: (tmp_path / "log").read_text().count("up") == 2)
    assert stop(pid, created(pid) or 0, grace_seconds=0.2)
    until(lambda: find(str(tmp_path)) == ())


def test_a_zombie_is_dead() -> None:
    """A process that nobody has reaped yet doesn't run any more."""
    process = subprocess.Popen([PYTHON, "-c", "pass"])
    until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE)
    assert created(process.pid) is None
    assert stop(process.pid, 0.0)
    process.wait()


def test_nobody_has_no_time() -> None:
    """A process that isn't there is not alive, has no variables, and is stopped already."""
    process = subprocess.Popen([PYTHON, "-c", "pass"])
    process.wait()
    assert created(process.pid) is None
    assert variable(process.pid, "PATH") is None
    assert stop(process.pid, 0.0)
