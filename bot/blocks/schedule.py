"""When backups are taken: a schedule in words with its next runs, and the modal that changes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.blocks.carried import Carried
from bot.blocks.listing import ListPlace, coming
from bot.blocks.parts import (
    Json,
    actions,
    asks,
    button,
    context,
    header,
    line_input,
    lines_input,
    menu,
    modal,
    option,
    plain,
    section,
)
from bot.blocks.text import code, escape, person, tiers, verbatim, when
from bot.ids import Action, Block, View
from core.errors import Stale
from core.model.backup import Tier
from core.model.quoting import ordinal, short
from core.model.schedule import Due, Monthly, Schedule, Weekday, Weekly
from core.model.schedule_change import ScheduleChange
from core.model.schedule_told import describe, zones_told
from core.model.schedule_words import from_fields, time_text, to_fields
from core.model.wall_time import zone_of

SOURCES = 20
SHORT_MONTHS = 28
LONGEST_MONTH = 31
MOST_CRONS = 10
CRON_TEXT = 2_500
LONGEST_REMEMBERED = 3_000
OFF, ON = "off", "on"
OWN_TIME = "A backup of its own at another time than the daily one. Empty: at the time above."
HINTS = {
    Block.WEEKLY_AT: OWN_TIME,
    Block.MONTHLY_AT: OWN_TIME,
    Block.ZONE: "A place whose clock counts, like Europe/Berlin or America/New_York, or UTC.",
    Block.MONTHLY: "The 29th, 30th and 31st: in shorter months on their last day.",
    Block.WINDOW: "How much later than its time a run may start: 30m or 2h, so that many sources don't start at once.",
    Block.CRON: "One a line, beside what is on above; its tiers behind it, daily if none: 0 12 1 * * = weekly, monthly",
}


@dataclass(frozen=True, slots=True)
class ModalSchedule(Carried):
    """What a modal remembers: whose schedule, the change that it was opened over, and what is to be saved.

    Without `fields` that is what the configuration says; a modal that asks for a schedule has none yet either. `page`
    is the response_url of the message behind it, which shows the schedule as it was; "" where there is none.
    """

    WHAT, HINT = "modal", "Type /backups schedule for a new one."

    source: str
    seen: int
    fields: Mapping[str, Any] | None = None
    page: str = ""

    def remembered(self) -> str:
        """Return it as a modal can hold it: without the page where the schedule alone is as long as that may be."""
        text = self.text()
        return text if len(text) <= LONGEST_REMEMBERED else replace(self, page="").text()

    @property
    def schedule(self) -> Schedule:
        """Return what is to be saved."""
        return from_fields(self.fields or {})


@dataclass(frozen=True, slots=True)
class Timetable:
    """A schedule with its next runs. `zone` is the team's; `warnings` say where it does not fit, plain text."""

    source: str
    schedule: Schedule
    runs: Sequence[Due]
    zone: str
    warnings: Sequence[str] = ()


def schedule_page(table: Timetable, changed: ScheduleChange | None) -> list[Json]:
    """Return how a source is scheduled. `changed` is the newest change that somebody made."""
    over = changed is not None and changed.fields is not None
    buttons = [button("Change", Action.CHANGE_SCHEDULE, table.source, style="primary")]
    if over:
        buttons.append(button("As configured", Action.RESET_SCHEDULE, table.source))
    buttons.append(button("Back", Action.BACK, ListPlace(source=table.source).text()))
    return [header(f"Schedule of {table.source}"), section(_told(table)), context(_set_by(changed)), *actions(buttons)]


def every_schedule(tables: Sequence[Timetable], count: int) -> list[Json]:
    """Return the schedules of many sources, each with the way to its page. `count` is how many there are in all."""
    blocks = [header("Schedules")]
    for table in tables[:SOURCES]:
        following = f"\n{coming(table.runs[0])}" if table.runs else ""
        text = f"{code(table.source)} · {verbatim(describe(table.schedule))}{following}"
        blocks.append(section(text, button("Schedule", Action.SCHEDULE, table.source)))
    if count > len(tables[:SOURCES]):
        blocks.append(context(f"… of {count} sources. `/backups schedule` with a name shows any."))
    return [*blocks, *actions([button("Back", Action.BACK, ListPlace().text())])]


