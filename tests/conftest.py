"""What every test gets: folders in memory, a Java that is quick to start; and the order in which files begin."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from core.engines.janusgraph_berkeleyje.java import find_java
from core.errors import JavaMissing

MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 4 << 30
"""More than two tests take at a time: what passed is removed, a few make sources of 150 MB and back them up."""

# A test is never judged by the clock: on a machine that does other work an example may take any time.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Keep the folders of tests in memory where there is room, unless PYTEST_DEBUG_TEMPROOT or --basetemp say where.

    On a disk half of the time is waiting for it: every commit and every stored file is flushed. A process that is
    killed leaves the same there as on a disk; what a machine leaves that loses its power, no test can tell.
    """
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.fixture(scope="session", autouse=True)
def quick_java(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let every JVM compile once and quickly: the graphs of tests are small, half of its time went into compiling.

    It is chosen as a person chooses a Java, by JAVA_HOME. Measured: a proof takes 3.0 s of a processor, not 5.4.
    """
    try:
        java = find_java()
    except JavaMissing:  # the tests that need it say so
        yield
        return
    home = tmp_path_factory.mktemp("java")
    program = home / "bin" / "java"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{java}" -XX:TieredStopAtLevel=1 "$@"\n')
    program.chmod(0o755)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("JAVA_HOME", str(home))
        yield


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Let what tests start be ended by Ctrl-C: in the background of a shell it would inherit to ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the files that take longest begin first, so that no worker is left with one while the other has nothing."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
