"""Look: the list, one row opened in place, the pages before and after."""

from bot.blocks import answers
from bot.blocks import backup as backups
from bot.blocks.listing import ALL, ListPlace
from bot.blocks.parts import button, modal, section
from bot.call import Call
from bot.following import Sheet
from bot.guard import Guard
from bot.ids import Action, View
from bot.lists import draw_list, keeping_of
from bot.parse import Request
from core.model.backup import Backup


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
    call.say(draw_list(call.core, ListPlace(source=request.subject or only_source(call))).blocks, "Backups")


def show(call: Call, request: Request) -> None:
    """Answer /backups show."""
    say_details(call, call.core.find_backup(request.subject))


def turn(call: Call) -> None:
    """Draw the list again at the place the button names."""
    redraw(call, ListPlace.read(call.value))


def close(call: Call) -> None:
    """Close the opened row; a row that stands alone is removed."""
    if call.value:
        turn(call)
    elif call.from_list:
        call.close()


def choose(call: Call) -> None:
    """Show another source."""
    redraw(call, ListPlace(source="" if call.value == ALL else call.value))


def open_details(call: Call) -> None:
    """Open a backup for this person alone."""
    say_details(call, call.core.find_backup(call.value))


def open_list(call: Call) -> None:
    """Open a source's list over the dashboard."""
    drawing = draw_list(call.core, ListPlace(source=call.value), follows=True)
    call.open(modal(View.LIST, "Backups", drawing.blocks))
    call.desk.board.following.drew(Sheet(call.opened, call.person.id), drawing)


def redraw(call: Call, place: ListPlace, news: str = "") -> None:
    """Draw the list in which somebody has clicked, and have it follow what is under way."""
    sheet = call.sheet
    drawing = draw_list(call.core, place, news, follows=sheet is not None)
    call.redraw(drawing.blocks)
    if sheet is not None:
        call.desk.board.following.drew(sheet, drawing, news)


def say_details(call: Call, backup: Backup) -> None:
    """Show one backup with what can be done with it."""
    shut = button("Close", Action.CLOSE, "") if call.body.get("response_url") else None
    keeping = keeping_of(call.core, (backup,))
    row = section(backups.row(backup, keeping, with_source=True), shut)
    call.say([row, *backups.details(backup, keeping)], f"Backup {backup.id}")


def only_source(call: Call) -> str:
    """Return the source where there is just one, else "": all."""
    names = tuple(call.core.config.sources)
    return names[0] if len(names) == 1 else ""


def usage(call: Call, _request: Request) -> None:
    """Answer /backups help."""
    call.say(answers.usage(), "What /backups can do")
