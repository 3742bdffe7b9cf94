"""When backups are taken: shown, changed in a modal that shows the next runs first, and set back."""

from collections.abc import Callable

from bot.blocks import answers
from bot.blocks import schedule as pages
from bot.blocks.answers import Answer
from bot.blocks.parts import Json
from bot.blocks.schedule import MOST_CRONS, OFF, ON, ModalSchedule, Timetable
from bot.call import Call
from bot.guard import Guard
from bot.ids import Action, Block, View
from bot.listeners.browse import only_source
from bot.parse import Request
from bot.submissions import Form
from core.errors import Stale, UsageError
from core.model.schedule import DEFAULT, Schedule
from core.model.schedule_words import change, cron_typed, time_text
from core.services.access import Verb

TITLE = "Schedule"
INPUTS = {
    Block.ZONE: Action.ZONE,
    Block.AT: Action.AT,
    Block.WINDOW: Action.WINDOW,
    Block.DAILY: Action.DAILY,
    Block.WEEKLY: Action.WEEKLY,
    Block.MONTHLY: Action.MONTHLY,
    Block.CRON: Action.CRON,
}
"""Each of these inputs of the modal is called as the key of a schedule that it sets."""
OWN_TIMES = {Block.WEEKLY: Block.WEEKLY_AT, Block.MONTHLY: Block.MONTHLY_AT}
"""Where the time of a tier stands that has one of its own; the actions are called as these blocks."""
CALLED = {
    Block.ZONE: "The time zone",
    Block.AT: "The time",
    Block.WINDOW: "The window",
    Block.CRON: "The cron expression",
}


def register(guard: Guard) -> None:
    """Register what shows and changes schedules."""
    guard.action(Action.SCHEDULE, open_schedule)
    guard.action(Action.CHANGE_SCHEDULE, ask, Verb.RETAIN)
    guard.action(Action.EDIT_SCHEDULE, edit, Verb.RETAIN)
    guard.action(Action.RESET_SCHEDULE, ask_configured, Verb.RETAIN)
    checks = {str(block): _check(block) for block in INPUTS}
    checks |= {str(block): _check_time(block) for block in OWN_TIMES.values()}
    guard.view(View.SCHEDULE, Form(submitted, checks, Verb.RETAIN))
    guard.view(View.SCHEDULE_RUNS, Form(save, {}, Verb.RETAIN))


def show_schedule(call: Call, request: Request) -> None:
    """Answer /backups schedule."""
    call.say(schedule_blocks(call, request.subject or only_source(call)), TITLE)


def open_schedule(call: Call) -> None:
    """Show a schedule in the place of the list."""
    call.redraw(schedule_blocks(call, call.value), TITLE)


def schedule_blocks(call: Call, source: str) -> list[Json]:
    """Return the page of a source, or of all."""
    schedules = call.core.time.schedules
    if source:
        return pages.schedule_page(_table(call, source, schedules.current(source)), schedules.changed(source))
    names = sorted(call.core.config.sources)
    tables = [_table(call, name, schedules.current(name)) for name in names[: pages.SOURCES]]
    return pages.every_schedule(tables, len(names))


def ask(call: Call) -> None:
    """Open the modal at once, then fill in the schedule as it is."""
    call.open(answers.loading(TITLE))
    call.core.access.require(call.person, Verb.RETAIN, call.value, "schedule")
    schedules, source = call.core.time.schedules, call.value
    seen = _seen(call, source)
    call.fill(pages.schedule_modal(source, schedules.current(source), seen, _page(call)))


def edit(call: Call) -> None:
    """Go back from the next runs to what was typed."""
    shown = ModalSchedule.read(str(call.view["private_metadata"]))
    view = pages.schedule_modal(shown.source, shown.schedule, shown.seen, shown.page)
    call.update(call.view["id"], view, drawn=call.view.get("hash", ""))


def submitted(call: Call) -> Answer:
    """Show the next runs of what was typed; nothing is saved yet.

    Raises:
        NotAllowed.
        UsageError: it is the schedule already.

    """
    shown = ModalSchedule.read(str(call.view["private_metadata"]))
    call.core.access.require(call.person, Verb.RETAIN, shown.source, "schedule")
    before = call.core.time.schedules.current(shown.source)
    wanted = DEFAULT
    for block in INPUTS:
        wanted = change(wanted, block, _typed(call, block))
    if wanted == before:
        raise UsageError("That is the schedule already.", hint="Change something, or press Cancel.")
    view = pages.confirm_modal(_table(call, shown.source, wanted), before, shown.seen, shown.page)
    return Answer(view, answers.said(f"Nothing was saved: open the schedule of {shown.source} again."), TITLE)


