"""Reads an archive back, comparing every byte with what its manifest says."""

import hashlib
import string
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from io import RawIOBase
from typing import BinaryIO, cast

import zstandard

from core.errors import ArchiveCorrupt, UnsafePath
from core.model.manifest import ArchivedFile, StoredArchive
from core.vaults import member
from core.vaults.beside import Beside
from core.vaults.member import HINT, read_exactly

CHUNK = 128 << 10
"""Bytes read, decompressed or written at once: as much as a block of zstd, and little enough for a core's cache."""
# Level 3 uses a window of 2 MiB. An archive that asks for more was not written here, and may be meant to eat memory.
WINDOW_LIMIT = 8 << 20

Told = Callable[[int], None]
"""Called with the count of bytes just read."""
Opener = Callable[[str], BinaryIO]
"""Opens the file that a path's content is written to."""


Errors = Callable[[], AbstractContextManager[None]]


class HashedFile:
    """A file that hashes and counts its bytes as they are read; enough of a file for zstandard.

    `errors` translates what the operating system says while it is read.
    """

    def __init__(self, file: BinaryIO, errors: Errors) -> None:
        self._file = cast("RawIOBase", file)
        self._errors = errors
        self._buffer = memoryview(bytearray(CHUNK))
        self.hash = hashlib.sha256()
        self.size = 0

    def read(self, size: int = CHUNK) -> memoryview:
        """Read up to that many bytes; they stand until the next call."""
        with self._errors():
            count = self._file.readinto(self._buffer[:size]) or 0
        content = self._buffer[:count]
        self.hash.update(content)
        self.size += count
        return content

    def require(self, archive: StoredArchive) -> None:
        """Read what is left, then compare size and SHA-256 with what was stored.

        Raises:
            ArchiveCorrupt: they differ.

        """
        while self.size <= archive.size and self.read():
            pass
        if self.size != archive.size:
            raise differs(archive, f"it has {self.size} bytes, {archive.size} were stored")
        if self.hash.hexdigest() != archive.sha256:
            raise differs(archive, "its SHA-256 is another one")


def differs(archive: StoredArchive, why: str) -> ArchiveCorrupt:
    """Return the error for an archive that is not what was stored."""
    return ArchiveCorrupt(f"The archive {archive.name} is not what was stored: {why}.", hint=HINT)


def require_sound(archive: StoredArchive) -> None:
    """Refuse a list of files that no vault would have written, before any of it is used.

    Raises:
        ArchiveCorrupt: a size or a hash is none, or there are no files.
        UnsafePath: a path is not a plain one inside the archive's folder.

    """
    texts = [archive.sha256, *(file.sha256 for file in archive.files)]
    sizes = [archive.size, *(file.size for file in archive.files)]
    if (
        not archive.files
        or not all(isinstance(text, str) and len(text) == 64 and set(text) <= set(string.hexdigits) for text in texts)  # noqa: PLR2004 (the length of SHA-256 in hex)
        or not all(type(size) is int and size >= 0 for size in sizes)
        or not all(isinstance(file.path, str) for file in archive.files)
    ):
        raise differs(archive, "its list of files is not one")
    member.require_safe_list(archive.files)


def read_archive(file: HashedFile, archive: StoredArchive, folder: str, told: Told, opened: Opener | None) -> None:
    """Decompress an archive and compare each member's path, size and SHA-256, in order; write them if asked.

    `told` hears the members' bytes. Nothing extra, missing or doubled passes. Ends with the archive's own SHA-256,
    of the very bytes that were decompressed.

    Raises:
        ArchiveCorrupt, UnsafePath: it is not what the list says.
        OSError: a file can't be read or written.

    """
    with _zstd_errors(archive), closing(_Contents(archive, opened)) as contents, Beside(CHUNK) as beside:
        stream = zstandard.ZstdDecompressor(max_window_size=WINDOW_LIMIT).stream_reader(
            cast("BinaryIO", file), read_size=CHUNK, read_across_frames=True, closefd=False
        )
        for expected in archive.files:
            _require_header(stream, f"{folder}/{expected.path}", expected.size, archive)
            _read_file(stream, expected, partial(beside, partial(contents.take, expected)), told)
        content = member.sums(archive.files)
        _require_header(stream, f"{folder}/{member.SUMS}", len(content), archive)
        tail = content + bytes(member.padding(len(content))) + member.END
        if read_exactly(stream, len(tail)) != tail:
            raise differs(archive, "its SHA256SUMS or its end is another one")
        if stream.read(1):
            raise differs(archive, "something follows its end")
    file.require(archive)


@contextmanager
def _zstd_errors(archive: StoredArchive) -> Iterator[None]:
    try:
        yield
    except zstandard.ZstdError as error:
        raise differs(archive, f"it can't be decompressed ({error})") from error


def _require_header(stream: BinaryIO, name: str, size: int, archive: StoredArchive) -> None:
    found = member.read_header(lambda count: read_exactly(stream, count))
    if found is None:
        raise differs(archive, f"{name} is missing")
    if found.name != name:
        inside, _, below = found.name.partition("/")
        if inside != name.partition("/")[0]:
            raise UnsafePath(f"The archive names {found.name!r}, outside its folder.", hint=HINT)
        member.require_safe(below)
        raise differs(archive, f"{found.name!r} stands where {name} belongs")
    if found.size != size:
        raise differs(archive, f"{name} has {found.size} bytes, {size} were stored")


class _Contents:
    """Compares the members' contents as they come, piece by piece, and writes them if asked."""

    def __init__(self, archive: StoredArchive, opened: Opener | None) -> None:
        self._archive = archive
        self._opened = opened
        self._target: BinaryIO | None = None
        self._file: ArchivedFile | None = None
        self._hash = hashlib.sha256()
        self._left = 0

    def take(self, file: ArchivedFile, piece: memoryview) -> None:
        """Take the next piece of a file; an empty file has one empty piece."""
        if self._file is not file:
            self._file, self._hash, self._left = file, hashlib.sha256(), file.size
            self._target = self._opened(file.path) if self._opened else None
        self._hash.update(piece)
        if self._target:
            _write(self._target, piece)
        self._left -= len(piece)
        if not self._left:
            self.close()
            if self._hash.hexdigest() != file.sha256:
                raise differs(self._archive, f"the content of {file.path} is another one")

    def close(self) -> None:
        """Close the file that is being written, if there is one."""
        target, self._target = self._target, None
        if target:
            target.close()


def _read_file(
    stream: BinaryIO, file: ArchivedFile, beside: Callable[[int, Callable[[memoryview], None]], None], told: Told
) -> None:
    """Decompress a member's content piece by piece into buffers that are worked on beside."""
    fill, left = partial(_fill, cast("RawIOBase", stream)), file.size
    while True:
        size = min(CHUNK, left)
        beside(size, fill)
        left -= size
        told(size)
        if not left:
            break
    read_exactly(stream, member.padding(file.size))


def _fill(stream: RawIOBase, piece: memoryview) -> None:
    while piece:
        count = stream.readinto(piece)
        if not count:
            raise ArchiveCorrupt("The archive ends too early.", hint=HINT)
        piece = piece[count:]


def _write(target: BinaryIO, content: memoryview) -> None:
    while content:
        content = content[target.write(content) :]
