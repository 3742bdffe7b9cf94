"""Until when, as people type it: a day, a day and a time, or how long from now."""

import re
from collections.abc import Callable
from datetime import datetime, time, timedelta

from core.errors import UsageError
from core.model.quoting import shown
from core.model.span import Span, Unit

EXAMPLES = "2027-02-01, 2027-02-01 14:00, 36h, 30d, 4w or 3mo"
LONGEST = Span(100, Unit.YEAR)
END_OF_DAY = time(23, 59)
SHORTEST_DAY = timedelta(hours=1)
"""Of a day that is named less has to be left of it: nobody means the last minutes of today."""

_SHOWN = "%Y-%m-%d %H:%M"
_LONG = re.compile(r"([0-9]{1,6}) ?(s|m|h|d|w|mo|y)")
_UNITS = {"h": Unit.HOUR, "d": Unit.DAY, "w": Unit.WEEK, "mo": Unit.MONTH, "y": Unit.YEAR}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def require_to_come(until: datetime, now: datetime, days: int) -> None:
    """Let pass what is not over yet. `days` from now is what is named as an example.

    Raises:
        UsageError: it is past: the same clock is said for both, because there it may be another day than here.

    """
    if until <= now:
        there = now.astimezone(until.tzinfo)
        raise UsageError(
            f"{_clock(until)} is past.",
            hint=f"Name a time to come, such as {there + timedelta(days=days):%Y-%m-%d}: "
            f"there it is {there:{_SHOWN}} now.",
        )


def _clock(at: datetime) -> str:
    return f"{at:{_SHOWN}} {at.tzinfo}"


def parse_until(text: str, now: datetime, moment_of: Callable[[datetime], datetime]) -> datetime:
    """Return the moment that is meant. `moment_of` makes one of a wall time (naive) in the zone of who typed it.

    A day alone means to its end: who writes "until Friday" wants Friday, too. A time with an offset stands for itself.

    Raises:
        UsageError: it is none, further away than 100 years, in minutes, or a day that is as good as over.

    """
    typed = text.strip()
    if match := _LONG.fullmatch(typed.lower()):
        return _later(now, int(match[1]), match[2], text)
    try:
        if _DAY.fullmatch(typed):
            return _not_over(moment_of(datetime.combine(datetime.fromisoformat(typed), END_OF_DAY)), now, typed)
        at = datetime.fromisoformat(typed)
        return at if at.tzinfo else moment_of(at)
    except (ValueError, OverflowError):
        wrong = f"There is no {typed[:10]}" if _no_such_day(typed) else f"{shown(text)} is no time"
        raise UsageError(f"{wrong}.", hint=f"Write one like {EXAMPLES}.") from None


def _no_such_day(typed: str) -> bool:
    """Say whether it begins as a day does, and no calendar has that one."""
    if not _DAY.match(typed):
        return False
    try:
        datetime.fromisoformat(typed[:10])
    except ValueError:
        return True
    return False


def _later(now: datetime, count: int, unit: str, text: str) -> datetime:
    if unit not in _UNITS:
        what = "seconds" if unit == "s" else "minutes"
        hint = "Write 3mo for three months, 3h for three hours."
        raise UsageError(f"{shown(text)} would be {what}, too short for what is to be kept.", hint=hint)
    span = Span(count, _UNITS[unit])
    if span.about > LONGEST.about:
        raise UsageError(f"{shown(text)} is longer than {LONGEST}.", hint=f"Write a time like {EXAMPLES}.")
    return span.after(now)


def _not_over(end: datetime, now: datetime, day: str) -> datetime:
    """Let the end of a day pass that is long enough to come; one that is past is refused where it is past."""
    if now < end < now + SHORTEST_DAY:
        minutes = max(1, round((end - now).total_seconds() / 60))
        hint = f"Name a later day, or the time with it, such as {day} {END_OF_DAY:%H:%M}, to mean just that."
        raise UsageError(f"{day} ends in {minutes} min.", hint=hint)
    return end
