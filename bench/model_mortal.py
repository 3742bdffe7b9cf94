"""What a bot works with that can be killed: a catalog, a vault, an engine, a runner and a clock on strings."""

import hashlib
import os
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlite_utils import Database

from bench.model_clock import SetClock
from core.catalog.file import CatalogFile
from core.errors import CaptureFailed, ProofFailed, SafeholdError, SourceUnavailable
from core.model.image import Image, ImageFile
from core.model.manifest import Manifest, ProofRecord, StoredArchive
from core.model.place import Launch, Needs, Place
from core.model.progress import Progress, Step
from core.model.source import Source, SourceFacts
from core.runtime.files import remove_tree
from core.vaults.directory import DirectoryVault

FILE = "data"


class Killed(BaseException):
    """The process is dead: nothing that it still tries has any effect."""


@dataclass
class Fate:
    """When a process dies: in its so many'th touch of the catalog or the vault, and in each one after that."""

    left: int = 0
    dead: bool = False

    def strikes(self) -> bool:
        """Count a touch; say whether the process dies in it."""
        if not self.dead and self.left:
            self.left -= 1
            self.dead = not self.left
        return self.dead

    def touch(self) -> None:
        """Die, if it is time."""
        if self.strikes():
            raise Killed


class MortalFile(CatalogFile):
    """The catalog's file, for a process that may die before a write, before its commit, or after it."""

    def __init__(self, path: Path, fate: Fate) -> None:
        super().__init__(path)
        self.fate = fate

    @property
    def writing(self) -> bool:
        """Say whether a write is open."""
        return getattr(self._open, "writing", None) is not None

    @contextmanager
    def write(self) -> Iterator[Database]:
        """Open a write; it is lost where the process dies before the commit."""
        if not self.writing:
            self.fate.touch()
        with super().write() as db:
            yield db
            self.fate.touch()
        if not self.writing:
            self.fate.touch()

    @contextmanager
    def read(self) -> Iterator[Database]:
        """Open a view."""
        if self.fate.dead:
            raise Killed
        with super().read() as db:
            yield db


class HeldRunner:
    """Holds what is submitted until it is let run, so that people and duties can act while a run stands open."""

    closing = False

    def __init__(self) -> None:
        self.waiting: dict[str, Callable[[], None]] = {}
        self.running = ""
        self.asked: set[str] = set()

    def submit(self, key: str, work: Callable[[], None], *, patient: bool = False) -> None:
        """Hold the work."""
        del patient
        self.waiting.setdefault(key, work)

    def hasten(self, key: str) -> None:
        """Leave it to who lets it run."""

    def wait(self, key: str, timeout_seconds: float | None = None) -> bool:
        """Say whether nothing of that key is held or runs."""
        del timeout_seconds
        return not self.knows(key)

    def knows(self, key: str) -> bool:
        """Say whether work of that key is held or runs."""
        return key in self.waiting or key == self.running

    def cancel(self, key: str) -> bool:
        """Ask it to stop."""
        known = self.knows(key)
        if known:
            self.asked.add(key)
        return known

    def cancelled(self, key: str) -> bool:
        """Say whether it was asked to stop."""
        return key in self.asked

    def run(self, key: str) -> None:
        """Let work run to its end, in a thread of its own: what gives way gives way for ever."""
        work, self.running = self.waiting.pop(key), key
        ended: list[BaseException] = []

        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - for whoever waits
                ended.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        self.running = ""
        self.asked.discard(key)
        for error in ended:
            # The record says how it ended, unless the whole process did.
            if not isinstance(error, SafeholdError):
                raise error


