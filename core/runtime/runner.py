"""The runner: work beside the door that asked for it, in a bounded number of threads."""

import logging
import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

from core.errors import UnavailableError

MOST_ABANDONED = 16
"""How many threads that hang are replaced: each may hold what it has open, so a new process is due long before."""

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Run:
    key: str
    work: Callable[[], None]
    cancelled: bool = False
    begun: bool = False
    hangs: bool = False
    replaced: bool = False
    asked: int = 0


class ThreadRunner:
    """Runs work in at most so many threads, as `core.ports.Runner`; what finds none free waits its turn.

    Each run has a thread of its own, so that what it does to its thread (its priority) ends with it. None is a
    daemon, so the interpreter ends no run half-way: it waits for those that `shutdown` has not ended.

    A thread that hangs for good can't be ended. Whoever sees that it does says so with `abandon`: it then counts no
    more, and another one takes its place, for up to `MOST_ABANDONED` of them.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._busy = 0
        self._queue: deque[_Run] = deque()
        self._patient: deque[_Run] = deque()
        self._known: dict[str, list[_Run]] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._current = threading.local()

    def submit(self, key: str, work: Callable[[], None], *, patient: bool = False) -> None:
        """Queue work under a key and return at once. Work of one key may follow on earlier work of it.

        What is patient begins when nothing else waits.

        Raises:
            UnavailableError: the runner was shut down; the work is not done.

        """
        with self._changed:
            if self._closed:
                raise UnavailableError("Safehold is shutting down.", hint="Ask again when it is back.")
            run = _Run(key, work)
            (self._patient if patient else self._queue).append(run)
            self._known.setdefault(key, []).append(run)
            if self._busy < self._threads:
                self._busy += 1
                self._start()

    def hasten(self, key: str) -> None:
        """Let patient work of that key wait no longer for what is not; nothing where it has begun or is not known."""
        with self._changed:
            for run in self._runs(key):
                if run in self._patient:
                    self._patient.remove(run)
                    self._queue.append(run)

    @property
    def closing(self) -> bool:
        """Say whether the runner was told to shut down."""
        return self._closed

    def wait(self, key: str, timeout_seconds: float | None = None) -> bool:
        """Wait until all work of that key has ended (True) or time is up (False). Unknown keys have ended."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._runs(key), timeout_seconds)

    def cancel(self, key: str) -> bool:
        """Ask the work of that key to stop at its next progress report; False where none is known here."""
        with self._changed:
            runs = self._runs(key)
            for run in runs:
                run.cancelled = True
            return bool(runs)

    def cancelled(self, key: str) -> bool:
        """Say whether the work of that key was asked to stop: the caller's own, where a run of that key asks."""
        current: _Run | None = getattr(self._current, "run", None)
        if current is not None and current.key == key:
            current.asked += 1
            return current.cancelled
        with self._changed:
            return any(run.cancelled for run in self._runs(key))

    def under_way(self) -> dict[str, int]:
        """Return what has begun and does not count as hanging: by key, how often it asked whether it was cancelled."""
        with self._changed:
            return {run.key: run.asked for run in self._all() if run.begun and not run.hangs}

    def abandon(self, key: str) -> None:
        """Take the work of that key for hanging: ask it to stop, and let another thread take its place."""
        with self._changed:
            for run in self._runs(key):
                run.cancelled = True
                if run.begun and not run.hangs:
                    run.hangs = True
                    self._replace(run)

    def hanging(self) -> tuple[str, ...]:
        """Return the keys of what hangs: abandoned, and not ended since."""
        with self._changed:
            return tuple(run.key for run in self._all() if run.hangs)

    @property
    def stuck(self) -> bool:
        """Say whether nothing new can begin: every thread hangs, and no more of them are replaced."""
        with self._changed:
            return self._busy >= self._threads and self._busy == sum(r.hangs and not r.replaced for r in self._all())

    def shutdown(self, timeout_seconds: float) -> bool:
        """Take no more work, ask all to stop, and wait for it; say whether everything has ended.

        What waits its turn is run too, already asked to stop, so that it can record that it was cancelled. When time
        is up, what still waits is dropped, for whoever settles the records of this process after its end.
        """
        with self._changed:
            self._closed = True
            for run in self._all():
                run.cancelled = True
            ended = self._changed.wait_for(self._idle, timeout_seconds)
            while (dropped := self._next()) is not None:
                logger.warning("%s was not run: Safehold is shutting down", dropped.key)
                self._forget(dropped)
            self._changed.notify_all()
        return ended

    def _runs(self, key: str) -> list[_Run]:
        return self._known.get(key, [])

    def _all(self) -> Iterator[_Run]:
        return chain.from_iterable(self._known.values())

    def _forget(self, run: _Run) -> None:
        runs = self._known[run.key]
        runs.remove(run)
        if not runs:
            del self._known[run.key]

    def _next(self) -> _Run | None:
        waiting = self._queue or self._patient
        return waiting.popleft() if waiting else None

    def _idle(self) -> bool:
        return self._busy == 0 and not any(run.hangs for run in self._all())

    def _replace(self, run: _Run) -> None:
        if sum(one.replaced for one in self._all()) >= MOST_ABANDONED:
            return
        run.replaced = True
        if self._queue or self._patient:
            self._start()
        else:
            self._busy -= 1

    def _start(self) -> None:
        try:
            threading.Thread(target=self._run_next, name=f"runner-{self._busy}").start()
        except RuntimeError:
            # No thread can be had now: the run waits for the next one that ends or is submitted.
            self._busy -= 1
            logger.exception("no thread could be started")

    def _run_next(self) -> None:
        with self._changed:
            run = self._next()
            if run is not None:
                run.begun = True
        if run is not None:
            self._do(run)
        with self._changed:
            if run is not None and run.replaced:
                self._changed.notify_all()
            elif self._queue or self._patient:
                self._start()
            else:
                self._busy -= 1
                self._changed.notify_all()

    def _do(self, run: _Run) -> None:
        self._current.run = run
        try:
            run.work()
        except BaseException:
            reference = secrets.token_hex(4)
            logger.exception("run %s ended with an error, ref %s", run.key, reference)
        finally:
            with self._changed:
                self._forget(run)
                self._changed.notify_all()
