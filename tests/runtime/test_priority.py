"""Long work gives way to everything else, and only that work."""

import os
import sys
import threading
from pathlib import Path

import pytest

from core.runtime.priority import NICENESS, give_way
from core.runtime.process import run

AUTOGROUP = Path("/proc/self/autogroup")
SESSION = """
import time
until = time.monotonic() + 10
while "nice 10" not in (said := open("/proc/self/autogroup").read()) and time.monotonic() < until:
    time.sleep(0.01)
print(said.strip())
"""
"""Prints the weight of its session, once it was given one."""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives each thread a niceness of its own")
def test_a_thread_that_gives_way_takes_its_programs_along_and_nobody_else() -> None:
    """Its children run as low as it does; the rest of the process, Slack's clicks among it, does not."""
    before, heard = os.getpriority(os.PRIO_PROCESS, 0), list[str]()

    def work() -> None:
        give_way()
        run(
            [sys.executable, "-c", "import os; print(os.getpriority(os.PRIO_PROCESS, 0))"],
            timeout=30,
            on_line=heard.append,
        )
        if AUTOGROUP.exists():
            run([sys.executable, "-c", SESSION], timeout=30, on_line=heard.append)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert heard[0] == str(NICENESS)
    assert not AUTOGROUP.exists() or heard[1].endswith(f"nice {NICENESS}")
    assert os.getpriority(os.PRIO_PROCESS, 0) == before
