"""The parts that storing and unpacking consist of, each done alone: what the whole can't be quicker than."""

import hashlib
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

import zstandard

from core.vaults.reading import CHUNK as READ
from core.vaults.writing import CHUNK, LEVEL, THREADS

Part = tuple[str, Callable[[], object]]


def parts(data: Path, archive: Path, spare: Path) -> Iterator[Part]:
    """Yield each part and what does it; `spare` is a file that is written, not the archive."""
    files = sorted(data.iterdir())
    yield "part: read the files", partial(_each, files, lambda _piece: None)
    yield "part: read and hash the files", partial(_hash, files)
    yield "part: read and compress the files", partial(_compress, files)
    yield "part: read and hash the archive", partial(_hash, [archive])
    yield "part: write the archive", partial(fill, spare, archive.stat().st_size)
    yield "part: sync the archive", partial(_sync, spare)
    yield "part: read and decompress the archive", partial(_decompress, archive)


def _each(files: list[Path], work: Callable[[memoryview], object]) -> None:
    buffer = memoryview(bytearray(CHUNK))
    for path in files:
        with path.open("rb", buffering=0) as file:
            while count := file.readinto(buffer):
                work(buffer[:count])


def _hash(files: list[Path]) -> None:
    _each(files, hashlib.sha256().update)


def _compress(files: list[Path]) -> None:
    compressor = zstandard.ZstdCompressor(level=LEVEL, threads=THREADS, write_checksum=True).compressobj()
    _each(files, compressor.compress)
    compressor.flush()


def fill(spare: Path, size: int) -> None:
    """Write a file of that many bytes; they are not synced."""
    left, piece = size, memoryview(os.urandom(CHUNK))
    with spare.open("wb", buffering=0) as file:
        while left:
            left -= file.write(piece[:left])


def _sync(spare: Path) -> None:
    with spare.open("rb+") as file:
        os.fsync(file.fileno())
    spare.unlink()


def _decompress(archive: Path) -> None:
    buffer = memoryview(bytearray(READ))
    with archive.open("rb", buffering=0) as file:
        stream = zstandard.ZstdDecompressor().stream_reader(cast("BinaryIO", file), read_size=READ)
        while stream.readinto(buffer):
            pass
