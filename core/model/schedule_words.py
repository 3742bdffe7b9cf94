"""A schedule in words and in fields: read from what people wrote, said back to them, stored and read again."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

from cronsim import CronSim, CronSimError

from core.errors import UsageError
from core.model.backup import Tier
from core.model.quoting import shown
from core.model.schedule import LONGEST_WINDOW, Cron, Monthly, Schedule, Weekday, Weekly
from core.model.zones import check_zone

KEYS = ("zone", "at", "window", "daily", "weekly", "monthly", "cron")
OFF = Schedule(daily=False, weekly=None, monthly=None)

_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_WINDOW = re.compile(r"([0-9]{1,6})([smh])")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_LONGEST_MONTH = 31
_CRON_FIELDS = 5
_LONGEST_CRON = 200
_TIERS = (Tier.DAILY, Tier.WEEKLY, Tier.MONTHLY)


def change(schedule: Schedule, key: str, value: object) -> Schedule:
    """Return the schedule with one key set as it is written in the configuration.

    zone "Europe/Berlin", at "03:00", window "30m" (seconds as a number; "" none), daily true, false or "03:00" (which
    is `at`), weekly "sunday 05:00" or false, monthly 1, "31 05:00", "last" or false, cron "0 3 * * *" (daily) or a
    table of expression and tiers.

    Raises:
        UsageError: it can't be. The message goes on after the key ("weekly is …"), the hint says what to write.

    """
    if key not in _CHANGES:
        raise UsageError(f"{key} is not known in a schedule.", hint=f"Use {_either(KEYS)}.")
    return _CHANGES[key](schedule, value)


def from_fields(fields: Mapping[str, Any], base: Schedule | None = None) -> Schedule:
    """Return the schedule of the fields, as `to_fields` gives them; what they leave out is that of `base`.

    With `cron` among them and no base, tiers that they leave out are off: an expression stands in their place.

    Raises:
        UsageError: some field is wrong.

    """
    schedule = base or (OFF if fields.get("cron") else Schedule())
    for key, value in fields.items():
        schedule = change(schedule, key, value)
    return schedule


def to_fields(schedule: Schedule) -> dict[str, Any]:
    """Return every field of a schedule, as JSON can hold it and as the configuration would write it."""
    weekly, monthly = schedule.weekly, schedule.monthly
    return {
        "zone": schedule.zone,
        "at": time_text(schedule.at),
        "window": schedule.window_seconds,
        "daily": schedule.daily,
        "weekly": _with_time(weekly.weekday.name.lower(), weekly.at) if weekly else False,
        "monthly": _with_time(str(monthly.day), monthly.at) if monthly else False,
        "cron": {cron.expression: [tier for tier in _TIERS if tier in cron.tiers] for cron in schedule.crons},
    }


def time_text(at: time) -> str:
    """Return a time of day as HH:MM."""
    return f"{at:%H:%M}"


def parse_time(value: object, key: str = "at") -> time:
    """Return a time of day.

    Raises:
        UsageError: it is none.

    """
    match = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise _wrong(key, value, "no time of day", 'Write one like "03:00", from "00:00" to "23:59".')
    return time(int(match[1]), int(match[2]))


def parse_weekly(value: object) -> Weekly | None:
    """Return the rule that "sunday", "sun 05:00", True (Sunday) or False (None) stands for.

    Raises:
        UsageError: it stands for none.

    """
    if isinstance(value, bool):
        return Weekly() if value else None
    word, at = _word_and_time("weekly", value)
    found = [day for day in Weekday if len(word) > 2 and day.name.startswith(word.upper())]  # noqa: PLR2004 - "sun"
    if not found:
        fix = 'Write one like "sunday" or "sunday 05:00", or false for none.'
        raise _wrong("weekly", value, "no day of the week", fix)
    return Weekly(found[0], at)


def parse_monthly(value: object) -> Monthly | None:
    """Return the rule that 1, "31", "last", "last 05:00", True (the 1st) or False (None) stands for.

    Raises:
        UsageError: it stands for none.

    """
    if isinstance(value, bool):
        return Monthly() if value else None
    word, at = _word_and_time("monthly", str(value) if isinstance(value, int) else value)
    if word == "last":
        return Monthly("last", at)
    day = re.sub(r"(?<=[0-9])(st|nd|rd|th)$", "", word)
    if not re.fullmatch(r"[0-9]{1,2}", day) or not 1 <= int(day) <= _LONGEST_MONTH:
        fix = 'Write 1 to 31 (in a shorter month: its last day), "last", or with a time "last 05:00"; false for none.'
        raise _wrong("monthly", value, "no day of a month", fix)
    return Monthly(int(day), at)


def parse_cron(expression: object, tiers: object = (Tier.DAILY,)) -> Cron:
    """Return the rule of a cron expression of five fields, for these tiers.

    Raises:
        UsageError: it is no such expression, or nothing is ever due by it; or a tier isn't daily, weekly or monthly.

    """
    fix = 'Write minute, hour, day, month and weekday, like "0 3 * * *".'
    # Slack messages show a star as this sign, so that it makes nothing bold; it comes back with what is copied there.
    text = " ".join(expression.replace("\u2217", "*").split()) if isinstance(expression, str) else ""
    if len(text.split(" ")) != _CRON_FIELDS or not text.isascii() or len(text) > _LONGEST_CRON:
        raise _wrong("cron", expression, "no cron expression of five fields", fix)
    try:
        never = next(CronSim(text, datetime(2000, 1, 1, tzinfo=UTC)), None) is None
    except CronSimError as error:
        raise _wrong("cron", expression, f"no cron expression: {str(error).lower()}", fix) from None
    if never:
        raise _wrong("cron", expression, "never due", fix)
    names = [tiers] if isinstance(tiers, str) else tiers
    if not isinstance(names, (list, tuple)) or not names or not all(name in _TIERS for name in names):
        fix = 'Name tiers: "daily", or a list like ["weekly", "monthly"].'
        raise UsageError(f"cron is for {shown(tiers)}.", hint=fix)
    return Cron(text, frozenset(Tier(name) for name in names))


def cron_typed(text: str) -> tuple[str, list[str]]:
    """Return expression and tiers of "0 12 1 * * = weekly, monthly"; without tiers it is for the daily one.

    Raises:
        UsageError: what stands behind the sign is no tier.

    """
    expression, sign, named = text.partition("=")
    tiers = [tier.strip().lower() for tier in named.split(",")] if sign else [Tier.DAILY.value]
    if wrong := [tier for tier in tiers if tier not in _TIERS]:
        fix = 'Write daily, weekly or monthly behind the expression: "0 12 1 * * = weekly, monthly".'
        raise UsageError(f"{shown(wrong[0])} is no tier of a schedule.", hint=fix)
    return expression.strip(), tiers


def parse_window(value: object) -> int:
    """Return the seconds of a window: "30m", a number of seconds, or "", 0 and False for none.

    Raises:
        UsageError: it is none, or too long.

    """
    if value == "" or value is False:
        return 0
    match = _WINDOW.fullmatch(value.strip()) if isinstance(value, str) else None
    number = isinstance(value, int) and not isinstance(value, bool)
    seconds = int(match[1]) * _SECONDS[match[2]] if match else value if number and isinstance(value, int) else -1
    if not 0 <= seconds <= LONGEST_WINDOW:
        fix = 'Write how long it is, "1m" to "23h": a run starts somewhere in it. "0m" is none.'
        raise _wrong("window", value, "no window", fix)
    return seconds


def _set_daily(schedule: Schedule, value: object) -> Schedule:
    if isinstance(value, bool):
        return replace(schedule, daily=value)
    if not isinstance(value, str):
        raise _wrong("daily", value, "no daily rule", 'Write true, false, or its time, like "03:00".')
    return replace(schedule, daily=True, at=parse_time(value, "daily"))


def _set_crons(schedule: Schedule, value: object) -> Schedule:
    if value is False or value == "":
        return replace(schedule, crons=())
    table = value if isinstance(value, Mapping) else {value: (Tier.DAILY,)} if isinstance(value, str) else None
    if table is None:
        fix = 'Write "0 3 * * *", or a table like { "0 3 * * *" = "daily" }; false for none.'
        raise _wrong("cron", value, "no cron expression", fix)
    return replace(schedule, crons=tuple(parse_cron(expression, tiers) for expression, tiers in table.items()))


_CHANGES: Mapping[str, Callable[[Schedule, Any], Schedule]] = {
    "zone": lambda schedule, value: replace(schedule, zone=check_zone(value if isinstance(value, str) else "")),
    "at": lambda schedule, value: replace(schedule, at=parse_time(value)),
    "window": lambda schedule, value: replace(schedule, window_seconds=parse_window(value)),
    "daily": _set_daily,
    "weekly": lambda schedule, value: replace(schedule, weekly=parse_weekly(value)),
    "monthly": lambda schedule, value: replace(schedule, monthly=parse_monthly(value)),
    "cron": _set_crons,
}


def _word_and_time(key: str, value: object) -> tuple[str, time | None]:
    """Split "sunday 05:00"; what is no text comes back as no word."""
    word, _, at = value.strip().partition(" ") if isinstance(value, str) else ("", "", "")
    return word.lower(), parse_time(at, key) if at else None


def _with_time(word: str, at: time | None) -> str:
    return word if at is None else f"{word} {time_text(at)}"


def _wrong(key: str, value: object, what: str, fix: str) -> UsageError:
    return UsageError(f"{key} is {shown(value)}, which is {what}.", hint=fix)


def _either(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
