"""The heartbeat: regular, unbreakable, and gone at once."""

import threading

import pytest

from core.runtime.clock import SystemClock
from core.runtime.heartbeat import Heartbeat

LONG = 30.0


def test_it_beats_again_and_again() -> None:
    """The function is called at once and then again and again, until it is closed."""
    beats = threading.Semaphore(0)
    with Heartbeat(beats.release, 0.001):
        assert all(beats.acquire(timeout=LONG) for _ in range(5))
    while beats.acquire(blocking=False):
        pass
    assert not beats.acquire(timeout=0.02)


def test_it_survives_what_it_calls(caplog: pytest.LogCaptureFixture) -> None:
    """A beat that fails is logged, and the next one comes."""
    beats = threading.Semaphore(0)

    def beat() -> None:
        beats.release()
        raise OSError("disk is away")

    with Heartbeat(beat, 0.001, name="processes"):
        assert all(beats.acquire(timeout=LONG) for _ in range(3))
    assert "processes failed and goes on" in caplog.text
    assert "disk is away" in caplog.text


def test_it_ends_at_once() -> None:
    """Closing does not wait for the next beat, can be done twice, before the start, and from within a beat."""
    clock, beaten = SystemClock(), threading.Event()
    heartbeat = Heartbeat(beaten.set, 3600).start()
    assert beaten.wait(LONG)
    began = clock.monotonic()
    heartbeat.close()
    heartbeat.close()
    assert clock.monotonic() - began < 10
    Heartbeat(beaten.set, 1).close()
    closed = threading.Event()
    inner: list[Heartbeat] = []

    def close_itself() -> None:
        inner[0].close()
        closed.set()

    inner.append(Heartbeat(close_itself, 3600))
    inner[0].start()
    assert closed.wait(LONG)
    inner[0].close()
