"""Remembers which interactions were taken up, so that an envelope delivered twice acts once."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.catalog import Catalog

PLACES = 4_096
"""Slack delivers again within minutes: a ring of so many marks never grows and forgets only what is long past."""
DOUBLE_CLICK = timedelta(seconds=3)
DELIVERY, PRESS = "delivery", "press"


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Interactions by key, kept in the catalog: they hold through a restart and for two processes."""

    catalog: Catalog

    def claim(self, key: str) -> bool:
        """Take an interaction up; False where it was before. An empty key is never known."""
        if not key:
            return True
        digest = hashlib.sha256(key.encode()).hexdigest()
        name = _place(digest)
        with self.catalog.write():
            if self.catalog.marks.get(name) == digest:
                return False
            self.catalog.marks.put(name, digest)
        return True

    def claim_press(self, key: str, now: datetime) -> bool:
        """Take a press up; False where the same was pressed a moment ago: each half of a double click has its own key.

        An empty key is never known.
        """
        if not key:
            return True
        digest = hashlib.sha256(key.encode()).hexdigest()
        name = _place(digest, PRESS)
        with self.catalog.write():
            known, _, at = (self.catalog.marks.get(name) or "").partition(" ")
            if known == digest and timedelta(0) <= now - datetime.fromisoformat(at) < DOUBLE_CLICK:
                return False
            self.catalog.marks.put(name, f"{digest} {now.isoformat()}")
        return True

    def release_press(self, key: str) -> None:
        """Forget a press that did nothing, so that it can be tried again at once."""
        if key:
            self.catalog.marks.put(_place(hashlib.sha256(key.encode()).hexdigest(), PRESS), "")


def _place(digest: str, kind: str = DELIVERY) -> str:
    return f"slack {kind} {int(digest[:8], 16) % PLACES}"
