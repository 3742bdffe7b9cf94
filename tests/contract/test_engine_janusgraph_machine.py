"""Trouble of the machine while a JanusGraph is proven is never called damage of its backup."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest

from core.engines.janusgraph_berkeleyje import JanusGraphBerkeleyJE
from core.engines.janusgraph_berkeleyje.jvm import DataFault, Tool
from core.errors import CorruptionError, OperationError, ProofFailed, SafeholdError
from core.model.manifest import Manifest
from core.model.progress import Progress, Step, silent
from core.model.source import Source
from tests.support.engines import RealClock, manifest_of, new_backup_id, stored
from tests.support.janus import CACHE, MEMORY, Janus, java_or_skip

pytestmark = [pytest.mark.java, pytest.mark.xdist_group("janusgraph")]


@dataclass(frozen=True)
class Kept:
    """The stored bytes of one backup, and the engine that proves copies of them."""

    engine: JanusGraphBerkeleyJE
    folder: Path
    manifest: Manifest

    def prove(self, copy: Path, progress: Progress = silent, memory: int = MEMORY) -> SafeholdError:
        """Return how the proof of a copy fails."""
        with pytest.raises(SafeholdError) as caught:
            replace(self.engine, memory=memory).prove(copy, self.manifest, progress)
        return caught.value


@pytest.fixture(scope="module", name="kept")
def _kept(gods: Janus, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    scratch = tmp_path_factory.mktemp("scratch")
    engine = JanusGraphBerkeleyJE(scratch, RealClock(), CACHE, MEMORY)
    options = {"endpoint": gods.endpoint, "directory": gods.data}
    source, backup = Source("tested", engine.name, "local", "here", options=options), new_backup_id()
    image = engine.capture(source, backup, silent)
    folder, manifest = stored(image, scratch / "bytes"), manifest_of(engine, image)
    engine.discard(source, backup)
    return Kept(engine, folder, manifest)


def _at(name: str, act: Callable[[], None]) -> Progress:
    """Act once when that step is told."""
    left = [act]

    def told(step: Step) -> None:
        if step.name == name and left:
            left.pop()()

    return told


def _kill_java() -> None:
    """Kill as the system does when memory runs out: only what this test has started."""
    for child in psutil.Process().children():
        # What another test has ended may still stand in the list: it has no command line.
        with suppress(psutil.NoSuchProcess):
            if "prove.groovy" in " ".join(child.cmdline()):
                child.kill()


def _not_damage(error: SafeholdError) -> None:
    assert not isinstance(error, (ProofFailed, CorruptionError))
    assert "could not be proven" in error.message
    assert error.hint


@pytest.mark.parametrize("step", ["checking storage", "opening"])
def test_a_killed_java_is_no_damage(kept: Kept, tmp_path: Path, step: str) -> None:
    """A JVM that the system kills leaves the backup unproven, and says by what it was ended."""
    error = kept.prove(Path(shutil.copytree(kept.folder, tmp_path / "copy")), _at(step, _kill_java))
    _not_damage(error)
    assert "SIGKILL" in error.message


def test_too_little_memory_is_no_damage(kept: Kept, tmp_path: Path) -> None:
    """A heap that is too small for the graph leaves the backup unproven, and names the memory."""
    error = kept.prove(Path(shutil.copytree(kept.folder, tmp_path / "copy")), memory=24 << 20)
    _not_damage(error)
    assert "ran out of memory (24 MiB)" in error.message


@contextmanager
def _small_disk(path: Path) -> Iterator[Path]:
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400m", "tmpfs", str(path)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("NOT TESTED ON A FULL DISK: mounting needs root")
    try:
        yield path
    finally:
        subprocess.run(["umount", str(path)], check=True)


def _fill(disk: Path) -> None:
    with (disk / "filling").open("wb", buffering=0) as file:
        try:
            while file.write(bytes(1 << 20)):
                pass
        except OSError:
            return


def test_a_full_disk_is_no_damage(kept: Kept, tmp_path: Path) -> None:
    """A scratch disk that fills up in the middle leaves the backup unproven."""
    with _small_disk(tmp_path / "disk") as disk:
        copy = Path(shutil.copytree(kept.folder, disk / "copy"))
        _not_damage(kept.prove(copy, _at("checking storage", lambda: _fill(disk))))


FAULTS = {
    "new OutOfMemoryError('Java heap space')": False,
    "new RuntimeException(new IOException('No space left on device'))": False,
    "new RuntimeException(new FileNotFoundException('/x (Too many open files)'))": False,
    "new RuntimeException(new FileNotFoundException('/x (No such file or directory)'))": True,
    "new RuntimeException(new EOFException())": True,
    "new Unsound('checksum is invalid')": True,
    "new Unsound('java.io.IOException: Input/output error')": False,
    "new IllegalStateException('The index names answers 0 ids for No space left')": True,
}


@pytest.mark.parametrize(("thrown", "of_data"), FAULTS.items())
def test_the_program_says_whose_fault_it_was(tmp_path: Path, thrown: str, of_data: bool) -> None:  # noqa: FBT001  a row of the table
    """Faults of the data and of the machine are told apart by what was thrown, however deep it lies."""
    (tmp_path / "program.groovy").write_text(f"Session.run(args) {{ throw {thrown} }}")
    tool = Tool(*java_or_skip(), MEMORY)
    with pytest.raises(OperationError) as caught:
        tool.run(str(tmp_path / "program"), tmp_path / "work", {"storage.directory": str(tmp_path)}, silent)
    assert isinstance(caught.value, DataFault) is of_data


def test_a_program_without_a_verdict_is_no_fault_of_the_data(tmp_path: Path) -> None:
    """A program that ends by itself and says nothing has judged nothing."""
    (tmp_path / "program.groovy").write_text("System.exit(0)")
    tool = Tool(*java_or_skip(), MEMORY)
    with pytest.raises(OperationError, match="without a verdict") as caught:
        tool.run(str(tmp_path / "program"), tmp_path / "work", {"storage.directory": str(tmp_path)}, silent)
    assert not isinstance(caught.value, DataFault)


def test_a_place_that_can_not_be_written_is_unavailable(tmp_path: Path) -> None:
    """What the system says of the scratch folder comes out as our error with the path."""
    (tmp_path / "work").write_text("a file")
    tool = Tool(*java_or_skip(), MEMORY)
    with pytest.raises(SafeholdError) as caught:
        tool.run("prove", tmp_path / "work", {"storage.directory": str(tmp_path)}, silent)
    assert caught.value.kind == "unavailable"
    assert str(tmp_path) in caught.value.message
