"""Reads when people are told what happened, and how often a watchdog outside is."""

from collections.abc import Mapping
from datetime import time
from typing import Any

from core.config.kinds import shown
from core.config.table import Reading
from core.config.values import NoticesConfig
from core.errors import UsageError
from core.model.schedule_words import parse_time

PLACE = "notices"


def read_notices(reading: Reading, values: Mapping[str, Any]) -> NoticesConfig:
    """Return it from the values of its table."""
    return NoticesConfig(
        digest=_time(reading, "digest", values["digest"]),
        evening=_time(reading, "evening", values["evening"]),
        heartbeat_seconds=values["heartbeat_every"],
    )


def _time(reading: Reading, key: str, value: object) -> time | None:
    if value is False:
        return None
    try:
        return parse_time(value, key)
    except UsageError:
        reading.fault((PLACE, key), f'is {shown(value)}. Write a time like "09:00", or false for none.')
        return None
