"""Fixtures of the contract suites."""

from collections.abc import Iterator

import pytest

from tests.support.janus import CLEANING, FILL, GODS, Janus, janus_server


@pytest.fixture(scope="session")
def gods(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Janus]:
    """One JanusGraph server for all tests: the Graph of the Gods, several log files, cleaning."""
    with janus_server(tmp_path_factory.mktemp("gods"), "gods", CLEANING) as server:
        assert server.run(GODS) == "loaded"
        assert server.run(FILL) == "filled"
        yield server
