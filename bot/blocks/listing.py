"""A page of backups, newest on top, one row of it opened at most."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.blocks import backup as backups
from bot.blocks import keeping as keeps
from bot.blocks.carried import Carried
from bot.blocks.keeping import NOTHING, Keeping
from bot.blocks.parts import (
    LONGEST,
    OPTIONS,
    Json,
    actions,
    button,
    context,
    divider,
    header,
    menu,
    option,
    section,
    text_in,
)
from bot.blocks.text import age, code, cut, cut_markup, duration, escape, tiers, when
from bot.ids import Action
from core.model.backup import Backup, BackupState, Page
from core.model.schedule import Due
from core.services.browse import SourceStatus

TITLE = 100
IN_MENU = OPTIONS - 1
ALL = "*"
"""The menu's value for every source; no source can be called so."""
FOLLOWS = "This list follows what is under way until it is done, for half an hour at most."
STANDS = "This list stands still until you press a button in it; the message in the channel follows what is under way."


@dataclass(frozen=True, slots=True)
class ListPlace(Carried):
    """Which page of which list is shown and which row is open: travels in the values of the list's buttons."""

    WHAT, HINT = "list", "Type /backups for a new one."

    source: str = ""
    older_than: str = ""
    newer_than: str = ""
    first: int = 1
    opened: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a page. `shown` is None where all sources are; `news` is markup: what was just done.

    `keeping` is what retention says of the backups of the page, `due` the next run of the source that is shown;
    `follows`: the list is drawn again by itself when what is under way in it goes on.
    """

    names: Sequence[str]
    shown: SourceStatus | None
    now: datetime
    news: str = ""
    keeping: Keeping = NOTHING
    due: Due | None = None
    follows: bool = False


@dataclass(frozen=True, slots=True)
class _Room:
    """How long the parts of a list may get. `words` is for errors and warnings; None leaves them and notes alone."""

    words: int | None
    row: int
    details: int


ROOMS = (_Room(None, 3_000, 3_000), _Room(1_000, 3_000, 3_000), _Room(60, 3_000, 3_000), _Room(30, 350, 2_000))


def listing(page: Page, place: ListPlace, frame: Frame) -> list[Json]:
    """Return the list, with less of what people and errors say where all of it is more than Slack takes at once."""
    blocks: list[Json] = []
    for room in ROOMS:
        blocks = _listing(page, place, frame, room)
        if text_in(blocks) <= LONGEST:
            break
    return blocks


def _listing(page: Page, place: ListPlace, frame: Frame, room: _Room) -> list[Json]:
    blocks = [header(f"Backups of {place.source}" if place.source else "Backups of every source")]
    if frame.keeping.freeze is not None:
        blocks.append(keeps.frozen(frame.keeping.freeze))
    if frame.shown is not None:
        title, stands = escape(cut(frame.shown.title, TITLE)), standing(frame.shown, frame.now)
        blocks.append(context(f"{title} · {stands} {coming(frame.due)}"))
    blocks += [*actions(_controls(place, frame.names)), divider()]
    blocks += [context(line) for line in _said(frame, room)]
    for one in page.backups:
        blocks += _rows(one, place, room, frame)
    if not page.backups:
        blocks.append(section(_empty(place)))
    return [*blocks, *_footer(page, place, frame)]


def standing(status: SourceStatus, now: datetime) -> str:
    """Return how old the newest good backup of a source is, against its goal."""
    goal = duration(status.source.goal_seconds)
    newest = status.newest_good
    if newest is None:
        return f"No good backup yet. Goal: never older than {goal}."
    late = "*overdue* · " if status.overdue else ""
    return f"{late}Newest good backup {age(newest.started_at or newest.requested_at, now)}. Goal: at most {goal}."


def coming(due: Due | None) -> str:
    """Return what a source is backed up for next by its schedule, and when."""
    return f"Next: {tiers(due.tiers)}, {when(due.at)}." if due else "No schedule: backups are taken on demand only."


def _controls(place: ListPlace, names: Sequence[str]) -> list[Json]:
    elements = [
        button("Back up now", Action.BACK_UP_NOW, place.source, style="primary"),
        button("Schedule", Action.SCHEDULE, place.source),
        button("Retention", Action.POLICY, place.source),
    ]
    if len(names) > 1:
        # A menu holds a hundred options: the rest is reached by /backups list <source>.
        choices = [option("All sources", ALL), *(option(name, name) for name in names[:IN_MENU])]
        chosen = next((choice for choice in choices if choice["value"] == (place.source or ALL)), None)
        elements.append(menu(Action.CHOOSE_SOURCE, "Source", choices, chosen))
    return elements


def _said(frame: Frame, room: _Room) -> list[str]:
    said = [frame.news]
    if len(frame.names) > IN_MENU:
        said.append(f"{IN_MENU} of {len(frame.names)} sources are in the menu: `/backups list` with a name shows any.")
    if room.words is not None:
        said.append("Notes and errors are shortened here: *Options* shows all of them.")
    return [line for line in said if line]


def _shortened(backup: Backup, room: _Room) -> Backup:
    """Return what a row shows of a backup: the note goes first."""
    if room.words is None:
        return backup
    failure = backup.failure
    if failure is not None:
        failure = replace(failure, message=cut(f"{failure.message} {failure.hint}".strip(), room.words), hint="")
    return replace(backup, note="", failure=failure, warning=cut(backup.warning, room.words))


def _rows(backup: Backup, place: ListPlace, room: _Room, frame: Frame) -> list[Json]:
    text = backups.row(_shortened(backup, room), frame.keeping, with_source=frame.shown is None)
    text = cut_markup(text, room.row)
    if backup.id != place.opened:
        options = backups.row_button(backup, replace(place, opened=backup.id).text())
        if backup.state is not BackupState.EXPIRED:
            return [section(text, options)]
        return [section(text), *actions([keeps.keep_button(backup), options])]
    close = button("Close", Action.CLOSE, replace(place, opened="").text())
    told, *buttons = backups.details(backup, frame.keeping)
    return [section(text, close), section(cut_markup(told["text"]["text"], room.details)), *buttons]


def _empty(place: ListPlace) -> str:
    if not place.source:
        return "No backups yet. Press *Back up now*: the databases keep running meanwhile."
    name = code(place.source)
    return f"No backups of {name} yet. Press *Back up now*: it takes about a minute, and {name} keeps running."


def _footer(page: Page, place: ListPlace, frame: Frame) -> list[Json]:
    if not page.backups:
        return []
    size, last = len(page.backups), page.first + len(page.backups) - 1
    told = f"{page.first}-{last} of {page.total} · as of {when(frame.now, '{time}')}"
    if any(backup.state.open or backup.step is not None for backup in page.backups):
        told += f" · {FOLLOWS if frame.follows else STANDS}"
    blocks, buttons = [divider(), context(told)], []
    base = ListPlace(source=place.source)
    if page.newer_than:
        newer = replace(base, newer_than=page.newer_than, first=max(1, page.first - 10))
        buttons.append(button("Newer", Action.NEWER, newer.text()))
    if page.older_than:
        older = replace(base, older_than=page.older_than, first=page.first + size)
        buttons.append(button("Older", Action.OLDER, older.text()))
    return [*blocks, *actions(buttons)]
