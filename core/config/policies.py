"""Reads the policies that people name in the configuration, beside the fixed one."""

import re
from collections.abc import Mapping
from typing import Any

from core.config.keys import POLICY
from core.config.kinds import shown
from core.config.lines import Place
from core.config.table import Reading, read_options, table_in
from core.model.backup import Tier
from core.model.naming import SOURCE_NAME
from core.model.policy import COMPOSE, DEFAULT, Policy
from core.model.span import Span, Unit

MOST = 10_000
HIGHEST_FLOOR = 1000
LONGEST = Span(100, Unit.YEAR)

_SPAN = re.compile(r"([0-9]{1,6})(h|d|w|mo|y)")
_UNITS = {"h": Unit.HOUR, "d": Unit.DAY, "w": Unit.WEEK, "mo": Unit.MONTH, "y": Unit.YEAR}
_NEWEST_OF = {
    "hourly": Unit.HOUR,
    "daily": Unit.DAY,
    "weekly": Unit.WEEK,
    "monthly": Unit.MONTH,
    "yearly": Unit.YEAR,
}
_SPANS = {
    "daily_for": Tier.DAILY,
    "weekly_for": Tier.WEEKLY,
    "monthly_for": Tier.MONTHLY,
    "on_demand_for": Tier.ON_DEMAND,
}


def read_policies(reading: Reading, document: Mapping[str, Any], ignored: frozenset[Place]) -> dict[str, Policy]:
    """Return every policy by its name, the fixed one among them; one that is wrong stands as the fixed one here."""
    found = {DEFAULT: COMPOSE}
    for name, value in table_in(reading, document.get("policies"), ("policies",)).items():
        place = ("policies", name)
        if name == DEFAULT:
            reading.fault(place, "is fixed and can't be changed. Give yours another name, and name it at the source.")
            continue
        if not SOURCE_NAME.fullmatch(name):
            reading.fault(place, "is no name. Use at most 40 of a-z, 0-9, - and _, beginning with a letter.")
        table = table_in(reading, value, place)
        found[name] = _policy(reading, table, place, ignored) if isinstance(value, dict) else COMPOSE
    return found


def _policy(reading: Reading, table: Mapping[str, Any], place: Place, ignored: frozenset[Place]) -> Policy:
    before = len(reading.faults)
    values = read_options(reading, table, place, POLICY, ignored)
    for name in ("last", "on_demand"):
        _require_number(reading, place, values, name, MOST)
    for name, unit in _NEWEST_OF.items():
        # What looks back further than the calendar goes can't be counted.
        _require_number(reading, place, values, name, min(MOST, LONGEST.about // Span(1, unit).about))
    if not 1 <= values["floor"] <= HIGHEST_FLOOR:
        reading.fault(
            (*place, "floor"),
            f"is {values['floor']}, and the newest good backup always stays. Write a number from 1 to {HIGHEST_FLOOR}.",
        )
        values["floor"] = 1
    spans = {name: _span(reading, (*place, name), values[name]) for name in ("within", *_SPANS)}
    try:
        return Policy(
            name=place[-1],
            last=values["last"] or 0,
            within=spans["within"],
            newest_of=tuple((unit, values[name]) for name, unit in _NEWEST_OF.items() if values[name]),
            spans=tuple((tier, span) for name, tier in _SPANS.items() if (span := spans[name])),
            on_demand=values["on_demand"] or 0,
            floor=values["floor"],
        )
    except ValueError:
        if len(reading.faults) == before:
            # Where a rule was wrong, its own fault says more.
            reading.fault(place, 'keeps nothing beyond its floor. Add a rule like last = 7 or within = "30d".')
        return COMPOSE


def _require_number(reading: Reading, place: Place, values: dict[str, Any], name: str, most: int) -> None:
    """Report a count that can't be, and leave its rule out."""
    value = values[name]
    if value is not None and not 1 <= value <= most:
        reading.fault((*place, name), f"is {value}. Write a number from 1 to {most}, or take it out.")
        values[name] = None


def _span(reading: Reading, place: Place, text: str | None) -> Span | None:
    if not text:
        return None
    match = _SPAN.fullmatch(text)
    span = Span(int(match[1]), _UNITS[match[2]]) if match else None
    if span is None:
        reading.fault(place, f'is {shown(text)}. Write a time like "36h", "14d", "4w", "3mo" or "1y".')
    elif span.count < 1 or span.about > LONGEST.about:
        reading.fault(place, f'is {shown(text)}. Write a time between "1h" and "{LONGEST.count}y".')
        return None
    return span
