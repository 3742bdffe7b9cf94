"""A configuration that a test writes and reads."""

from pathlib import Path

import pytest

from core.config import Config, read_config
from core.errors import ConfigInvalid
from core.model.options import Shapes


def read_text(shapes: Shapes, folder: Path, text: str) -> Config:
    """Read a configuration that holds this text."""
    path = folder / "safehold.toml"
    path.write_text(text, "utf-8")
    return read_config(path, shapes)


def faults_of(shapes: Shapes, folder: Path, text: str) -> list[str]:
    """Return the faults of this text, in the order they are told."""
    with pytest.raises(ConfigInvalid) as caught:
        read_text(shapes, folder, text)
    return str(caught.value).split("\n")
