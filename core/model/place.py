"""Where an instance lives, how it is started, and what it takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """Where a new instance lives: an empty directory of its own, and the address it will listen on.

    `port` 0 means that the engine needs none.
    """

    name: str
    directory: Path
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Launch:
    """How an instance is started: a program with its arguments, and the variables added to its environment.

    `argv` holds the place's directory in at least one argument, so that the process can be found again by it.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Needs:
    """What an instance of a backup is expected to take, in bytes."""

    disk_bytes: int
    memory_bytes: int
