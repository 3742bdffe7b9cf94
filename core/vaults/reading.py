"""Reads an archive back, comparing every byte with what its manifest says."""

import hashlib
import string
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import BinaryIO, cast

import zstandard

from core.errors import ArchiveCorrupt, UnsafePath
from core.model.manifest import ArchivedFile, StoredArchive
from core.vaults import member
from core.vaults.beside import Beside
from core.vaults.member import HINT, read_exactly
from core.vaults.writing import CHUNK

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
        self._file = file
        self._errors = errors
        self.hash = hashlib.sha256()
        self.size = 0

    def read(self, size: int = CHUNK) -> bytes:
        """Read up to that many bytes."""
        with self._errors():
            content = self._file.read(size)
        self.hash.update(content)
        self.size += len(content)
        return content

    def require(self, archive: StoredArchive, told: Told = lambda _count: None) -> None:
        """Read what is left, then compare size and SHA-256 with what was stored.

        Raises:
            ArchiveCorrupt: they differ.

        """
        while self.size <= archive.size and (content := self.read()):
            told(len(content))
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
    with _zstd_errors(archive):
        stream = zstandard.ZstdDecompressor(max_window_size=WINDOW_LIMIT).stream_reader(
            cast("BinaryIO", file), read_size=CHUNK, read_across_frames=True, closefd=False
        )
        for expected in archive.files:
            _require_header(stream, f"{folder}/{expected.path}", expected.size, archive)
            _read_file(stream, expected, archive, told, opened)
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


def _read_file(
    stream: BinaryIO, expected: ArchivedFile, archive: StoredArchive, told: Told, opened: Opener | None
) -> None:
    hashed, left = hashlib.sha256(), expected.size
    with opened(expected.path) if opened else nullcontext() as target:

        def take(content: bytes) -> None:
            hashed.update(content)
            if target:
                _write(target, content)

        # A small file is done before a thread has started.
        with Beside(take) if left > CHUNK else nullcontext(take) as beside:
            while left:
                content = read_exactly(stream, min(CHUNK, left))
                beside(content)
                left -= len(content)
                told(len(content))
    read_exactly(stream, member.padding(expected.size))
    if hashed.hexdigest() != expected.sha256:
        raise differs(archive, f"the content of {expected.path} is another one")


def _write(target: BinaryIO, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[target.write(rest) :]
