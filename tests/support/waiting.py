"""Waits for a condition with a deadline, which is how tests wait here."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import pytest

SECONDS = 60.0
SECONDS_BETWEEN_LOOKS = 0.02

T = TypeVar("T")


def until(look: Callable[[], T], seconds: float = SECONDS, what: str = "") -> T:
    """Look until something true is found and return it; at the deadline fail and say what did not come."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not (found := look()):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds:g} s: {what or look}")
        pause.wait(SECONDS_BETWEEN_LOOKS)
    return found
