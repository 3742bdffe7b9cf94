"""The runner: bounded, patient, and nothing gets lost in it."""

import functools
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import UnavailableError
from core.runtime.runner import MOST_ABANDONED, ThreadRunner

ROOT = Path(__file__).parents[2]
LONG = 30.0


@pytest.fixture
def runner() -> Iterator[ThreadRunner]:
    """Return a runner of two threads; all of them have ended afterwards."""
    made = ThreadRunner(2)
    yield made
    assert made.shutdown(LONG)


def test_work_runs_beside_the_caller_and_bounded(runner: ThreadRunner) -> None:
    """Submitting returns at once; two run at a time and never more, the others wait their turn."""
    pair, release, lock = threading.Barrier(2), threading.Event(), threading.Lock()
    running, most = 0, 0

    def work() -> None:
        nonlocal running, most
        with lock:
            running, most = running + 1, max(most, running + 1)
        release.wait(LONG)
        pair.wait(LONG)
        with lock:
            running -= 1

    for number in range(6):
        runner.submit(f"b{number}", work)
    assert not runner.wait("b5", 0)
    release.set()
    assert all(runner.wait(f"b{number}", LONG) for number in range(6))
    assert most == 2


def test_work_runs_in_the_order_it_was_asked_for() -> None:
    """Where one runs at a time, what was submitted first runs first."""
    runner, order, release = ThreadRunner(1), list[int](), threading.Event()
    runner.submit("gate", lambda: release.wait(LONG) and None)
    for number in range(5):
        runner.submit(str(number), functools.partial(order.append, number))
    release.set()
    assert all(runner.wait(str(number), LONG) for number in range(5))
    assert order == [0, 1, 2, 3, 4]
    assert runner.shutdown(LONG)


def test_what_nobody_waits_for_lets_all_else_go_first() -> None:
    """Patient work begins when nothing else waits, in its order; what is hastened joins the others at their end."""
    runner, order, release = ThreadRunner(1), list[str](), threading.Event()
    runner.submit("gate", lambda: release.wait(LONG) and None)
    for name in ("p1", "a", "p2", "p3", "b"):
        runner.submit(name, functools.partial(order.append, name), patient=name.startswith("p"))
    for name in ("p2", "a", "gate", "nothing"):
        runner.hasten(name)
    release.set()
    assert all(runner.wait(name, LONG) for name in ("p1", "p2", "p3", "a", "b"))
    assert order == ["a", "b", "p2", "p1", "p3"]
    assert runner.shutdown(LONG)


def test_patient_work_is_dropped_at_the_end_like_any() -> None:
    """Where time is up, what waits is not run, whatever its patience, and counts as ended."""
    runner, ran, release = ThreadRunner(1), list[str](), threading.Event()
    runner.submit("gate", lambda: release.wait(LONG) and None)
    runner.submit("waits", lambda: ran.append("waits"), patient=True)
    assert not runner.shutdown(0)
    assert runner.wait("waits", 0)
    release.set()
    assert runner.shutdown(LONG)
    assert ran == []


def test_unknown_work_has_ended(runner: ThreadRunner) -> None:
    """A key nobody submitted has ended, and there is nothing to cancel."""
    assert runner.wait("nothing")
    assert not runner.cancel("nothing")
    assert not runner.cancelled("nothing")


def test_cancel_reaches_work_that_looks(runner: ThreadRunner) -> None:
    """Work that was asked to stop sees it, waiting or running; another's work doesn't."""
    begun, seen = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        while not runner.cancelled("b1"):
            seen.wait(0.001)
        seen.set()

    runner.submit("b1", work)
    assert begun.wait(LONG)
    assert not runner.cancelled("b1")
    assert runner.cancel("b1")
    assert runner.cancelled("b1") or runner.wait("b1", 0)
    assert seen.wait(LONG)
    assert runner.wait("b1", LONG)
    assert not runner.cancelled("b1")


def test_work_of_one_key_may_follow_on_another(runner: ThreadRunner) -> None:
    """Work submitted under a key that still runs is run too, and is not cancelled with the earlier one."""
    release, answers = threading.Event(), list[bool]()

    def first() -> None:
        release.wait(LONG)
        answers.append(runner.cancelled("v"))

    runner.submit("v", first)
    runner.cancel("v")
    runner.submit("v", lambda: answers.append(runner.cancelled("v")))
    release.set()
    assert runner.wait("v", LONG)
    assert sorted(answers) == [False, True]


