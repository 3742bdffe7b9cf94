"""What every engine promises (core.ports.Engine), asked of each with a real database."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from core.engines.janusgraph_berkeleyje import JanusGraphBerkeleyJE
from core.engines.sqlite import SQLite
from core.errors import Cancelled, CaptureFailed, ProofFailed, RestoreFailed, SafeholdError
from core.model.image import Image
from core.model.manifest import Manifest, ProofRecord
from core.model.place import Place
from core.model.progress import Step, silent
from core.model.source import Source
from core.ports import Engine
from tests.support.engines import RealClock, digest, flip, manifest_of, new_backup_id, running, stored
from tests.support.janus import CACHE, MEMORY, Janus, free_port
from tests.support.waiting import until

pytestmark = pytest.mark.long


class Subject(Protocol):
    """One engine with a live source that tests can write to."""

    engine: Engine
    source: Source

    def write(self, value: int) -> None:
        """Commit one element with that value; it is acknowledged when this returns."""

    def count(self, proof: ProofRecord) -> int:
        """Return how many such elements a proof counted."""

    def watched(self) -> set[str]:
        """Return the files beside which nothing may be left."""


@dataclass
class JanusGraphSubject:
    """JanusGraph, written to through its server."""

    engine: Engine
    source: Source
    server: Janus

    def write(self, value: int) -> None:
        """Commit one element."""
        self.server.run(f"g.addV('written').property('age', {value}).iterate(); g.tx().commit(); 'done'")

    def count(self, proof: ProofRecord) -> int:
        """Return how many were counted."""
        return proof.counts["vertices"].get("written", 0)

    def watched(self) -> set[str]:
        """Return what stands where stages are."""
        return {path.name for path in self.server.directory.iterdir()}


@dataclass
class SQLiteSubject:
    """An SQLite file, written to beside us."""

    engine: Engine
    source: Source
    path: Path

    def write(self, value: int) -> None:
        """Commit one element."""
        with closing(sqlite3.connect(self.path)) as database, database:
            database.execute("INSERT INTO written VALUES (?, ?)", (value, f"the value {value}" * 50))

    def count(self, proof: ProofRecord) -> int:
        """Return how many were counted."""
        return proof.counts["tables"]["written"]

    def watched(self) -> set[str]:
        """Return what stands where stages are."""
        stages = self.engine.scratch / "sqlite-stage"  # type: ignore[attr-defined]
        return {path.name for path in stages.iterdir()} if stages.exists() else set()


@pytest.fixture(
    scope="session",
    params=[
        pytest.param("janusgraph-berkeleyje", marks=[pytest.mark.java, pytest.mark.xdist_group("janusgraph")]),
        "sqlite",
    ],
    name="subject",
)
def _subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    scratch = tmp_path_factory.mktemp("scratch")
    if request.param == "sqlite":
        path = scratch / "orders.db"
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("CREATE TABLE written (value INTEGER, text TEXT)")
            with database:
                database.executemany("INSERT INTO written VALUES (?, ?)", [(n, "x" * 500) for n in range(2000)])
        return SQLiteSubject(SQLite(scratch, RealClock()), _source("sqlite", path=path), path)
    gods: Janus = request.getfixturevalue("gods")
    engine = JanusGraphBerkeleyJE(scratch, RealClock(), CACHE, MEMORY)
    return JanusGraphSubject(engine, _source(engine.name, endpoint=gods.endpoint, directory=gods.data), gods)


def _source(engine: str, **options: object) -> Source:
    return Source("tested", engine, "local", "here", options=options)


@contextmanager
def captured(subject: Subject) -> Iterator[Image]:
    """Capture, and discard afterwards."""
    backup = new_backup_id()
    try:
        yield subject.engine.capture(subject.source, backup, silent)
    finally:
        subject.engine.discard(subject.source, backup)


@dataclass(frozen=True)
class Kept:
    """One backup of a source, proven; the stored bytes stay as they are."""

    folder: Path
    manifest: Manifest
    proof: ProofRecord


@pytest.fixture(scope="session", name="kept")
def _kept(subject: Subject, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    root = tmp_path_factory.mktemp("kept")
    with captured(subject) as image:
        folder = stored(image, root / "bytes")
        manifest = manifest_of(subject.engine, image)
    proof = subject.engine.prove(Path(shutil.copytree(folder, root / "copy")), manifest, silent)
    return Kept(folder, manifest.proven(proof), proof)


def _unpacked(kept: Kept, target: Path) -> Path:
    return Path(shutil.copytree(kept.folder, target))


def _place(tmp_path: Path) -> Place:
    directory = tmp_path / "tested-restore-20261124T031500Z"
    directory.mkdir()
    return Place(directory.name, directory, "127.0.0.1", free_port())


def test_inspection_names_versions_and_size(subject: Subject) -> None:
    """A live source tells its versions and how much a capture would hold."""
    observed = subject.engine.inspect(subject.source)
    assert observed.versions
    assert all(observed.versions.values())
    assert observed.size_bytes > 100_000


def test_what_was_acknowledged_before_is_in_and_what_came_later_is_not(subject: Subject, tmp_path: Path) -> None:
    """An image holds every transaction acknowledged before the call, and stays as it is while the source goes on."""
    for value in range(5):
        subject.write(value)
    with captured(subject) as image:
        before = [digest(file.location) for file in image.files]
        first = subject.engine.prove(stored(image, tmp_path / "first"), manifest_of(subject.engine, image), silent)
        subject.write(99)
        assert [digest(file.location) for file in image.files] == before
    with captured(subject) as image:
        second = subject.engine.prove(stored(image, tmp_path / "second"), manifest_of(subject.engine, image), silent)
    assert subject.count(first) >= 5
    assert subject.count(second) == subject.count(first) + 1
    assert second.fingerprint != first.fingerprint


def test_same_bytes_have_the_same_fingerprint(subject: Subject, kept: Kept, tmp_path: Path) -> None:
    """Two copies of the same stored bytes are proven equal."""
    again = subject.engine.prove(_unpacked(kept, tmp_path / "copy"), kept.manifest, silent)
    assert (again.fingerprint, again.counts) == (kept.proof.fingerprint, kept.proof.counts)
    assert len(again.fingerprint) == 64
    assert again.checked


def test_a_cancelled_capture_leaves_nothing(subject: Subject) -> None:
    """A cancel in the middle ends the capture and removes its stage."""

    def cancel(_step: Step) -> None:
        raise Cancelled("Cancelled.")

    before = subject.watched()
    with pytest.raises(Cancelled):
        subject.engine.capture(subject.source, new_backup_id(), cancel)
    assert subject.watched() == before


def test_discarding_is_idempotent(subject: Subject) -> None:
    """A stage can be discarded twice, and one that never was as well."""
    before = subject.watched()
    backup = new_backup_id()
    subject.engine.capture(subject.source, backup, silent)
    subject.engine.discard(subject.source, backup)
    subject.engine.discard(subject.source, backup)
    subject.engine.discard(subject.source, new_backup_id())
    assert subject.watched() == before


def test_a_stage_in_use_is_left_alone(subject: Subject) -> None:
    """A second capture under the same id fails, and the first one's image stays."""
    backup = new_backup_id()
    image = subject.engine.capture(subject.source, backup, silent)
    with pytest.raises(CaptureFailed):
        subject.engine.capture(subject.source, backup, silent)
    assert all(file.location.is_file() for file in image.files)
    subject.engine.discard(subject.source, backup)


