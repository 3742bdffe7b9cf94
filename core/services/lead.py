"""Which of several bots on one catalog acts by itself: one leads, the others stand by and take over when it is gone."""

import json
import logging
import secrets
import threading
from dataclasses import dataclass, field

from core.catalog import Catalog
from core.ports import Clock
from core.runtime.identity import ProcessIdentity, alive

SECONDS_BETWEEN_RENEWALS = 10.0
SECONDS_UNRENEWED = 30.0
"""A leader that renewed nothing for so long has lost its place, whether or not it can be seen to live."""
MARK = "slack board leader"

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Lead:
    """A place that one process has at a time: who has it keeps schedules, retention and the messages in Slack.

    Who stands by measures by its own clock for how long the leader was silent, so clocks may differ between hosts.
    """

    catalog: Catalog
    owner: str
    clock: Clock
    _name: str = field(default_factory=lambda: secrets.token_hex(4))
    _held: str = ""
    _renewed_at: float = 0.0
    _seen: str = ""
    _seen_at: float = 0.0
    _told: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def held(self) -> bool:
        """Say whether the place was this one's at the last look."""
        return bool(self._held)

    def hold(self) -> bool:
        """Take or keep the place; False where another has it. Cheap between renewals; for any thread."""
        with self._lock:
            return self._hold()

    def release(self) -> None:
        """Give the place back, so that another has it at once."""
        with self._lock:
            self._release()

    def _hold(self) -> bool:
        now = self.clock.monotonic()
        if self._held and now - self._renewed_at < SECONDS_BETWEEN_RENEWALS:
            return True
        found = self.catalog.marks.get(MARK) or ""
        if found != self._held and not self._vacant(found, now):
            self._held = ""
            self._stand_by(found)
            return False
        wanted = json.dumps([self.owner, self._name, secrets.token_hex(4)])
        with self.catalog.write():
            taken = (self.catalog.marks.get(MARK) or "") == found
            if taken:
                self.catalog.marks.put(MARK, wanted)
        self._take(wanted if taken else "", now)
        return taken

    def _release(self) -> None:
        if not self._held:
            return
        with self.catalog.write():
            if self.catalog.marks.get(MARK) == self._held:
                self.catalog.marks.put(MARK, "")
        self._held = ""

    def _vacant(self, found: str, now: float) -> bool:
        if not found or alive(_owner(found)) is False:
            return True
        if found != self._seen:
            self._seen, self._seen_at = found, now
        return now - self._seen_at >= SECONDS_UNRENEWED

    def _take(self, held: str, now: float) -> None:
        if held and self._told:
            logger.warning("the other bot is gone: this one keeps schedules, retention and messages from now on")
        self._held, self._renewed_at = held, now
        self._told = self._told and not held

    def _stand_by(self, found: str) -> None:
        if not self._told:
            logger.warning(
                "another bot on this catalog (%s) keeps schedules, retention and messages; this one stands by",
                _said(_owner(found)),
            )
        self._told = True


def _said(owner: str) -> str:
    try:
        return ProcessIdentity.parse(owner).said
    except ValueError:
        return owner


def _owner(mark: str) -> str:
    try:
        return str(json.loads(mark)[0])
    except (ValueError, LookupError, TypeError):
        return ""
