"""A page of backups, newest on top, one row of it opened at most."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Self

from bot.blocks import backup as backups
from bot.blocks.parts import Json, actions, button, context, divider, header, menu, option, section
from bot.blocks.text import age, code, duration, escape
from bot.ids import Action
from core.errors import Stale
from core.model.backup import Backup, Page
from core.services.browse import SourceStatus

ALL = "*"
"""The menu's value for every source; no source can be called so."""


@dataclass(frozen=True, slots=True)
class ListPlace:
    """Which page of which list is shown and which row is open: travels in the values of the list's buttons."""

    source: str = ""
    older_than: str = ""
    newer_than: str = ""
    first: int = 1
    opened: str = ""

    def text(self) -> str:
        """Return it as the value of a button."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Self:
        """Return it from the value of a button.

        Raises:
            Stale: the button is of another version of Safehold.

        """
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError) as error:
            raise Stale("This list is of an older Safehold.", hint="Type /backups for a new one.") from error


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a page. `shown` is None where all sources are; `news` is markup: what was just done."""

    names: Sequence[str]
    shown: SourceStatus | None
    now: datetime
    news: str = ""


def listing(page: Page, place: ListPlace, frame: Frame) -> list[Json]:
    """Return the list."""
    blocks = [header(f"Backups of {place.source}" if place.source else "Backups of every source")]
    if frame.shown is not None:
        blocks.append(context(f"{escape(frame.shown.title)} · {standing(frame.shown, frame.now)}"))
    blocks += [*actions(_controls(place, frame.names)), divider()]
    if frame.news:
        blocks.append(context(frame.news))
    for one in page.backups:
        blocks += _rows(one, place, with_source=frame.shown is None)
    if not page.backups:
        blocks.append(section(_empty(place)))
    return [*blocks, *_footer(page, place)]


def standing(status: SourceStatus, now: datetime) -> str:
    """Return how old the newest good backup of a source is, against its goal."""
    goal = duration(status.source.goal_seconds)
    newest = status.newest_good
    if newest is None:
        return f"No good backup yet. Goal: never older than {goal}."
    late = "*overdue* · " if status.overdue else ""
    return f"{late}Newest good backup {age(newest.started_at or newest.requested_at, now)}. Goal: at most {goal}."


def _controls(place: ListPlace, names: Sequence[str]) -> list[Json]:
    elements = [button("Back up now", Action.BACK_UP_NOW, place.source, style="primary")]
    if len(names) > 1:
        # A menu holds a hundred options: the rest is reached by /backups list <source>.
        choices = [option("All sources", ALL), *(option(name, name) for name in names[:99])]
        chosen = next((choice for choice in choices if choice["value"] == (place.source or ALL)), None)
        elements.append(menu(Action.CHOOSE_SOURCE, "Source", choices, chosen))
    return elements


def _rows(backup: Backup, place: ListPlace, *, with_source: bool) -> list[Json]:
    text = backups.row(backup, with_source=with_source)
    if backup.id != place.opened:
        return [section(text, backups.row_button(backup, replace(place, opened=backup.id).text()))]
    close = button("Close", Action.CLOSE, replace(place, opened="").text())
    return [section(text, close), *backups.details(backup)]


def _empty(place: ListPlace) -> str:
    if not place.source:
        return "No backups yet. Press *Back up now*: the databases keep running meanwhile."
    name = code(place.source)
    return f"No backups of {name} yet. Press *Back up now*: it takes about a minute, and {name} keeps running."


def _footer(page: Page, place: ListPlace) -> list[Json]:
    if not page.backups:
        return []
    size, last = len(page.backups), page.first + len(page.backups) - 1
    blocks, buttons = [divider(), context(f"{page.first}-{last} of {page.total}")], []
    base = ListPlace(source=place.source)
    if page.newer_than:
        newer = replace(base, newer_than=page.newer_than, first=max(1, page.first - 10))
        buttons.append(button("Newer", Action.NEWER, newer.text()))
    if page.older_than:
        older = replace(base, older_than=page.older_than, first=page.first + size)
        buttons.append(button("Older", Action.OLDER, older.text()))
    return [*blocks, *actions(buttons)]
