"""Look: the list, one row opened in place, the pages before and after."""

from collections.abc import Sequence
from dataclasses import replace

from bot.blocks import answers
from bot.blocks import backup as backups
from bot.blocks.keeping import KEEPABLE, Keeping
from bot.blocks.listing import ALL, Frame, ListPlace, listing
from bot.blocks.parts import Json, button, modal, section
from bot.call import Call
from bot.guard import Guard
from bot.ids import Action, View
from bot.parse import Request
from core.model.backup import Backup
from core.model.verdict import Verdict

MOST_ASKED = 1_000
"""Of a source that stores more, a list does not say how long each is kept; *Why kept* does."""


def register(guard: Guard) -> None:
    """Register the buttons of lists."""
    for name in (Action.OPTIONS, Action.NEWER, Action.OLDER):
        guard.action(name, turn)
    guard.action(Action.CLOSE, close)
    guard.action(Action.CHOOSE_SOURCE, choose)
    guard.action(Action.BACK, turn)
    guard.action(Action.DETAILS, open_details)
    guard.action(Action.LIST, open_list)


def show_list(call: Call, request: Request) -> None:
    """Answer /backups list."""
    call.say(list_blocks(call, ListPlace(source=request.subject or only_source(call))), "Backups")


def show(call: Call, request: Request) -> None:
    """Answer /backups show."""
    say_details(call, call.core.find_backup(request.subject))


def turn(call: Call) -> None:
    """Draw the list again at the place the button names."""
    call.redraw(list_blocks(call, ListPlace.read(call.value)))


def close(call: Call) -> None:
    """Close the opened row; a row that stands alone is removed."""
    if call.value:
        turn(call)
    elif call.from_list:
        call.close()


def choose(call: Call) -> None:
    """Show another source."""
    call.redraw(list_blocks(call, ListPlace(source="" if call.value == ALL else call.value)))


def open_details(call: Call) -> None:
    """Open a backup for this person alone."""
    say_details(call, call.core.find_backup(call.value))


def open_list(call: Call) -> None:
    """Open a source's list over the dashboard."""
    call.open(modal(View.LIST, "Backups", list_blocks(call, ListPlace(source=call.value))))


def say_details(call: Call, backup: Backup) -> None:
    """Show one backup with what can be done with it."""
    shut = button("Close", Action.CLOSE, "") if call.body.get("response_url") else None
    keeping = keeping_of(call, (backup,))
    row = section(backups.row(backup, keeping, with_source=True), shut)
    call.say([row, *backups.details(backup, keeping)], f"Backup {backup.id}")


def list_blocks(call: Call, place: ListPlace, news: str = "") -> list[Json]:
    """Return a list as it stands now."""
    core = call.core
    page = core.list_backups(
        place.source or None, older_than=place.older_than, newer_than=place.newer_than, first=place.first
    )
    if not page.backups and page.total:
        # The page the button led to has gone: begin at the top.
        place = replace(place, older_than="", newer_than="", first=1)
        page = core.list_backups(place.source or None)
    shown = core.browse.status(place.source) if place.source else None
    keeping = keeping_of(call, page.backups)
    due = core.time.schedules.next_due(place.source) if place.source else None
    return listing(page, place, Frame(tuple(core.config.sources), shown, core.clock.now(), news, keeping, due))


def keeping_of(call: Call, shown: Sequence[Backup]) -> Keeping:
    """Return what retention says of the backups of a page.

    Sources that store very many are not asked in passing: a page costs what a page costs.
    """
    core, retention = call.core, call.core.time.retention
    found: dict[str, Verdict] = {}
    for source in {backup.source for backup in shown if backup.state in KEEPABLE}:
        if not core.catalog.retained.stores_more_than(source, MOST_ASKED):
            found |= {key: verdict for key, (_, verdict) in retention.verdicts(source).items()}
    return Keeping(found, retention.grace_seconds, retention.freeze())


def only_source(call: Call) -> str:
    """Return the source where there is just one, else "": all."""
    names = tuple(call.core.config.sources)
    return names[0] if len(names) == 1 else ""


def usage(call: Call, _request: Request) -> None:
    """Answer /backups help."""
    call.say(answers.usage(), "What /backups can do")
