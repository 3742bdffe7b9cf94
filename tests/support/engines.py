"""What tests of engines share: manifests as a service would write them, and the stored bytes as a vault gives them."""

import hashlib
import itertools
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from core.model.image import Image
from core.model.manifest import ArchivedFile, Manifest, ProofRecord, StoredArchive
from core.model.naming import backup_id
from core.model.place import Place
from core.ports import Engine

_numbers = itertools.count(1)


class RealClock:
    """The time as it is."""

    def now(self) -> datetime:
        """Return the wall time."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that only grow."""
        return time.monotonic()


@dataclass
class RacingClock(RealClock):
    """A clock on which every look takes long."""

    seconds_a_look: float
    looks: int = field(default=0)

    def monotonic(self) -> float:
        """Return seconds that only grow."""
        self.looks += 1
        return self.looks * self.seconds_a_look


def new_backup_id() -> str:
    """Return an id that no other test has."""
    return backup_id(RealClock().now(), next(_numbers))


def stored(image: Image, folder: Path) -> Path:
    """Copy an image's files as a vault would give them back."""
    for file in image.files:
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file.location, target)
    return folder


def manifest_of(engine: Engine, image: Image, proof: ProofRecord | None = None) -> Manifest:
    """Return the manifest that a service would write for an image."""
    files = tuple(ArchivedFile(f.path, f.location.stat().st_size, digest(f.location)) for f in image.files)
    return Manifest(
        backup_id=new_backup_id(),
        source="tested",
        engine=engine.name,
        tiers=("on-demand",),
        requested_by="U0ANNA",
        requested_by_name="anna",
        door="slack",
        note="",
        requested_at=image.captured_at,
        captured_at=image.captured_at,
        verified_at=image.captured_at,
        archive=StoredArchive("tested.tar.zst", 1, "0" * 64, files),
        versions=image.versions,
        facts=image.facts,
        proof=proof,
    )


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def flip(path: Path, offset: int) -> None:
    """Change one byte of a file in place."""
    content = bytearray(path.read_bytes())
    content[offset] ^= 0xFF
    path.write_bytes(content)


@contextmanager
def running(engine: Engine, place: Place) -> Iterator[None]:
    """Run a prepared instance while the block lasts; nothing is started where its files are the instance."""
    launch = engine.launch(place)
    assert (launch is not None) == engine.serves
    if launch is None:
        yield
        return
    assert any(str(place.directory) in argument for argument in launch.argv)
    with (place.directory / "log").open("wb") as log:
        process = subprocess.Popen(launch.argv, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)
