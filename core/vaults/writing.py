"""Writes an image into one archive: tar, then Zstandard, hashing what goes in and what comes out."""

import hashlib
import os
import stat
from io import FileIO, RawIOBase
from pathlib import Path
from typing import BinaryIO

import zstandard

from core.errors import CaptureFailed, UnsafePath
from core.model.image import Image, ImageFile
from core.model.manifest import ArchivedFile, StoredArchive
from core.model.progress import Progress, Step
from core.runtime.files import forget_cached
from core.vaults import member
from core.vaults.seam import image_errors

CHUNK = 256 << 10
"""Bytes read at once: little enough to be hashed and compressed while they are in a core's cache."""
LEVEL = 3
# Each thread of zstd at level 3 holds about 20 MB; past eight the reading and hashing thread is the limit.
THREADS = min(8, os.cpu_count() or 1)
_WRITTEN_BACK_EVERY = 32 << 20


def write_archive(file: BinaryIO, name: str, folder: str, image: Image, progress: Progress) -> StoredArchive:
    """Write the image's files below `folder`, then SHA256SUMS, to an open unbuffered file; does not sync it.

    Raises:
        CaptureFailed: the image is empty, a file can't be read, changes, or has a path we could not unpack.
        OSError: the file can't be written.

    """
    paths = tuple(ArchivedFile(each.path, 0, "") for each in image.files)
    try:
        member.require_safe_list(paths)
    except UnsafePath as error:
        raise CaptureFailed(f"The image can't be stored: {error.message}", hint="Rename that file.") from error
    if not paths:
        raise CaptureFailed("The image holds no files.", hint="Look at the source's directory in the configuration.")
    sink = _Sink(file)
    place = _Place(folder, int(image.captured_at.timestamp()), sum(_size(each) for each in image.files))
    files = [_write_file(sink, each, place, progress) for each in image.files]
    content = member.sums(files)
    sink.write(member.header(f"{folder}/{member.SUMS}", len(content), place.modified_at))
    sink.write(content + bytes(member.padding(len(content))) + member.END)
    sink.finish()
    return StoredArchive(name=name, size=sink.size, sha256=sink.hash.hexdigest(), files=tuple(files))


class _Place:
    """Where in the archive the next file goes, how far the whole of it is, and the bytes just read."""

    def __init__(self, folder: str, modified_at: int, total: int) -> None:
        self.folder, self.modified_at, self.total = folder, modified_at, total
        self.done = 0
        self.buffer = memoryview(bytearray(CHUNK))


class _Sink:
    """Compresses, hashes and writes. zstd compresses in threads of its own, so this thread is free to hash."""

    def __init__(self, file: BinaryIO) -> None:
        self.hash = hashlib.sha256()
        self.size = 0
        self._file = file
        self._write_back_at = _WRITTEN_BACK_EVERY
        self._compressor = zstandard.ZstdCompressor(level=LEVEL, threads=THREADS, write_checksum=True).compressobj()

    def write(self, content: bytes | memoryview) -> None:
        self._pass_on(self._compressor.compress(content))

    def finish(self) -> None:
        self._pass_on(self._compressor.flush())

    def _pass_on(self, compressed: bytes) -> None:
        self.hash.update(compressed)
        self.size += len(compressed)
        rest = memoryview(compressed)
        while rest:
            rest = rest[self._file.write(rest) :]
        if self.size >= self._write_back_at:
            # On its way to the disk by now, there is little left to wait for at the end.
            forget_cached(self._file)
            self._write_back_at = self.size + _WRITTEN_BACK_EVERY


def _size(each: ImageFile) -> int:
    with image_errors(each.path):
        return each.location.lstat().st_size


def _write_file(sink: _Sink, each: ImageFile, place: _Place, progress: Progress) -> ArchivedFile:
    with _open(each.path, each.location) as source:
        size = os.fstat(source.fileno()).st_size
        sink.write(member.header(f"{place.folder}/{each.path}", size, place.modified_at))
        hashed, done = hashlib.sha256(), 0
        while done < size:
            content = _read(source, each.path, place.buffer[: size - done])
            hashed.update(content)
            sink.write(content)
            done += len(content)
            place.done += len(content)
            progress(Step("storing", place.done, place.total))
        if os.fstat(source.fileno()).st_size != size:
            raise _changed(each.path)
    sink.write(bytes(member.padding(size)))
    return ArchivedFile(each.path, size, hashed.hexdigest())


def _open(path: str, location: Path) -> RawIOBase:
    with image_errors(path):
        # O_NONBLOCK, so that a named pipe is refused below and not waited for.
        descriptor = os.open(location, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise CaptureFailed(f"The captured file {path} is not a regular file.", hint="Nothing was kept.")
    return FileIO(descriptor)


def _read(source: RawIOBase, path: str, buffer: memoryview) -> memoryview:
    with image_errors(path):
        count = source.readinto(buffer)
    if not count:
        raise _changed(path)
    return buffer[:count]


def _changed(path: str) -> CaptureFailed:
    return CaptureFailed(
        f"The captured file {path} changed its size while it was stored.",
        hint="Nothing was kept. Take the backup again; if it happens again, report it.",
    )
