"""Slack's date tokens, in the reader's own zone."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

TOKEN = re.compile(r"\{([a-z_]+)\}")
YEAR_SHOWN_AFTER = timedelta(days=183)


def _ordinal(day: int) -> str:
    if 11 <= day % 100 <= 13:  # noqa: PLR2004 - the teens of English ordinals
        return f"{day}th"
    return f"{day}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th') }"


class Dates:
    """Format moments for one reader; `now` gives seconds since 1970."""

    def __init__(self, zone: str, now: Callable[[], float]) -> None:
        self._zone = ZoneInfo(zone)
        self._now = now
        self._twelve = zone.startswith("America/")

    def at(self, seconds: float) -> datetime:
        """Return a moment in the reader's zone."""
        return datetime.fromtimestamp(seconds, UTC).astimezone(self._zone)

    def time(self, seconds: float, *, exact: bool = False) -> str:
        """Return 14:03, or 2:03 PM where people say so."""
        moment, second = self.at(seconds), f":{self.at(seconds):%S}" if exact else ""
        if self._twelve:
            return f"{moment.hour % 12 or 12}:{moment:%M}{second} {moment:%p}"
        return f"{moment:%H:%M}{second}"

    def format(self, seconds: float, pattern: str) -> str:
        """Fill a pattern of tokens such as {date_short_pretty} at {time}; unknown ones stay."""
        return TOKEN.sub(lambda found: self._word(found[1], seconds) or found[0], pattern)

    def _word(self, word: str, seconds: float) -> str:
        if word in {"time", "time_secs"}:
            return self.time(seconds, exact=word == "time_secs")
        if word == "ago":
            return self._ago(seconds)
        if word == "date_num":
            return f"{self.at(seconds):%Y-%m-%d}"
        base, pretty = word.removesuffix("_pretty"), word.endswith("_pretty")
        return (pretty and self._near(seconds)) or self._long(base, seconds)

    def _near(self, seconds: float) -> str:
        days = (self.at(seconds).date() - self.at(self._now()).date()).days
        return {0: "today", -1: "yesterday", 1: "tomorrow"}.get(days, "")

    def _long(self, base: str, seconds: float) -> str:
        moment = self.at(seconds)
        far = abs(moment - self.at(self._now())) > YEAR_SHOWN_AFTER
        shapes = {
            "date": f"{moment:%B} {_ordinal(moment.day)}",
            "date_long": f"{moment:%A, %B} {_ordinal(moment.day)}",
            "date_short": f"{moment:%b} {moment.day}",
        }
        return shapes[base] + (f", {moment.year}" if far else "") if base in shapes else ""

    def _ago(self, seconds: float) -> str:
        away = self._now() - seconds
        for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
            if abs(away) >= size:
                count = int(abs(away) // size)
                words = f"{count} {unit}{'' if count == 1 else 's'}"
                return f"{words} ago" if away > 0 else f"in {words}"
        return "just now"

    def day(self, seconds: float) -> str:
        """Return what a day's divider says."""
        named = self.format(seconds, "{date_long_pretty}")
        return named[:1].upper() + named[1:]
