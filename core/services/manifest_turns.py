"""Turns at a manifest: one thread at a time reads it, changes it and writes it back."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from core.errors import BusyError

SECONDS = 60.0
"""A manifest is read and written in well under a second; who has its turn for longer hangs at the vault."""


@dataclass(frozen=True, slots=True)
class ManifestTurns:
    """Keeps the threads of this process from overwriting what another one wrote into the same manifest.

    It is held while the vault is asked, which may hang: so it is no lock on anything but the one manifest.
    """

    _held: set[str] = field(default_factory=set)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def of(self, backup_id: str, seconds: float = SECONDS) -> Iterator[None]:
        """Wait for the turn, and have it for a block.

        Raises:
            BusyError: another one has it for so many seconds.

        """
        with self._changed:
            if not self._changed.wait_for(lambda: backup_id not in self._held, seconds):
                raise BusyError(f"The manifest of {backup_id} is being written.", hint="Its vault may hang. Try again.")
            self._held.add(backup_id)
        try:
            yield
        finally:
            with self._changed:
                self._held.discard(backup_id)
                self._changed.notify_all()
