"""The priority of a thread: long work that must not be felt by what it works beside."""

import contextlib
import os
import sys
import threading

NICENESS = 10
"""Half way down: such work still advances on a machine that is busy, and gives way to everything else."""


def give_way() -> None:
    """Let this thread, and the threads and programs it starts from now on, run when others don't need the processor.

    It can't be taken back without privileges: call it in a thread that ends with the work. Linux alone gives each
    thread a niceness of its own; elsewhere nothing happens.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
