"""Remembers which interactions were taken up, so that an envelope delivered twice acts once."""

import hashlib
from dataclasses import dataclass

from core.catalog import Catalog

PLACES = 4_096
"""Slack delivers again within minutes: a ring of so many marks never grows and forgets only what is long past."""


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

    def release(self, key: str) -> None:
        """Forget an interaction that did nothing, so that it can be tried again."""
        if key:
            self.catalog.marks.put(_place(hashlib.sha256(key.encode()).hexdigest()), "")


def _place(digest: str) -> str:
    return f"slack delivery {int(digest[:8], 16) % PLACES}"