@pytest.mark.parametrize("error", [ValueError("secret plan"), SystemExit(3)])
def test_escaping_errors_are_logged(
    runner: ThreadRunner, caplog: pytest.LogCaptureFixture, error: BaseException
) -> None:
    """What escapes from work is in the log with a reference and its stack, and the thread goes on."""

    def fail() -> None:
        raise error

    runner.submit("b1", fail)
    assert runner.wait("b1", LONG)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "run b1 ended with an error, ref " in record.getMessage()
    assert record.exc_info is not None
    done = threading.Event()
    runner.submit("b2", done.set)
    assert done.wait(LONG)


def test_shutdown_asks_all_and_waits(caplog: pytest.LogCaptureFixture) -> None:
    """Shutting down asks running and waiting work to stop, runs it to its end, and takes no more."""
    runner, told = ThreadRunner(1), list[bool]()
    asked = threading.Event()

    def work(key: str) -> None:
        while not runner.cancelled(key):
            asked.wait(0.001)
        told.append(True)

    runner.submit("b1", lambda: work("b1"))
    runner.submit("b2", lambda: work("b2"))
    assert runner.shutdown(LONG)
    assert told == [True, True]
    assert not caplog.records
    with pytest.raises(UnavailableError, match="shutting down"):
        runner.submit("b3", lambda: None)


def test_shutdown_gives_up_in_time(caplog: pytest.LogCaptureFixture) -> None:
    """Work that does not stop in time is said to run still; what waited behind it is dropped and logged."""
    runner, release, ran = ThreadRunner(1), threading.Event(), list[str]()
    runner.submit("stubborn", lambda: release.wait(LONG) and None)
    runner.submit("waiting", lambda: ran.append("waiting"))
    assert not runner.shutdown(0.01)
    assert runner.wait("waiting", 0)
    assert not runner.wait("stubborn", 0)
    assert "waiting was not run" in caplog.text
    release.set()
    assert runner.wait("stubborn", LONG)
    assert runner.shutdown(LONG)
    assert ran == []


def test_the_interpreter_ends_no_run_half_way() -> None:
    """A program that ends without shutting its runner down still finishes the work, and then ends."""
    program = (
        "import threading\n"
        "from core.runtime.runner import ThreadRunner\n"
        "r = ThreadRunner(1)\n"
        "r.submit('a', lambda: (threading.Event().wait(0.2), print('finished')))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=LONG, cwd=ROOT
    )
    assert (ended.stdout, ended.stderr) == ("finished\n", "")


def test_a_thread_that_hangs_is_replaced_and_waited_for_at_the_end() -> None:
    """Who is abandoned takes nobody's place; its key stays in use, and only its end ends the runner."""
    runner, release, held = ThreadRunner(1), threading.Event(), threading.Event()

    def hang() -> None:
        held.set()
        release.wait(LONG)

    runner.submit("hangs", hang)
    runner.submit("waits", lambda: None)
    assert held.wait(LONG)
    assert runner.under_way() == {"hangs": 0}
    runner.abandon("hangs")
    runner.abandon("hangs")
    assert runner.wait("waits", LONG)
    runner.submit("later", lambda: None)
    assert runner.wait("later", LONG)
    assert (runner.hanging(), runner.under_way(), runner.stuck) == (("hangs",), {}, False)
    assert runner.cancelled("hangs")
    assert not runner.wait("hangs", 0)
    assert not runner.shutdown(0)
    release.set()
    assert runner.shutdown(LONG)
    assert runner.hanging() == ()


def test_so_many_threads_hang_that_no_more_are_replaced() -> None:
    """Then the runner says that it is stuck, until one of them goes on."""
    runner, release = ThreadRunner(1), threading.Event()

    def hang(held: threading.Event) -> None:
        held.set()
        release.wait(LONG)

    for number in range(MOST_ABANDONED + 1):
        held = threading.Event()
        runner.submit(str(number), functools.partial(hang, held))
        assert held.wait(LONG)
        assert not runner.stuck
        runner.abandon(str(number))
    assert runner.stuck
    runner.submit("waits", lambda: None)
    assert not runner.wait("waits", 0)
    release.set()
    assert runner.wait("waits", LONG)
    assert runner.shutdown(LONG)
    assert not runner.stuck


def test_what_was_abandoned_before_it_began_is_only_asked_to_stop() -> None:
    """It holds no thread, so none takes its place; it begins in its turn and finds out."""
    runner, release, found = ThreadRunner(1), threading.Event(), list[bool]()
    runner.submit("gate", lambda: release.wait(LONG) and None)
    runner.submit("waits", lambda: found.append(runner.cancelled("waits")))
    runner.abandon("waits")
    assert runner.hanging() == ()
    release.set()
    assert runner.wait("waits", LONG)
    assert found == [True]
    assert runner.shutdown(LONG)
