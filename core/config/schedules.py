"""Reads when backups are taken: the team's zone, the schedule of all sources and those of single ones."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.config import keys
from core.config.kinds import shown
from core.config.lines import Place
from core.config.table import Reading, read_options, table_in
from core.errors import UsageError
from core.model.schedule import DEFAULT, Schedule
from core.model.schedule_words import change


def read_defaults(reading: Reading, zone: str, table: object, ignored: frozenset[Place]) -> tuple[str, Schedule]:
    """Return the team's zone, and the schedule of every source that says nothing else."""
    base = DEFAULT
    if ("zone",) not in ignored:
        base = _changed(reading, (), base, "zone", zone)
    return base.zone, read_schedule(reading, table, ("schedule",), base, ignored)


def read_schedule(reading: Reading, table: object, place: Place, base: Schedule, ignored: frozenset[Place]) -> Schedule:
    """Return `base` with what a table says changed; cron expressions stand in place of tiers that it doesn't name."""
    found = table_in(reading, table, place)
    values = read_options(reading, found, place, keys.SCHEDULE, ignored)
    written = {key: value for key, value in values.items() if found.get(key, "") != "" and value not in (None, "")}
    _require_one_time(reading, place, written)
    schedule = replace(base, daily=False, weekly=None, monthly=None) if written.get("cron") else base
    for key, value in written.items():
        if (*place, key) not in ignored:
            # A fault shows a window as it is written, not in seconds.
            schedule = _changed(reading, place, schedule, key, found[key] if key == "window" else value)
    return schedule


def _require_one_time(reading: Reading, place: Place, written: Mapping[str, Any]) -> None:
    daily, at = written.get("daily"), written.get("at")
    if isinstance(daily, str) and at is not None and daily != at:
        reading.fault(
            (*place, "daily"), f"is {shown(daily)}, and at is {shown(at)}. Keep one of them: they are the same."
        )


def _changed(reading: Reading, place: Place, schedule: Schedule, key: str, value: object) -> Schedule:
    try:
        return change(schedule, key, value)
    except UsageError as error:
        reading.fault((*place, key), f"{error.message.removeprefix(key + ' ')} {error.hint}")
        return schedule
