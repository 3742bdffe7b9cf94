"""Waking work again and again, whatever the wall clock does."""

import threading
from datetime import UTC, datetime, timedelta

from core.runtime.waker import Waker

SOON = 20


class Clock:
    """The real wall time, set back or forward by as much as a test wants."""

    def __init__(self) -> None:
        self.offset = timedelta(0)
        self.elapsed = 0.0

    def now(self) -> datetime:
        """Return the wall time as it is set."""
        return datetime.now(UTC) + self.offset

    def monotonic(self) -> float:
        """Return the time that has passed; only what a test says."""
        return self.elapsed


def test_work_is_done_at_once_and_after_the_clock_was_set_back() -> None:
    """What is to be done once a day is done at the start, and again when the clock was set back by a day."""
    clock, jumps, done = Clock(), [], threading.Semaphore(0)
    waker = Waker(clock, jumps.append)
    waker.every(86_400, done.release, "daily")
    waker.start()
    try:
        assert done.acquire(timeout=SOON)
        clock.offset = timedelta(days=-1)
        waker.look()
        assert done.acquire(timeout=SOON)
    finally:
        waker.stop()
        waker.stop()
    assert [round(jump, -2) for jump in jumps] == [-86_400]


def test_time_that_passes_is_no_jump() -> None:
    """A machine that is slow, and a clock that is set by seconds, wake nothing and tell nobody."""
    clock, jumps = Clock(), list[float]()
    waker = Waker(clock, jumps.append)
    clock.elapsed, clock.offset = 500.0, timedelta(seconds=530)
    waker.look()
    clock.elapsed, clock.offset = 600.0, timedelta(seconds=4_300)
    waker.look()
    assert [round(jump, -2) for jump in jumps] == [3_700]


def test_work_that_begins_after_a_jump_finds_it_noted() -> None:
    """Whatever is due in the seconds before the next look compares the clock itself, and notes what it finds first."""
    clock, jumps, found = Clock(), list[float](), list[bool]()
    looked = threading.Semaphore(0)

    def work() -> None:
        if clock.offset:
            found.append(bool(jumps))
        looked.release()

    waker = Waker(clock, jumps.append)
    waker.every(0.01, work, "often")
    waker.start()
    try:
        assert looked.acquire(timeout=SOON)
        clock.offset = timedelta(minutes=-2)
        for _ in range(4):
            assert looked.acquire(timeout=SOON)
    finally:
        waker.stop()
    # The first may have begun in the moment of the jump.
    assert all(found[1:])
    assert len(jumps) == 1


def test_a_jump_that_can_not_be_noted_stops_no_work() -> None:
    """What is due is done all the same, for it may be what mends that; the jump is told when it can be, whole."""
    clock, told, possible = Clock(), list[float](), threading.Event()
    done = threading.Semaphore(0)

    def note(jump: float) -> None:
        if not possible.is_set():
            raise OSError
        told.append(jump)

    waker = Waker(clock, note)
    waker.every(0.01, done.release, "often")
    waker.start()
    try:
        assert done.acquire(timeout=SOON)
        clock.offset = timedelta(minutes=-2)
        for _ in range(6):
            assert done.acquire(timeout=SOON)
        possible.set()
        for _ in range(3):
            assert done.acquire(timeout=SOON)
    finally:
        waker.stop()
    assert [round(jump, -1) for jump in told] == [-120]