def save(call: Call) -> Answer:
    """Save what was shown; where somebody else changed it meanwhile, ask again with what was typed still in it."""
    shown, schedules = ModalSchedule.read(str(call.view["private_metadata"])), call.core.time.schedules
    try:
        if shown.fields is None:
            schedules.reset(shown.source, call.person, shown.seen)
        else:
            schedules.change(shown.source, shown.schedule, call.person, shown.seen)
    except Stale as error:
        return _overtaken(call, shown, error)
    call.desk.board.wake()
    if shown.page:
        # What stands behind the form showed the schedule of before, with buttons that would change that one.
        call.replace(shown.page, schedule_blocks(call, shown.source), TITLE)
    table = _table(call, shown.source, schedules.current(shown.source))
    return answers.begun(pages.saved(table, configured=shown.fields is None), TITLE)


def _overtaken(call: Call, shown: ModalSchedule, error: Stale) -> Answer:
    """Return the modal over the newest change, with what that is on top."""
    schedules, seen = call.core.time.schedules, _seen(call, shown.source)
    now, refused = schedules.current(shown.source), answers.refusal(error)
    said = refused
    if shown.fields is None:
        table = _table(call, shown.source, schedules.configured(shown.source))
        view = pages.confirm_modal(table, now, seen, shown.page, configured=True)
    else:
        view = pages.schedule_modal(shown.source, shown.schedule, seen, shown.page)
        said = pages.overtaken(error, now)
    return Answer({**view, "blocks": [*said, *view["blocks"]]}, refused, TITLE)


def ask_configured(call: Call) -> None:
    """Show the next runs of the configured schedule, as before any other change."""
    call.open(answers.loading(TITLE))
    call.core.access.require(call.person, Verb.RETAIN, call.value, "schedule")
    schedules, source = call.core.time.schedules, call.value
    table = _table(call, source, schedules.configured(source))
    call.fill(pages.confirm_modal(table, schedules.current(source), _seen(call, source), _page(call), configured=True))


def _page(call: Call) -> str:
    """Return where the message can be drawn again that was clicked, "" where it can't."""
    return call.sheet.url if call.sheet is not None else ""


def _seen(call: Call, source: str) -> int:
    """Return which change of the schedule is shown, 0 where there was none."""
    changed = call.core.time.schedules.changed(source)
    return changed.revision if changed else 0


def _table(call: Call, source: str, schedule: Schedule) -> Timetable:
    core, schedules = call.core, call.core.time.schedules
    runs, warnings = schedules.preview(source, schedule), schedules.warnings(source, schedule)
    return Timetable(source, schedule, runs, core.config.zone, warnings)


def _check(block: Block) -> Callable[[Call], None]:
    return lambda call: _look(block, _typed(call, block, timed=False))


def _check_time(block: Block) -> Callable[[Call], None]:
    return lambda call: _look(Block.AT, call.typed(block, block).strip() or time_text(DEFAULT.at))


def _look(key: Block, value: object) -> None:
    try:
        change(DEFAULT, key, value)
    except UsageError as error:
        # The key of the configuration is not what the input is called here.
        rest = error.message.removeprefix(f"{key} is ")
        message = error.message if rest == error.message else f"{CALLED.get(key, 'It')} is {rest}"
        raise UsageError(message, hint=error.hint) from error


def _typed(call: Call, block: Block, *, timed: bool = True) -> object:
    """Return what stands in an input as the configuration would have it, a tier's day with its time."""
    text = call.typed(block, INPUTS[block]).strip()
    if block is Block.CRON:
        return _crons(text)
    if timed and block in OWN_TIMES and text != OFF:
        return f"{text} {call.typed(OWN_TIMES[block], OWN_TIMES[block]).strip()}".strip()
    return {ON: True, OFF: False}.get(text, text) if block in {Block.DAILY, Block.WEEKLY, Block.MONTHLY} else text


def _crons(text: str) -> dict[str, list[str]] | bool:
    """Return the expressions with their tiers, False where there are none.

    Raises:
        UsageError: there are too many, or one is for what is no tier.

    """
    found = dict(map(cron_typed, filter(None, map(str.strip, text.splitlines()))))
    if len(found) > MOST_CRONS:
        raise UsageError(f"There are {len(found)} cron expressions, {MOST_CRONS} fit.", hint="Leave some out.")
    return found or False
