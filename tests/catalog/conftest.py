"""A catalog in a real file, for each test its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.catalog import Catalog


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the catalog lies; its folder is not there yet."""
    return tmp_path / "state" / "catalog.db"


@pytest.fixture
def catalog(path: Path) -> Iterator[Catalog]:
    """Return an empty catalog."""
    with Catalog.open(path) as opened:
        yield opened
