"""What all notices are made of: facts read from JSON, and a message with its words for notifications."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from bot.blocks.parts import Json, actions, section
from bot.draft import Picture
from core.model.notice import Notice
from core.model.person import Door, Person

DAYS = 5


@dataclass(frozen=True, slots=True)
class Said:
    """A message: its blocks, the same in words, and a picture that is put among the blocks."""

    blocks: list[Json]
    text: str
    picture: Picture | None = None


def worded(text: str, buttons: Sequence[Json] = ()) -> Said:
    """Return a message of one paragraph and a row of buttons."""
    return Said([section(text), *actions(buttons)], text)


def moment(facts: Mapping[str, Any], name: str) -> datetime | None:
    """Return a time among facts."""
    found = facts.get(name)
    return datetime.fromisoformat(str(found)) if found else None


def someone(facts: Mapping[str, Any]) -> Person:
    """Return the person among facts."""
    found = facts.get("person") or {}
    door = str(found.get("door", ""))
    return Person(
        str(found.get("id", "")), str(found.get("name", "")), Door(door) if door in set(Door) else Door.SYSTEM
    )


def not_delivered(folded: Sequence[Notice], noun: str) -> str:
    """Return which earlier ones nobody was told: "3 digests of 23, 24 and 25 Nov were not delivered"; "" for none."""
    if not folded:
        return ""
    days = [day_of(one) for one in folded]
    if len(days) > DAYS:
        named = f"{days[0]} to {days[-1]}"
    else:
        named = " and ".join(part for part in (", ".join(days[:-1]), days[-1]) if part)
    return f"{len(days)} earlier {noun}{'s' if len(days) > 1 else ''} of {named} could not be delivered."


def day_of(notice: Notice) -> str:
    """Return the day that a daily notice is of: "Thu 26 Nov"."""
    try:
        day = date.fromisoformat(notice.key)
    except ValueError:
        day = notice.at.date()
    return f"{day:%a} {day.day} {day:%b}"
