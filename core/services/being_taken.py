"""Keeps a backup busy for as long as bytes of it are being sent, whatever becomes of the link they are sent by."""

import io
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

from core.catalog import Catalog
from core.errors import SafeholdError
from core.ports import Clock

SECONDS_BUSY = 3_600.0
"""How long a backup stays busy after the last byte that somebody took: who takes none for so long has gone."""
SECONDS_BETWEEN_BEATS = 30.0


@dataclass(frozen=True, slots=True)
class BeingTaken:
    """A lease for each stream: it ends with the stream, with its process, or when no byte has moved for an hour."""

    catalog: Catalog
    clock: Clock
    owner: str

    def __call__(self, backup_id: str) -> "Taking":
        """Begin one. Where it is decided whether the backup may be taken, that belongs into the same write."""
        taking = Taking(self, f"download:{backup_id}:{secrets.token_hex(4)}")
        self.beat(taking.lease)
        return taking

    def beat(self, lease: str) -> None:
        """Say that it goes on."""
        self.catalog.leases.acquire(lease, self.owner, lease, self.clock.now(), SECONDS_BUSY)

    def end(self, lease: str) -> None:
        """Say that it has ended."""
        # Where that can't be written now it ends by itself.
        with suppress(SafeholdError):
            self.catalog.leases.release(lease, self.owner, lease)


@dataclass(frozen=True, slots=True)
class Taking:
    """One stream's lease."""

    taken: BeingTaken
    lease: str

    def stream(self, open_archive: Callable[[], BinaryIO]) -> BinaryIO:
        """Open the archive; closing what is returned, or failing to open it, ends the lease."""
        try:
            return io.BufferedReader(_Stream(self, open_archive()))
        except BaseException:
            self.taken.end(self.lease)
            raise


class _Stream(io.RawIOBase):
    """An archive that is read: each read of a part says that it goes on, at most twice a minute."""

    def __init__(self, taking: Taking, archive: BinaryIO) -> None:
        self._taking, self._archive = taking, archive
        self._beat_at = taking.taken.clock.monotonic()

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        """Read a part."""
        now = self._taking.taken.clock.monotonic()
        if now - self._beat_at >= SECONDS_BETWEEN_BEATS:
            self._beat_at = now
            # A catalog in trouble is no reason to break off a download.
            with suppress(SafeholdError):
                self._taking.taken.beat(self._taking.lease)
        chunk = self._archive.read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        """Close the archive and end the lease. Idempotent."""
        if not self.closed:
            try:
                self._archive.close()
            finally:
                super().close()
                self._taking.taken.end(self._taking.lease)
