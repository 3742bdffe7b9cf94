"""Duties: what Safehold does by itself, each again and again, in the one process that leads."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from core.errors import SafeholdError
from core.ports import Clock
from core.services.lead import Lead

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Duty:
    """One pass of some work, woken every so many seconds: `do` is idempotent, and cheap where nothing is to be done."""

    name: str
    seconds: float
    do: Callable[[datetime], None]
    stand_by: Callable[[], None] | None = None
    """What is done instead where another process leads."""


@dataclass(frozen=True, slots=True)
class Duties:
    """All of them. Any thread may run any of them; nothing escapes."""

    all: tuple[Duty, ...]
    lead: Lead
    clock: Clock
    _passed: dict[str, float] = field(default_factory=dict)

    def passed(self, name: str, seconds: float) -> bool:
        """Say whether a pass of that name went well within the last so many seconds."""
        at = self._passed.get(name)
        return at is not None and self.clock.monotonic() - at <= seconds

    def run(self, duty: Duty) -> bool:
        """Do one pass if this process leads; say whether it was done and went well."""
        try:
            if not self.lead.hold():
                if duty.stand_by:
                    duty.stand_by()
                return False
            duty.do(self.clock.now())
        except SafeholdError as error:
            logger.warning("%s stumbled, it is tried again: %s", duty.name, error)
            return False
        except Exception:
            # A boundary: a fault in one duty must neither end it for ever nor touch the others.
            logger.exception("%s failed, it is tried again", duty.name)
            return False
        self._passed[duty.name] = self.clock.monotonic()
        return True

    def run_all(self) -> None:
        """Do one pass of each, in their order."""
        for duty in self.all:
            self.run(duty)
