"""The vault that is a directory: one folder a backup, an archive, its SHA-256, and the manifest written last."""

import errno
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from core.errors import (
    ArchiveCorrupt,
    ManifestCorrupt,
    NotRestorable,
    OperationError,
    SafeholdError,
    VaultUnavailable,
)
from core.model.image import Image
from core.model.manifest import Manifest, StoredArchive, from_bytes, to_bytes
from core.model.options import Option
from core.model.progress import Progress, Step
from core.model.vault_entry import VaultEntry
from core.runtime import files
from core.vaults import layout
from core.vaults.layout import PARTIAL, Shelf
from core.vaults.marker import Marker
from core.vaults.reading import HashedFile, Told, differs, read_archive, require_sound
from core.vaults.seam import vault_errors
from core.vaults.unpacking import unpack_archive
from core.vaults.writing import write_archive

OPTIONS = (Option("path", "path", required=True, says="The directory that holds the archives; it must exist."),)

_MANIFEST_LIMIT = 256 << 20  # about 1.5 million files; more was not written here
_ATTEMPTS = 10
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


class DirectoryVault:
    """Keeps archives below one directory. It never creates that directory: a missing one is an unmounted disk.

    `known` is the file that remembers which vault it is, so that an empty mount point isn't taken for it; without
    one any directory will do.
    """

    def __init__(self, name: str, path: Path, known: Path | None = None) -> None:
        self.name = name
        self.path = path
        self.known = known

    def put(self, source: str, backup_id: str, image: Image, progress: Progress) -> StoredArchive:
        """Store an image; see the port.

        Raises:
            NotEnoughSpace, VaultUnavailable.
            CaptureFailed: a file of the image can't be read or changed its size.
            OperationError: that backup is in the vault already.

        """
        shelf = Shelf(self.path, source, backup_id)
        with self._translated():
            self._require_free(shelf)
            try:
                self._make(shelf)
                return self._store(shelf, image, progress)
            except BaseException:
                with suppress(OSError):
                    self._remove(shelf)
                raise

    def commit(self, manifest: Manifest) -> None:
        """Write the manifest; see the port.

        Raises:
            NotEnoughSpace, VaultUnavailable.
            ArchiveCorrupt: the archive beside it is missing or has another size.

        """
        shelf = Shelf(self.path, manifest.source, manifest.backup_id)
        with self._translated():
            self._open(shelf, manifest.archive, ArchiveCorrupt).close()
            files.write_atomically(shelf.manifest, to_bytes(manifest))

    def manifest(self, source: str, backup_id: str) -> Manifest:
        """Read a manifest back; see the port.

        Raises:
            NotRestorable: there is none.
            ManifestCorrupt, UnsupportedVersion, VaultUnavailable.

        """
        shelf = Shelf(self.path, source, backup_id)
        with self._translated():
            if not shelf.committed:
                raise NotRestorable(
                    f"The vault {self.name} holds no finished backup {backup_id} of {source}.",
                    hint="Choose another one from the list, or take a new one.",
                )
            with _open_file(shelf.manifest) as file:
                manifest = from_bytes(file.read(min(_MANIFEST_LIMIT, os.fstat(file.fileno()).st_size)))
        if (manifest.source, manifest.backup_id, manifest.archive.name) != (source, backup_id, shelf.archive.name):
            raise ManifestCorrupt(
                f"The manifest of {source} {backup_id} is that of another backup. Nothing was loaded.",
                hint="Use another backup, and find out who moved files in the vault.",
            )
        return manifest

    def verify(self, source: str, backup_id: str, archive: StoredArchive, progress: Progress) -> None:
        """Re-read and compare every byte; see the port. Asks the system to read from the disk, not from memory.

        Raises:
            ArchiveCorrupt, UnsafePath, VaultUnavailable.

        """
        shelf = Shelf(self.path, source, backup_id)
        require_sound(archive)
        with self._translated(), self._open(shelf, archive, ArchiveCorrupt) as file:
            files.forget_cached(file)
            told = _counter("verifying", archive.raw_size, progress)
            read_archive(HashedFile(file, self._errors), archive, shelf.folder, told, None)

    def unpack(self, manifest: Manifest, into: Path, progress: Progress) -> Path:
        """Check and unpack in one pass; see the port. What is unpacked is not synced to the disk.

        Raises:
            ArchiveCorrupt, UnsafePath, NotEnoughSpace, VaultUnavailable.
            RestoreFailed: `into` can't be written, or is not empty.

        """
        shelf, archive = Shelf(self.path, manifest.source, manifest.backup_id), manifest.archive
        require_sound(archive)
        told = _counter("unpacking", archive.raw_size, progress)
        with self._translated():
            opened = self._open(shelf, archive, ArchiveCorrupt)
        with opened as file:
            unpack_archive(HashedFile(file, self._errors), archive, into / shelf.folder, told)
        return into / shelf.folder

    def open(self, manifest: Manifest, offset: int = 0) -> BinaryIO:
        """Open the archive; see the port.

        Raises:
            NotRestorable: the bytes are gone, or not as many as were stored.
            VaultUnavailable.

        """
        with self._translated():
            file = self._open(Shelf(self.path, manifest.source, manifest.backup_id), manifest.archive, NotRestorable)
            file.seek(offset)
            return file

    def discard(self, source: str, backup_id: str) -> None:
        """Remove what an unfinished run left; see the port.

        Raises:
            VaultUnavailable.

        """
        shelf = Shelf(self.path, source, backup_id)
        with self._translated():
            # Any manifest counts, even a damaged one or a link: what was once committed is a person's to remove.
            if shelf.ours and not os.path.lexists(shelf.manifest):
                self._remove(shelf)
            elif shelf.ours:
                # A second manifest, with a proof, may have been on its way.
                for partial in shelf.directory.glob(f".*{PARTIAL}"):
                    partial.unlink(missing_ok=True)

    def committed(self) -> Iterator[tuple[str, str]]:
        """Yield (source, backup id) of every manifest.

        Raises:
            VaultUnavailable.

        """
        return ((entry.source, entry.backup_id) for entry in self.entries() if entry.committed)

    def entries(self, source: str | None = None) -> Iterator[VaultEntry]:
        """Yield everything of our form, or of one source; see the port.

        Raises:
            VaultUnavailable.

        """
        with self._translated():
            yield from layout.entries(self.path, source)

    def remove(self, source: str, backup_id: str) -> None:
        """Delete a backup for good; see the port.

        Raises:
            VaultUnavailable.

        """
        shelf = Shelf(self.path, source, backup_id)
        with self._translated():
            if shelf.ours:
                shelf.manifest.unlink(missing_ok=True)
                files.fsync_directory(shelf.directory)
                self._remove(shelf)

    def free_bytes(self) -> int:
        """Return the room left, having seen that the vault can be written.

        Raises:
            VaultUnavailable.

        """
        with self._translated():
            if not os.access(self.path, os.R_OK | os.W_OK | os.X_OK):
                read_only = os.statvfs(self.path).f_flag & os.ST_RDONLY
                raise OSError(errno.EROFS if read_only else errno.EACCES, "not writable", str(self.path))
            return files.free_bytes(self.path)

    def _errors(self) -> AbstractContextManager[None]:
        return vault_errors(self.name, self.path)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        with self._errors():
            # scandir, not stat: the directory below an unmounted or unreadable mount point may well be there.
            os.scandir(self.path).close()
            if self.known is not None:
                Marker(self.name, self.path, self.known).require()
            yield

    def _require_free(self, shelf: Shelf) -> None:
        if shelf.ours and os.path.lexists(shelf.manifest):
            raise OperationError(
                f"The backup {shelf.backup_id} of {shelf.source} is in the vault {self.name} already.",
                hint="Nothing was changed. Take a new backup.",
            )
        if os.path.lexists(shelf.parent) and not layout.is_directory(shelf.parent):
            raise VaultUnavailable(
                f"{shelf.parent} in the vault {self.name} is not a directory of ours.",
                hint="Move that file or link away, then retry.",
            )

    def _make(self, shelf: Shelf) -> None:
        self._remove(shelf)
        _make_directory(shelf)
        files.fsync_directory(self.path)
        files.fsync_directory(shelf.parent)

    def _store(self, shelf: Shelf, image: Image, progress: Progress) -> StoredArchive:
        archive = shelf.archive
        partial = archive.with_name(archive.name + PARTIAL)
        with os.fdopen(os.open(partial, _NEW, 0o600), "wb", buffering=0) as file:
            stored = write_archive(file, archive.name, shelf.folder, image, progress)
            os.fsync(file.fileno())
        partial.rename(archive)
        line = f"{stored.sha256}  {stored.name}\n"
        files.write_atomically(archive.with_name(archive.name + ".sha256"), line.encode())
        return stored

    def _remove(self, shelf: Shelf) -> None:
        if layout.is_directory(shelf.parent):
            files.remove_tree(shelf.directory)
            with suppress(OSError):  # other backups of this source lie there
                shelf.parent.rmdir()

    def _open(self, shelf: Shelf, archive: StoredArchive, missing: type[SafeholdError]) -> BinaryIO:
        hint = "Use another backup, and find out who or what changed the vault."
        if archive.name != shelf.archive.name:
            raise ArchiveCorrupt(f"{archive.name!r} is not the archive of {shelf.backup_id}.", hint=hint)
        if not shelf.ours or not layout.is_file(shelf.archive):
            raise missing(f"The archive {archive.name} is gone from the vault {self.name}.", hint=hint)
        file = _open_file(shelf.archive)
        size = os.fstat(file.fileno()).st_size
        if size != archive.size:
            file.close()
            raise differs(archive, f"it has {size} bytes, {archive.size} were stored")
        return file


def _open_file(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb", buffering=0)


def _make_directory(shelf: Shelf) -> None:
    """Make both directories; another run may be removing the source's, empty, at the same moment."""
    for _attempt in range(_ATTEMPTS):
        shelf.parent.mkdir(mode=0o700, exist_ok=True)
        with suppress(FileNotFoundError):
            shelf.directory.mkdir(mode=0o700)
            return
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(shelf.directory))


def _counter(name: str, total: int, progress: Progress) -> Told:
    done = 0

    def told(count: int) -> None:
        nonlocal done
        done += count
        progress(Step(name, done, total))

    return told
