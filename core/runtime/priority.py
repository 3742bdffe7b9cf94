"""The priority of a thread: long work that must not be felt by what it works beside."""

import contextlib
import os
import sys
import threading
from pathlib import Path

AWAITED, UNATTENDED = 10, 19
"""How far down work goes, in Linux's niceness: half way where a person waits for it, so that it still advances on a
busy machine; all the way where nobody does."""


def give_way(niceness: int = AWAITED) -> None:
    """Let this thread, and the threads and programs it starts from now on, run when others don't need the processor.

    It can't be taken back without privileges: call it in a thread that ends with the work. Linux alone gives each
    thread a niceness of its own; elsewhere nothing happens.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)


def gives_way() -> bool:
    """Say whether this thread does."""
    return _niceness() >= AWAITED


def take_along(pid: int) -> None:
    """Let a program that has a session of its own give way too where this thread does.

    Linux may weigh whole sessions against one another before it looks at niceness (sched(7), autogroups): there a
    proof in a session of its own took half of two cores from its source, whatever its niceness.
    """
    if gives_way():
        with contextlib.suppress(OSError):
            Path(f"/proc/{pid}/autogroup").write_text(str(_niceness()), encoding="ascii")


def _niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) if sys.platform == "linux" else 0
