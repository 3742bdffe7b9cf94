"""A consistent image of a source, before it is stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class ImageFile:
    """One file of a captured image: where it lies, and its path below the archive's folder ("/"-separated)."""

    path: str
    location: Path


@dataclass(frozen=True, slots=True)
class Image:
    """A consistent image of a source. Its files do not change until `Engine.discard`.

    `facts` are JSON for the manifest; `versions` as in SourceFacts.
    """

    files: tuple[ImageFile, ...]
    captured_at: datetime
    versions: Mapping[str, str]
    facts: Mapping[str, Any] = field(default_factory=dict)
