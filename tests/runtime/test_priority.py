"""Long work gives way to everything else, and only that work."""

import os
import sys
import threading

import pytest

from core.runtime.priority import AWAITED, UNATTENDED, give_way, gives_way
from core.runtime.process import run

LOOK = """
import os, sys
from tests.support.waiting import until
group = "/proc/self/autogroup"
def said():
    return f"{os.getpriority(os.PRIO_PROCESS, 0)} {open(group).read() if os.path.exists(group) else ''}".strip()
until(lambda: said().startswith(sys.argv[1]) and said().endswith(sys.argv[1]), 10)
print(said())
"""
"""Prints how low it runs, and its session where there are such, once it was given that."""


@pytest.mark.parametrize("niceness", [AWAITED, UNATTENDED])
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives each thread a niceness of its own")
def test_a_thread_that_gives_way_takes_its_programs_along_and_nobody_else(niceness: int) -> None:
    """Its children run as low as it does; the rest of the process, Slack's clicks among it, does not."""
    before, heard, said = os.getpriority(os.PRIO_PROCESS, 0), list[str](), [gives_way()]

    def work() -> None:
        give_way(niceness)
        run([sys.executable, "-c", LOOK, str(niceness)], timeout=30, on_line=heard.append)
        said.append(gives_way())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert heard[0].startswith(str(niceness))
    assert heard[0].endswith(str(niceness))
    assert said == [before >= AWAITED, True]
    assert os.getpriority(os.PRIO_PROCESS, 0) == before
