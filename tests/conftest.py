"""What every test gets: a Java that is quick to start; and the order in which files are given out."""

from collections.abc import Iterator

import pytest

from core.engines.janusgraph_berkeleyje.java import find_java
from core.errors import JavaMissing


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


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the files that take longest begin first, so that no worker is left with one while the other has nothing."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
