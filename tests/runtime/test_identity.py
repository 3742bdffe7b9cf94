"""Identity: who lives, who is dead, and who can't be seen from here."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from core.runtime.clock import SystemClock
from core.runtime.identity import ProcessIdentity, alive, this_host

ROOT = Path(__file__).parents[2]


def test_this_process_lives() -> None:
    """The owner text of this process names one that runs, and reads back as the same identity."""
    current = ProcessIdentity.current()
    assert alive(current.owner) is True
    assert ProcessIdentity.parse(current.owner) == current


def test_other_processes_are_not_taken_for_it() -> None:
    """A process id that was given to a later process, or to none, is dead."""
    current = ProcessIdentity.current()
    assert alive(replace(current, created=current.created - 60).owner) is False
    for pid in (0x7FFF_FFFF, 2**70, -1):
        assert alive(replace(current, pid=pid).owner) is False


def test_another_host_cannot_be_seen() -> None:
    """A process of another host, another boot or another container may live or not."""
    current = ProcessIdentity.current()
    assert alive(replace(current, host="elsewhere.12345678").owner) is None


@pytest.mark.parametrize("text", ["", "nobody", "host:1", "host:x:1.0", "host:1:x"])
def test_texts_that_name_no_process_are_dead(text: str) -> None:
    """An owner text that names no process is of nothing that runs."""
    assert alive(text) is False


def test_ended_child_is_dead_even_unreaped() -> None:
    """A process that was killed is dead from that moment, also while its parent has not asked for its end."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        process = psutil.Process(child.pid)
        identity = ProcessIdentity(this_host(), child.pid, round(process.create_time() - psutil.boot_time(), 2))
        assert alive(identity.owner) is True
        child.kill()
        clock = SystemClock()
        deadline = clock.monotonic() + 30
        while process.status() != psutil.STATUS_ZOMBIE and clock.monotonic() < deadline:
            pass
        assert alive(identity.owner) is False
    assert alive(identity.owner) is False


MOVING_CLOCK = """
import itertools, os, sys, threading, psutil
from pathlib import Path
from core.runtime.identity import ProcessIdentity, alive

proc = Path(sys.argv[1])
(proc / str(os.getpid())).symlink_to(f"/proc/{os.getpid()}")
moved = threading.Event()

def move():
    for step in itertools.count():
        (proc / "next").write_text(f"btime {1_000_000_000 + step * step}\\n")
        (proc / "next").replace(proc / "stat")
        moved.set()

threading.Thread(target=move, daemon=True).start()
moved.wait(10)
psutil.PROCFS_PATH = str(proc)
print(all(alive(ProcessIdentity.current().owner) for _ in range(300)))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere psutil's count is taken")
def test_a_clock_that_is_set_meanwhile_kills_nobody(tmp_path: Path) -> None:
    """A process lives on under its text while the system's boot time moves with each look."""
    argv = [sys.executable, "-c", MOVING_CLOCK, str(tmp_path)]
    said = subprocess.run(argv, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60)
    assert said.stdout.strip() == "True"


def test_clock_tells_utc_and_never_goes_back() -> None:
    """The clock's time is aware, in UTC and now; its seconds only grow."""
    clock = SystemClock()
    earlier = clock.monotonic()
    assert abs((clock.now() - datetime.now(UTC)).total_seconds()) < 5
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() >= earlier
