"""A notice: something that people are told once and that is no backup, restore or instance."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class NoticeKind(StrEnum):
    """What is told. Notices of one kind about one source are alike, and may be folded where many wait."""

    OVERDUE = "overdue"
    RECOVERED = "recovered"
    CAUGHT_UP = "caught-up"
    EXPIRING = "expiring"
    PRUNED = "pruned"
    PRUNE_FAILED = "prune-failed"
    HELD_BACK = "held-back"
    FROZEN = "frozen"
    THAWED = "thawed"
    DIGEST = "digest"
    CLOCK = "clock"
    VAULT = "vault"
    CATALOG = "catalog"
    SCHEDULE = "schedule"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell, in the order of `seq`. `about` is a source, or "" for all of them.

    `key` makes it unique among its kind and source: telling the same thing twice is one notice. `fields` are the facts
    as they were then, JSON; `at` is aware UTC. `revision` is the catalog's.
    """

    kind: NoticeKind
    about: str
    key: str
    at: datetime
    fields: Mapping[str, Any] = field(default_factory=dict)
    seq: int = 0
    revision: int = 0
