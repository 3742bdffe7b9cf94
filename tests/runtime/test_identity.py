"""Identity: who lives, who is dead, and who can't be seen from here."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import psutil
import pytest

from core.runtime.clock import SystemClock
from core.runtime.identity import ProcessIdentity, alive, this_host


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


def test_clock_tells_utc_and_never_goes_back() -> None:
    """The clock's time is aware, in UTC and now; its seconds only grow."""
    clock = SystemClock()
    earlier = clock.monotonic()
    assert abs((clock.now() - datetime.now(UTC)).total_seconds()) < 5
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() >= earlier
