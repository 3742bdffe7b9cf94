"""Long work gives way to everything else, and only that work."""

import os
import sys
import threading

import pytest

from core.runtime.priority import NICENESS, give_way
from core.runtime.process import run


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives each thread a niceness of its own")
def test_a_thread_that_gives_way_takes_its_programs_along_and_nobody_else() -> None:
    """Its children run as low as it does; the rest of the process, Slack's clicks among it, does not."""
    before, heard = os.getpriority(os.PRIO_PROCESS, 0), list[str]()

    def work() -> None:
        give_way()
        program = "import os; print(os.getpriority(os.PRIO_PROCESS, 0))"
        run([sys.executable, "-c", program], timeout=30, on_line=heard.append)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert heard == [str(NICENESS)]
    assert os.getpriority(os.PRIO_PROCESS, 0) == before
