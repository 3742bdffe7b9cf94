"""Writes a run's progress into its record, often enough to follow and seldom enough not to cost."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from core.errors import Cancelled, Interrupted
from core.model.progress import Step
from core.ports import Clock, Runner

SECONDS_BETWEEN_REPORTS = 0.5
"""A person sees movement; a Slack message can't be edited more often than about once a second anyway."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Reporter:
    """A Progress that records each new step at once and its advance at intervals; it carries a cancel inward.

    `timings` holds the seconds of each measured part of the run.
    """

    run: str
    clock: Clock
    record: Callable[[Step], object]
    runner: Runner
    timings: dict[str, float] = field(default_factory=dict)
    step: str = ""
    _written_at: float = -1.0

    def __call__(self, step: Step) -> None:
        """Record the step if it is new or the last record is old enough.

        Raises:
            Cancelled: a person asked this run to stop.
            Interrupted: Safehold is shutting down.

        """
        if self.runner.cancelled(self.run):
            if self.runner.closing:
                raise Interrupted("Safehold was stopped in the middle of it.", hint="Leftovers are removed. Retry.")
            raise Cancelled("It was cancelled.", hint="What it had made was removed.")
        now = self.clock.monotonic()
        if step.name != self.step or now - self._written_at >= SECONDS_BETWEEN_REPORTS:
            if step.name != self.step:
                logger.info("%s: %s", self.run, step.name)
            self.step, self._written_at = step.name, now
            self.record(step)

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Measure a part of the run."""
        started = self.clock.monotonic()
        try:
            yield
        finally:
            self.timings[part] = round(self.timings.get(part, 0.0) + self.clock.monotonic() - started, 3)
