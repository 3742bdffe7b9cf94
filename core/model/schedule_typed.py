"""A schedule as people type it: "daily 03:00, weekly sunday, monthly last, Europe/Berlin"."""

import difflib
import re
from dataclasses import replace

from core.errors import UsageError
from core.model.quoting import shown
from core.model.schedule import Schedule
from core.model.schedule_words import KEYS, OFF, change

EXAMPLE = "daily 03:00, weekly sunday, monthly last, Europe/Berlin"

_FILLERS = {"on", "at", "the", "and", "every", "day"}
_TIME = re.compile(r"[0-9]{1,2}:[0-9]{2}")
_SWITCHES = {"off": False, "no": False, "none": False, "false": False, "true": True, "yes": True}
_CRON_FIELDS = 5


def parse_schedule(text: str, base: Schedule) -> Schedule:
    """Return `base` with what the text names changed: "daily 04:00", "weekly off", "cron 0 */6 * * *", "window 30m".

    "default" begins again from daily, weekly and monthly in the zone of `base`, "off" from nothing. A cron expression
    stands in place of the tiers that the text doesn't name.

    Raises:
        UsageError: some word of it is not understood.

    """
    words = [word.strip("\"'`").removesuffix(",") for word in text.split()]
    words = [word for word in words if word and word.lower() not in _FILLERS]
    if not words:
        raise UsageError("The schedule is empty.", hint=f'Write one like "{EXAMPLE}".')
    schedule = base
    if words[0].lower() == "default":
        schedule = Schedule(zone=base.zone)
        del words[0]
    elif words[0].lower() == "off" or _names_cron(words):
        schedule = replace(OFF, zone=base.zone, at=base.at, window_seconds=base.window_seconds)
        del words[: words[0].lower() == "off"]
    while words:
        schedule = _next_part(schedule, words)
    return schedule


def _names_cron(words: list[str]) -> bool:
    lower = [word.lower() for word in words]
    return "cron" in lower and lower[lower.index("cron") + 1 :][:1] not in ([], ["off"])


def _next_part(schedule: Schedule, words: list[str]) -> Schedule:
    """Take the first part off the words and return the schedule changed by it."""
    word = words.pop(0)
    key = word.lower()
    if key in KEYS:
        return _change(schedule, key, words)
    if _TIME.fullmatch(word):
        return change(schedule, "at", word)
    if close := difflib.get_close_matches(key, KEYS, n=1):
        raise UsageError(f"{shown(word)} is not known in a schedule.", hint=f'Did you mean "{close[0]}"?')
    return change(schedule, "zone", word)


def _change(schedule: Schedule, key: str, words: list[str]) -> Schedule:
    if words and words[0].lower() in _SWITCHES and key in {"daily", "weekly", "monthly", "cron", "window"}:
        return _switched(schedule, key, on=_SWITCHES[words.pop(0).lower()])
    if key == "cron":
        value = " ".join(words[:_CRON_FIELDS])
        del words[:_CRON_FIELDS]
        return change(schedule, key, value or " ")
    if key == "daily":
        return change(schedule, key, words.pop(0) if words and _TIME.fullmatch(words[0]) else True)
    if not words or words[0].lower() in KEYS:
        return _switched(schedule, key, on=True)
    value = words.pop(0)
    if key in {"weekly", "monthly"} and words and _TIME.fullmatch(words[0]):
        value = f"{value} {words.pop(0)}"
    return change(schedule, key, value)


def _switched(schedule: Schedule, key: str, *, on: bool) -> Schedule:
    """Return the schedule with a tier off, or on as it was; what can't stand alone says so."""
    rule = {"weekly": schedule.weekly, "monthly": schedule.monthly}.get(key)
    return schedule if on and rule else change(schedule, key, on)
