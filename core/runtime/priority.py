"""The priority of a thread: long work that must not be felt by what it works beside."""

import contextlib
import os
import sys
import threading
from pathlib import Path

NICENESS = 10
"""Half way down: such work still advances on a machine that is busy, and gives way to everything else."""
PROGRAM_NICENESS = 19
"""A program that gives way goes all the way down: a JVM warms up with more threads than there are processors."""


def give_way() -> None:
    """Let this thread, and the threads and programs it starts from now on, run when others don't need the processor.

    It can't be taken back without privileges: call it in a thread that ends with the work. Linux alone gives each
    thread a niceness of its own; elsewhere nothing happens.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def gives_way() -> bool:
    """Say whether this thread does."""
    return sys.platform == "linux" and os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) >= NICENESS


def take_along(pid: int) -> None:
    """Let a program that has a session of its own give way too where this thread does.

    Linux may weigh whole sessions against one another before it looks at niceness (sched(7), autogroups): there a
    proof in a session of its own took half of two cores from its source, whatever its niceness.
    """
    if gives_way():
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, pid, PROGRAM_NICENESS)
            Path(f"/proc/{pid}/autogroup").write_text(str(PROGRAM_NICENESS), encoding="ascii")