@dataclass
class QuickEngine:
    """A database of one small file. `truth` remembers what each capture held, whatever becomes of it later."""

    stage: Path
    clock: SetClock
    random: random.Random
    fate: Fate
    away: set[str] = field(default_factory=set)
    truth: dict[str, bytes] = field(default_factory=dict)
    name: str = "quick"
    family: str = "quick"
    title: str = "Quick"
    serves: bool = False

    def inspect(self, source: Source) -> SourceFacts:
        """Say that it is there."""
        if source.name in self.away:
            raise SourceUnavailable(f"{source.name} does not answer.")
        return SourceFacts({}, {}, 64)

    def capture(self, source: Source, backup_id: str, progress: Progress) -> Image:
        """Write something that nobody has ever written; now and then nothing, or fail."""
        folder = self.stage / backup_id
        folder.mkdir(parents=True)
        progress(Step("capturing"))
        chance = self.random.random()
        if chance < 0.02:
            raise CaptureFailed(f"{source.name} broke off.")
        self.truth[backup_id] = b"" if chance < 0.04 else self.random.randbytes(64)
        (folder / FILE).write_bytes(self.truth[backup_id])
        return Image((ImageFile(FILE, folder / FILE),), self.clock.now(), {})

    def discard(self, source: Source, backup_id: str) -> None:
        """Remove the stage."""
        del source
        if self.fate.dead:
            raise Killed
        remove_tree(self.stage / backup_id)

    def prove(self, unpacked: Path, manifest: Manifest, progress: Progress) -> ProofRecord:
        """Compare with the truth."""
        progress(Step("proving"))
        content = (unpacked / FILE).read_bytes()
        if content != self.truth[manifest.backup_id]:
            raise ProofFailed("It is not what was captured.")
        return ProofRecord(self.clock.now(), hashlib.sha256(content).hexdigest(), {})

    def needs(self, manifest: Manifest) -> Needs:
        """Need next to nothing."""
        del manifest
        return Needs(1, 1)

    def prepare(self, unpacked: Path, manifest: Manifest, place: Place, progress: Progress) -> ProofRecord:
        """Move the file."""
        proof = self.prove(unpacked, manifest, progress)
        (unpacked / FILE).rename(place.directory / FILE)
        return proof

    def launch(self, place: Place) -> Launch | None:
        """Start nothing."""
        del place

    def endpoint(self, place: Place) -> str:
        """Return the file."""
        return str(place.directory / FILE)

    def answers(self, place: Place) -> bool:
        """Say yes."""
        return bool(place)


@dataclass
class Hooks:
    """What the torture does in the middle of the vault's work."""

    fate: Fate
    random: random.Random
    between: Callable[[], None]
    removing: Callable[[str, str], None]
    removed: Callable[[str, str], None]
    torn: int = 0


class MortalVault(DirectoryVault):
    """A directory vault whose process may die in it, whose disk may tear what is written, while people interfere."""

    def __init__(self, name: str, path: Path, hooks: Hooks) -> None:
        super().__init__(name, path)
        self.hooks = hooks

    def put(self, source: str, backup_id: str, image: Image, progress: Progress) -> StoredArchive:
        """Store; leave half of it where the process dies, and store something else where the disk tears."""
        stored = super().put(source, backup_id, image, progress)
        archive = self.path / source / backup_id / stored.name
        if self.hooks.fate.strikes():
            os.truncate(archive, stored.size // 2)
            raise Killed
        if self.hooks.torn:
            self.hooks.torn -= 1
            tear(archive, self.hooks.random)
        return stored

    def verify(self, source: str, backup_id: str, archive: StoredArchive, progress: Progress) -> None:
        """Compare, while people interfere."""
        self.hooks.fate.touch()
        self.hooks.between()
        super().verify(source, backup_id, archive, progress)

    def commit(self, manifest: Manifest) -> None:
        """Write the manifest; the process may die before it and after it."""
        self.hooks.fate.touch()
        super().commit(manifest)
        self.hooks.fate.touch()

    def remove(self, source: str, backup_id: str) -> None:
        """Delete, while people interfere; the process may die when half of it is gone."""
        self.hooks.fate.touch()
        self.hooks.removing(source, backup_id)
        self.hooks.between()
        self.hooks.removed(source, backup_id)
        if self.hooks.fate.strikes():
            (self.path / source / backup_id / "manifest.json").unlink(missing_ok=True)
            raise Killed
        super().remove(source, backup_id)
        self.hooks.fate.touch()

    def unpack(self, manifest: Manifest, into: Path, progress: Progress) -> Path:
        """Unpack, while people interfere."""
        self.hooks.fate.touch()
        self.hooks.between()
        return super().unpack(manifest, into, progress)


def tear(path: Path, chance: random.Random) -> None:
    """Cut a file, or change a byte of it."""
    size = path.stat().st_size
    if chance.random() < 0.5:
        os.truncate(path, chance.randrange(size))
        return
    content = bytearray(path.read_bytes())
    content[chance.randrange(size)] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
