"""A database we protect, as configured and as observed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from core.model.schedule import DEFAULT, Schedule


class Prove(StrEnum):
    """How often a stored backup of a source is opened and counted."""

    EACH = "each"
    DAILY = "daily"
    WEEKLY = "weekly"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Source:
    """One configured source. `options` are the engine's own settings, already checked and typed."""

    name: str
    engine: str
    vault: str
    provisioner: str
    prove: Prove = Prove.EACH
    goal_seconds: int = 93_600
    lifetime_seconds: int = 14_400
    policy: str = "compose"
    options: Mapping[str, Any] = field(default_factory=dict)
    schedule: Schedule = DEFAULT


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What the live source said when asked cheaply, before a capture.

    `versions` names each component ("janusgraph": "1.1.0"). `facts` is JSON for the manifest: schema, index
    list and status. `size_bytes` is what a capture would hold before compression.
    """

    versions: Mapping[str, str]
    facts: Mapping[str, Any]
    size_bytes: int


def proof_is_due(prove: Prove, last: datetime | None, now: datetime) -> bool:
    """Say whether a backup that is taken now is to be proven, where one was proven last at a time or never."""
    if prove in {Prove.EACH, Prove.NEVER}:
        return prove is Prove.EACH
    # An hour less than the period, so that a daily backup that starts a little early is still proven.
    period = timedelta(days=1 if prove is Prove.DAILY else 7) - timedelta(hours=1)
    return last is None or now - last >= period
