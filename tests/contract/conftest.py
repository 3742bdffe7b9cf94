"""Fixtures of the contract suites."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.model.image import Image
from core.vaults.directory import DirectoryVault
from tests.contract.vault_kit import CONTENTS, image_of
from tests.support.janus import CLEANING, FILL, GODS, Janus, janus_server


@pytest.fixture(scope="session")
def gods(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Janus]:
    """One JanusGraph server for all tests: the Graph of the Gods, several log files, cleaning."""
    with janus_server(tmp_path_factory.mktemp("gods"), "gods", CLEANING) as server:
        assert server.run(GODS) == "loaded"
        assert server.run(FILL) == "filled"
        yield server


@pytest.fixture
def vault(tmp_path: Path) -> DirectoryVault:
    """Return an empty vault."""
    (tmp_path / "vault").mkdir()
    return DirectoryVault("local", tmp_path / "vault")


@pytest.fixture
def image(tmp_path: Path) -> Image:
    """Return an image with a big, a small, an empty and an oddly named file."""
    return image_of(tmp_path / "stage", CONTENTS)


@pytest.fixture
def into(tmp_path: Path) -> Path:
    """Return an empty directory to unpack into."""
    (tmp_path / "into").mkdir()
    return tmp_path / "into"