def schedule_modal(source: str, schedule: Schedule, seen: int, page: str = "") -> Json:
    """Return the modal that asks for a schedule."""
    daily = [option("On", ON), option("Off", OFF)]
    window = short(schedule.window_seconds) if schedule.window_seconds else ""
    blocks = [
        asks(Block.DAILY, "Daily", menu(Action.DAILY, "Daily", daily, daily[not schedule.daily])),
        asks(Block.AT, "Time", line_input(Action.AT, "03:00", time_text(schedule.at))),
        asks(Block.ZONE, "Time zone", line_input(Action.ZONE, "Europe/Berlin", schedule.zone)),
        asks(Block.WEEKLY, "Weekly", _weekly(schedule.weekly)),
        _own_time(Block.WEEKLY_AT, "Weekly time", schedule.weekly),
        asks(Block.MONTHLY, "Monthly", _monthly(schedule.monthly)),
        _own_time(Block.MONTHLY_AT, "Monthly time", schedule.monthly),
        asks(Block.WINDOW, "Window", line_input(Action.WINDOW, "30m", window), optional=True),
        asks(
            Block.CRON, "Cron", lines_input(Action.CRON, "0 */6 * * *", CRON_TEXT, cron_text(schedule)), optional=True
        ),
    ]
    for block in blocks:
        if hint := HINTS.get(block["block_id"]):
            block["hint"] = plain(hint)
    remembered = ModalSchedule(source, seen, page=page).remembered()
    return modal(View.SCHEDULE, f"Schedule of {source}", blocks, submit="Show the next runs", metadata=remembered)


def confirm_modal(table: Timetable, before: Schedule, seen: int, page: str = "", *, configured: bool = False) -> Json:
    """Return the modal that shows the next runs before anything is saved. `configured`: of what was not typed."""
    remembered = ModalSchedule(table.source, seen, None if configured else to_fields(table.schedule), page).remembered()
    told = f"Until now: {verbatim(describe(before))}. Nothing is saved yet."
    edit = [] if configured else actions([button("Change it", Action.EDIT_SCHEDULE, table.source)])
    blocks = [section(_told(table)), context(told), *edit]
    return modal(View.SCHEDULE_RUNS, f"Schedule of {table.source}", blocks, submit="Save", metadata=remembered)


def saved(table: Timetable, *, configured: bool = False) -> list[Json]:
    """Return the answer to Save."""
    word = "As configured again." if configured else "Saved."
    return [section(f"{word} {_told(table)}"), context("The channel is told who changed it.")]


def overtaken(error: Stale, now: Schedule) -> list[Json]:
    """Return what stands above the form where somebody else saved a schedule first. `now`: that one."""
    kept = "What you typed stands below: show the next runs once more to save it over that."
    return [section(f"{escape(error.message)} Nothing was saved. It is now: {verbatim(describe(now))}. {kept}")]


def cron_text(schedule: Schedule) -> str:
    """Return the cron expressions of a schedule as the modal asks for them, one a line."""
    lines = []
    for cron in schedule.crons:
        named = "" if cron.tiers == {Tier.DAILY} else f" = {tiers(cron.tiers)}"
        lines.append(f"{cron.expression}{named}")
    return "\n".join(lines)


def _told(table: Timetable) -> str:
    zones = zones_told(table.schedule, table.zone)
    runs = "\n".join(f"• {_run(due, zones)}" for due in table.runs)
    none = "No run is to come: backups are taken on demand only."
    shown = f"Next runs, and the next of each tier:\n{runs}" if runs else none
    warned = "".join(f"\n*Look at this* {verbatim(text)}" for text in table.warnings)
    return f"{code(table.source)}: *{verbatim(describe(table.schedule))}*\n{shown}{warned}"


def _run(due: Due, zones: Sequence[str]) -> str:
    """Return one run in these zones, written out: they are compared with the modal."""
    first, *others = ((due.at.astimezone(zone_of(zone)), zone) for zone in zones)
    local, named = first
    days = (f"{at:%H:%M} {zone}" if at.date() == local.date() else f"{at:%a %H:%M} {zone}" for at, zone in others)
    beside = f" ({', '.join(days)})" if others else ""
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M} {named}{beside} · {tiers(due.tiers)}"


def _set_by(changed: ScheduleChange | None) -> str:
    if changed is None:
        return "As the configuration says."
    who = f"{person(changed.changed_by)} {when(changed.changed_at)}"
    return f"Set by {who}." if changed.fields is not None else f"As the configuration says, again since {who}."


def _own_time(block: Block, label: str, rule: Weekly | Monthly | None) -> Json:
    at = time_text(rule.at) if rule is not None and rule.at else ""
    return asks(block, label, line_input(block, "05:00", at), optional=True)


def _weekly(rule: Weekly | None) -> Json:
    days = [option(f"{day.name.capitalize()}s", day.name.lower()) for day in Weekday]
    choices = [option("Off", OFF), *days]
    return menu(Action.WEEKLY, "Weekly", choices, days[rule.weekday] if rule else choices[0])


def _monthly(rule: Monthly | None) -> Json:
    days = {day: option(f"On the {ordinal(day)}", f"{day}") for day in range(1, LONGEST_MONTH + 1)}
    last = option("On the last day", "last")
    choices = [option("Off", OFF), last, *days.values()]
    chosen = choices[0] if rule is None else last if rule.day == "last" else days[rule.day]
    return menu(Action.MONTHLY, "Monthly", choices, chosen)
