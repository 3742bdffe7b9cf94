"""What the main thread waits for: a signal ends it, whatever the thread is just about to do."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SIGNALLED = """
import os, signal, sys, threading
from bot.__main__ import Ended

def lines_until(number):
    ended, seen = Ended(), 0
    def look(frame, event, _):
        nonlocal seen
        if event == "line":
            seen += 1
            if seen == number:
                signal.raise_signal(signal.SIGTERM)
        return look
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    # Where there is no such line it is waiting by then, and this one ends it.
    later = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM))
    later.start()
    sys.settrace(look)
    ended.wait()
    sys.settrace(None)
    later.cancel()
    later.join()
    return seen

number = 1
while lines_until(number) >= number:
    number += 1
print(number)
"""


def test_a_signal_at_any_moment_ends_the_wait() -> None:
    """It comes before each single line of the wait, and while it waits: each time the wait is over."""
    ended = subprocess.run(
        [sys.executable, "-c", SIGNALLED], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 1
