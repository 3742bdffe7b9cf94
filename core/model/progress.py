"""How far a run is: reported by adapters, shown by doors."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """What `done` and `total` of a step count."""

    BYTES = "bytes"
    ITEMS = "items"


@dataclass(frozen=True, slots=True)
class Step:
    """Where a run stands.

    `name` is a present participle a person reads ("capturing", "storing", "verifying", "proving",
    "unpacking", "rebuilding indexes"). `total` 0 means unknown.
    """

    name: str
    done: int = 0
    total: int = 0
    unit: Unit = Unit.BYTES


Progress = Callable[[Step], None]
"""Called by long work, often; cheap. It may raise `core.errors.Cancelled`, and the caller must then clean up
and let it pass."""


def silent(_step: Step) -> None:
    """Report to nobody."""