def test_an_id_never_leads_out_of_the_stage(subject: Subject) -> None:
    """An id that is a path is refused."""
    with pytest.raises(CaptureFailed):
        subject.engine.discard(subject.source, "../elsewhere")


@pytest.mark.parametrize("damage", ["flipped", "emptied", "missing"])
def test_damaged_bytes_are_never_proven(subject: Subject, kept: Kept, damage: str, tmp_path: Path) -> None:
    """A flipped byte, an emptied file and a missing one are each found."""
    folder = _unpacked(kept, tmp_path / "copy")
    # The oldest file: the end of the newest log may be cut by right.
    victim = folder / min(file.path for file in kept.manifest.archive.files)
    if damage == "flipped":
        for offset in range(5000, victim.stat().st_size, 5000):
            flip(victim, offset)
    elif damage == "emptied":
        victim.write_bytes(b"")
    else:
        victim.unlink()
    with pytest.raises(ProofFailed):
        subject.engine.prove(folder, kept.manifest, silent)


def test_a_cancelled_proof_passes_the_cancel_on(subject: Subject, kept: Kept, tmp_path: Path) -> None:
    """A cancel while proving comes out as a cancel, not as a failed proof."""

    def cancel(_step: Step) -> None:
        raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        subject.engine.prove(_unpacked(kept, tmp_path / "copy"), kept.manifest, cancel)


def test_a_prepared_instance_holds_the_same_data_and_answers(subject: Subject, kept: Kept, tmp_path: Path) -> None:
    """A restore has the backup's fingerprint, answers once it runs, and is not mistaken for another."""
    place = _place(tmp_path)
    assert not subject.engine.answers(place)
    proof = subject.engine.prepare(_unpacked(kept, place.directory / "unpacked"), kept.manifest, place, silent)
    assert (proof.fingerprint, proof.counts) == (kept.proof.fingerprint, kept.proof.counts)
    with running(subject.engine, place):
        until(lambda: subject.engine.answers(place), 120, "the instance answers")
        if subject.engine.serves:
            other = Place("another-name", place.directory, place.host, place.port)
            assert not subject.engine.answers(other)
            assert str(place.port) in subject.engine.endpoint(place)
        else:
            assert str(place.directory) in subject.engine.endpoint(place)


def test_damaged_bytes_are_never_restored(subject: Subject, kept: Kept, tmp_path: Path) -> None:
    """What can't be read ends the restore."""
    place = _place(tmp_path)
    unpacked = _unpacked(kept, place.directory / "unpacked")
    (unpacked / min(file.path for file in kept.manifest.archive.files)).write_bytes(b"")
    with pytest.raises(RestoreFailed):
        subject.engine.prepare(unpacked, kept.manifest, place, silent)


def test_needs_are_at_least_the_files(subject: Subject, kept: Kept) -> None:
    """An instance is said to need no less than its files."""
    assert subject.engine.needs(kept.manifest).disk_bytes > kept.manifest.archive.raw_size


def test_a_source_that_is_not_there_is_said_plainly(subject: Subject, tmp_path: Path) -> None:
    """A path that leads nowhere is an error that a person can act on."""
    nowhere = dict.fromkeys(("path", "directory"), tmp_path / "x")
    gone = _source(subject.engine.name, **{**subject.source.options, **nowhere})
    with pytest.raises(SafeholdError) as caught:
        subject.engine.inspect(gone)
    assert caught.value.kind == "unavailable"
    assert caught.value.hint
