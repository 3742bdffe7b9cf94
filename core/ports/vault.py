"""Where archives rest."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from core.model.image import Image
from core.model.manifest import Manifest, StoredArchive
from core.model.progress import Progress
from core.model.vault_entry import VaultEntry


class Vault(Protocol):
    """Where archives rest. An archive without a manifest does not exist: the manifest is written last."""

    @property
    def name(self) -> str:
        """Return the name in the configuration and the catalog."""

    def put(self, source: str, backup_id: str, image: Image, progress: Progress) -> StoredArchive:
        """Stream an image into one archive, hashing as it is written; make it durable. Step name: "storing".

        Nothing of an archive that was not finished is left behind, short of a crash.

        Raises:
            NotEnoughSpace, VaultUnavailable.

        """

    def commit(self, manifest: Manifest) -> None:
        """Write the manifest beside its archive, durably and atomically; replaces an older one of that backup.

        Raises:
            NotEnoughSpace, VaultUnavailable.

        """

    def manifest(self, source: str, backup_id: str) -> Manifest:
        """Read a manifest back.

        Raises:
            NotRestorable: there is none.
            ManifestCorrupt, UnsupportedVersion, VaultUnavailable.

        """

    def verify(self, source: str, backup_id: str, archive: StoredArchive, progress: Progress) -> None:
        """Re-read every stored byte and compare: the archive's hash, and each file in it. Step name: "verifying".

        Raises:
            ArchiveCorrupt, UnsafePath, VaultUnavailable.

        """

    def unpack(self, manifest: Manifest, into: Path, progress: Progress) -> Path:
        """Check an archive while it is unpacked into an empty directory; return the archive's folder in it.

        The folder stands under its name only once the hash of the archive and of each file matched. Else nothing
        is left in `into`, short of a crash, which may leave a hidden directory there: whoever made `into` removes
        it. Nothing is written outside it ever. Step name: "unpacking".

        Raises:
            ArchiveCorrupt, UnsafePath, NotEnoughSpace, VaultUnavailable.

        """

    def open(self, manifest: Manifest, offset: int = 0) -> BinaryIO:
        """Open the archive's bytes for reading from an offset; the caller closes it.

        Raises:
            NotRestorable: the bytes are gone.
            VaultUnavailable.

        """

    def discard(self, source: str, backup_id: str) -> None:
        """Remove what a run that did not finish left of that backup. Idempotent. A committed one stays as it is."""

    def committed(self) -> Iterator[tuple[str, str]]:
        """Yield (source, backup id) of every manifest in the vault, in any order."""

    def entries(self, source: str | None = None) -> Iterator[VaultEntry]:
        """Yield everything of the vault's own form, or of one source, committed or not, in any order.

        Memory doesn't grow with it.

        Raises:
            VaultUnavailable.

        """

    def remove(self, source: str, backup_id: str) -> None:
        """Delete a backup for good: its manifest first, durably, so that half of it never counts as one. Idempotent.

        Raises:
            VaultUnavailable: something of it is left; it can be called again.

        """

    def free_bytes(self) -> int:
        """Return the room left; a very large number where the vault has no bound.

        Raises:
            VaultUnavailable.

        """
