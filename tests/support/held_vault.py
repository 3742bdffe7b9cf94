"""A directory vault of which one call waits, as on a dead disk, until it is let go."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.model.image import Image
from core.model.manifest import Manifest, StoredArchive
from core.model.progress import Progress
from core.vaults.directory import DirectoryVault
from tests.support.waiting import until
from tests.support.world import World

SECONDS = 300.0


class HeldVault(DirectoryVault):
    """The real vault on the real files; the calls of one name wait from the `nth` on, and go on when let go."""

    def __init__(self, real: DirectoryVault, call: str, nth: int = 1) -> None:
        super().__init__(real.name, real.path, real.known)
        self.call, self.nth = call, nth
        self.held = 0
        self.go = threading.Event()

    def on_to(self, call: str) -> None:
        """Let go of what waits, and hold the calls of another name from now on."""
        before, self.go = self.go, threading.Event()
        self.call, self.nth = call, 1
        before.set()

    def _wait(self, call: str) -> None:
        if call == self.call:
            self.nth -= 1
            if self.nth < 1:
                self.held += 1
                self.go.wait(SECONDS)

    def free_bytes(self) -> int:
        """Wait, then say it."""
        self._wait("free_bytes")
        return super().free_bytes()

    def put(self, source: str, backup_id: str, image: Image, progress: Progress) -> StoredArchive:
        """Wait, then store."""
        self._wait("put")
        return super().put(source, backup_id, image, progress)

    def commit(self, manifest: Manifest) -> None:
        """Wait, then write the manifest."""
        self._wait("commit")
        super().commit(manifest)

    def manifest(self, source: str, backup_id: str) -> Manifest:
        """Wait, then read it."""
        self._wait("manifest")
        return super().manifest(source, backup_id)

    def verify(self, source: str, backup_id: str, archive: StoredArchive, progress: Progress) -> None:
        """Wait, then read it back."""
        self._wait("verify")
        super().verify(source, backup_id, archive, progress)

    def unpack(self, manifest: Manifest, into: Path, progress: Progress) -> Path:
        """Wait, then unpack."""
        self._wait("unpack")
        return super().unpack(manifest, into, progress)

    def remove(self, source: str, backup_id: str) -> None:
        """Wait, then delete."""
        self._wait("remove")
        super().remove(source, backup_id)


@contextmanager
def held(world: World, call: str, nth: int = 1) -> Iterator[HeldVault]:
    """Put such a vault in the place of the world's own; let go at the end of the block at the latest."""
    real = world.core.adapters.vault("local")
    assert isinstance(real, DirectoryVault)
    vault = HeldVault(real, call, nth)
    world.core.adapters.vaults["local"] = vault  # type: ignore[index]
    try:
        yield vault
    finally:
        vault.go.set()
        world.core.adapters.vaults["local"] = real  # type: ignore[index]


def wait_for(vault: HeldVault, count: int = 1) -> None:
    """Wait until so many calls are held."""
    until(lambda: vault.held >= count, what=f"{vault.call} is held")
