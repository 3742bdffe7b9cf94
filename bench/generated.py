"""Directories that compress like BerkeleyJE logs, and the images made of them."""

import random
from datetime import UTC, datetime
from pathlib import Path

from core.model.image import Image, ImageFile
from core.model.manifest import Manifest, StoredArchive

SOURCE = "bench"
BACKUP = "20261123T020000Z-7f3a1c"
FILE = 10_000_000  # JE's default log file
_WORDS, _NOISE = 41_200, 24_300  # bytes of each in turn: together zstd -3 makes them 1.7 times smaller


def size_of(text: str) -> int:
    """Read "200m" or "2g" as bytes, powers of 1000."""
    return int(float(text[:-1]) * {"k": 10**3, "m": 10**6, "g": 10**9}[text[-1]])


def generate(directory: Path, size: int) -> Image:
    """Fill a new directory with that many bytes: random words and fresh noise, so that nothing repeats nearby.

    Words repeat every 64 MB, far beyond the window of zstd -3; the noise between them is always new, so that a
    program that removes duplicates finds none either.
    """
    directory.mkdir(parents=True)
    chance = random.Random(size)
    words = _words(chance)
    done = number = 0
    while done < size:
        path = directory / f"{number:08x}.jdb"
        with path.open("wb") as file:
            while file.tell() < FILE and done + file.tell() < size:
                start = chance.randrange(len(words) - _WORDS)
                file.write(words[start : start + _WORDS])
                file.write(chance.randbytes(_NOISE))
            file.truncate(min(FILE, size - done))
        done += path.stat().st_size
        number += 1
    return image_of(directory)


def image_of(directory: Path) -> Image:
    """Return a directory as a captured image."""
    files = tuple(ImageFile(f"je/{path.name}", path) for path in sorted(directory.iterdir()))
    return Image(files, datetime.now(UTC), {})


def manifest_of(stored: StoredArchive) -> Manifest:
    """Return a manifest for an archive."""
    now = datetime.now(UTC)
    return Manifest(BACKUP, SOURCE, "bench", (), "bench", "bench", "system", "", now, now, now, stored, {})


def _words(chance: random.Random) -> bytes:
    letters = "etaoinshrdlucmfwypvbgkjqxz"
    known = ["".join(chance.choices(letters, k=chance.randint(4, 9))) for _ in range(5000)]
    blocks = [" ".join(chance.choices(known, k=10_000)) for _ in range(850)]
    return "\n".join(blocks).encode()
