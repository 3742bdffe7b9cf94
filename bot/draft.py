"""A message as it should stand, within what Slack takes."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from bot.blocks.parts import Json, markup
from bot.blocks.text import cut_markup
from bot.ids import Slot

CHARACTERS = 12_000
"""Slack refuses a message whose blocks hold about 13,200 characters (msg_blocks_too_long)."""
SHORTEST = 100
TEXT_CHARACTERS = 3_000
"""Slack refuses an edit whose words, which stand in notifications, are longer than 4,000 (msg_too_long)."""


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a plot: what it is called, and its values, the oldest first."""

    name: str
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A plot that stands at a place among the blocks; `alt_text` says the same in words."""

    place: int
    title: str
    alt_text: str
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as it should stand now.

    `channel` is as configured, a name or an id. `thread` is the subject whose message, in slot `root`, it answers;
    "" where it stands in the channel. `since` is when its subject began: it can't have been posted before.
    `passing`: it only tells how far something is, so a later one may take its place.
    `folded` are further subjects that it tells of, `patient` that it waits as long as its channel can't be written to,
    `broadcast` that a reply stands in the channel too. `picture` is drawn when it is posted.
    """

    subject: str
    slot: Slot
    channel: str
    blocks: list[Json]
    text: str
    since: datetime
    thread: str = ""
    root: Slot = Slot.MAIN
    passing: bool = False
    folded: tuple[str, ...] = ()
    patient: bool = False
    broadcast: bool = False
    picture: Picture | None = None

    @property
    def digest(self) -> str:
        """Return a hash of what it says."""
        return hashlib.sha256(json.dumps([self.blocks, self.text], sort_keys=True).encode()).hexdigest()[:32]


def within_budget(blocks: list[Json], text: str) -> tuple[list[Json], str]:
    """Return blocks and words that Slack takes: where they are too long, the longest paragraphs are cut."""
    fitting = [*blocks]
    while (excess := _characters(fitting) - CHARACTERS + 1) > 0:
        place, longest = max(enumerate(map(_paragraph, fitting)), key=lambda pair: len(pair[1]))
        kept = max(len(longest) // 2, len(longest) - excess)
        if len(longest) <= SHORTEST:
            break
        fitting[place] = {**fitting[place], "text": markup(longest, kept)}
    return fitting, cut_markup(text, TEXT_CHARACTERS)


def _paragraph(block: Json) -> str:
    return str(block["text"]["text"]) if block["type"] == "section" else ""


def _characters(node: object) -> int:
    if isinstance(node, str):
        return len(node)
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return sum(map(_characters, children))
