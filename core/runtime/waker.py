"""Wakes work again and again beside everything else, also when the wall clock is set back or forward."""

import logging
import threading
from collections.abc import Callable
from functools import partial

from apscheduler.schedulers.background import BackgroundScheduler

from core.ports import Clock
from core.runtime.heartbeat import Heartbeat

SECONDS_BETWEEN_LOOKS = 5.0
SECONDS_OF_A_JUMP = 60.0
"""A difference between wall time and elapsed time that no slow machine makes."""

logger = logging.getLogger(__name__)


class Waker:
    """Calls pieces of work, each every so many seconds, in threads of their own; none runs twice at once.

    APScheduler counts by the wall clock: set back by a day, it would wake nothing for a day. So the clock is compared
    with elapsed time every few seconds, and after a jump everything is woken at once. A machine that slept looks like
    a jump forward. `jumped` is called with the seconds of the jump, before any work that begins after it.
    """

    def __init__(self, clock: Clock, jumped: Callable[[float], None]) -> None:
        self._clock = clock
        self._jumped = jumped
        self._scheduler = BackgroundScheduler(timezone="UTC")
        self._seen = (clock.now(), clock.monotonic())
        self._untold = 0.0
        self._looking = threading.RLock()
        self._watch = Heartbeat(self.look, SECONDS_BETWEEN_LOOKS, name="clock watch")

    def every(self, seconds: float, work: Callable[[], object], name: str) -> None:
        """Have work called every so many seconds; what is due while it still runs is one call, later."""
        self._scheduler.add_job(
            partial(self._do, work),
            "interval",
            seconds=seconds,
            name=name,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
            # At once: what a stopped process left undone is not to wait for a whole period.
            next_run_time=self._clock.now(),
        )

    def start(self) -> None:
        """Begin."""
        self._seen = (self._clock.now(), self._clock.monotonic())
        self._scheduler.start()
        self._watch.start()

    def stop(self) -> None:
        """Wake nothing more; what runs is not waited for. Idempotent."""
        self._watch.close()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def look(self) -> None:
        """Compare the clock with elapsed time once, and wake everything if it has jumped."""
        with self._looking:
            (then, monotonic), now = self._seen, (self._clock.now(), self._clock.monotonic())
            jump = (now[0] - then).total_seconds() - (now[1] - monotonic)
            if abs(jump) >= SECONDS_OF_A_JUMP:
                logger.warning("the clock jumped by %.0f s, or the machine slept", jump)
                self._untold += jump
                self._tell()
                for job in self._scheduler.get_jobs():
                    job.modify(next_run_time=now[0])
            elif self._untold:
                self._tell()
            self._seen = now

    def _tell(self) -> None:
        try:
            self._jumped(self._untold)
        except Exception:
            # Work goes on: some of it is what mends the place in which this could not be noted.
            logger.exception("a jump of the clock could not be noted; it is tried again")
        else:
            self._untold = 0.0

    def _do(self, work: Callable[[], object]) -> None:
        self.look()
        work()
