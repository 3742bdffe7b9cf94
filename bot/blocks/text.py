"""Words and numbers as people read them, safe to stand in Slack's markup."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from core.model import quoting
from core.model.backup import Tier
from core.model.person import Door, Person
from core.model.progress import Step, Unit

size = quoting.size

MARKUP_LIMIT = 3_000
_HALF = re.compile(r"(<[^<>]*|&[a-z]{0,3})$")
_SLACK_USER = re.compile(r"[UW][A-Z0-9]{2,20}")
_SLACK_GROUP = re.compile(r"S[A-Z0-9]{2,20}")
_INVISIBLE = re.compile(r"[\u202a-\u202e\u2066-\u2069\x00-\x1f\x7f]")
"""Direction overrides could make a reason read as something else."""

_FORMATTING = re.compile(r"(?<!\w)[*_~]|[*_~](?!\w)|`")
_ALIKE = {"*": "\u2217", "_": "\uff3f", "~": "\u223c", "`": "'"}
"""Slack has no escape for its formatting characters: at the edge of a word they are shown by ones that look alike."""


def escape(text: str) -> str:
    """Return the text so that Slack shows it as it is: no mention, link or channel can be made with it."""
    shown = _INVISIBLE.sub("", text)
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(text: str, limit: int) -> str:
    """Return plain text of at most so many characters, with an ellipsis where some are missing."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def cut_markup(text: str, limit: int = MARKUP_LIMIT) -> str:
    """Return markup of at most so many characters, never cut inside a token or an escape."""
    return text if len(text) <= limit else f"{_HALF.sub('', text[: limit - 1])}…"


def verbatim(text: str) -> str:
    """Return text that holds somebody's words, as written: neither markup nor bold comes of them."""
    return escape(_FORMATTING.sub(lambda found: _ALIKE[found[0]], text))


def quoted(text: str) -> str:
    """Return somebody's words in quotes, as written; "" where there are none."""
    return f"“{verbatim(text)}”" if text else ""


def code(text: str) -> str:
    """Return the text in fixed width; a backtick in it would end that, so it is replaced."""
    return f"`{escape(text).replace('`', chr(39))}`" if text else ""


def when(moment: datetime, form: str = "{date_short_pretty} at {time}") -> str:
    """Return a Slack date token: each reader sees their own time zone, other clients see UTC."""
    seconds = int(moment.timestamp())
    return f"<!date^{seconds}^{form}|{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC>"


def day(moment: datetime) -> str:
    """Return a Slack date token of the day alone."""
    return when(moment, "{date_short_pretty}")


def clock_time(moment: datetime) -> str:
    """Return a Slack date token of the time of day alone."""
    return when(moment, "{time}")


def person(who: Person) -> str:
    """Return a mention of a Slack user, or the name of somebody who came through another door, with the door."""
    if who.door is Door.SLACK and _SLACK_USER.fullmatch(who.id):
        return f"<@{who.id}>"
    return escape(replace(who, name=cut(who.name or who.id, 80)).said)


def holders(ids: Iterable[str]) -> str:
    """Return configured ids as people read them: mentions of users and groups, "everyone"."""
    return ", ".join(_holder(entry) for entry in ids) or "nobody yet"


def about(count: int) -> str:
    """Return bytes as an estimate reads: "70 MB", "9.1 GB"."""
    number, unit = size(count).split(" ")
    return f"{float(number):.0f} {unit}" if float(number) >= 10 else f"{number} {unit}"  # noqa: PLR2004 - below, a tenth tells


def change(sizes: Sequence[int]) -> str:
    """Return how sizes went from the first to the last: "+10 %", "-3 %", "as before"; "" for fewer than two."""
    if len(sizes) < 2 or not sizes[0]:  # noqa: PLR2004 - a change has two ends
        return ""
    percent = round((sizes[-1] - sizes[0]) / sizes[0] * 100)
    return f"{percent:+d} %" if percent else "as before"


def duration(seconds: float) -> str:
    """Return a measured or planned time: "0.02 s", "41 s", "2 h 10 min", "26 h", "1 day", "2 days 5 h"."""
    if seconds < 10:  # noqa: PLR2004 - below, fractions are told
        return f"{seconds:.2g} s"
    whole = round(seconds)
    days, rest = divmod(whole, 86_400)
    if days == 1 and rest >= 3_600:  # noqa: PLR2004 - people compare the second day with goals in hours
        days, rest = 0, whole
    hours, rest = divmod(rest, 3_600)
    minutes, left = divmod(rest, 60)
    parts = [(days, "day" if days == 1 else "days"), (hours, "h"), (minutes, "min"), (left, "s")]
    told = [f"{count} {unit}" for count, unit in parts if count]
    return " ".join(told[:2])


def age(moment: datetime, now: datetime) -> str:
    """Return how long ago a moment is."""
    passed = _minutes(now - moment)
    return f"{passed} ago" if passed else "just now"


def old(moment: datetime, then: datetime) -> str:
    """Return how old what is of a moment was at another."""
    return f"{_minutes(then - moment) or 'less than a minute'} old"


def _minutes(passed: timedelta) -> str:
    return duration(passed.total_seconds() // 60 * 60) if passed >= timedelta(minutes=1) else ""


def step(progress: Step | None) -> str:
    """Return how far a run is: "storing, 12.1 of 28.9 MB"."""
    if progress is None:
        return "about to start"
    name = escape(progress.name)
    if progress.unit is Unit.ITEMS:
        return f"{name}, {progress.done} of {progress.total}" if progress.total else name
    if progress.total:
        return f"{name}, {quoting.part(progress.done, progress.total)}"
    return f"{name}, {size(progress.done)}" if progress.done else name


def counts(found: Mapping[str, Mapping[str, int]], *, labels: int = 0) -> str:
    """Return what a backup holds: "12 vertices (god 3, titan 1, …), 17 edges". `labels` 0 leaves labels out."""
    told = []
    # A record has kinds and labels by alphabet; people look for vertices first, and for what there is most of.
    for kind, by_label in sorted(found.items(), key=lambda pair: (pair[0] == "edges", pair[0])):
        largest = sorted(by_label.items(), key=lambda pair: (-pair[1], pair[0]))
        parts = [f"{escape(cut(label, 60))} {count}" for label, count in largest]
        more = ", …" if len(parts) > labels else ""
        inner = f" ({', '.join(parts[:labels])}{more})" if labels and parts else ""
        total = sum(by_label.values())
        if kind == "tables":
            told.append(f"{total} rows in {many(len(by_label), 'table')}{inner}")
        else:
            told.append(f"{total} {escape(cut(kind, 60))}{inner}")
    return ", ".join(told)


def tiers(found: Iterable[Tier]) -> str:
    """Return tiers in their order: "daily, weekly"; "none" where there are none."""
    named = frozenset(found)
    return ", ".join(tier.value for tier in Tier if tier in named) or "none"


def many(count: int, noun: str) -> str:
    """Return a count with its noun: "1 backup", "2 backups"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def short(fingerprint: str) -> str:
    """Return the ends of a fingerprint, enough to compare by eye."""
    return f"{fingerprint[:8]}…{fingerprint[-4:]}" if len(fingerprint) > 12 else fingerprint  # noqa: PLR2004 - 8 + 4


def _holder(entry: str) -> str:
    if _SLACK_USER.fullmatch(entry):
        return f"<@{entry}>"
    return f"<!subteam^{entry}>" if _SLACK_GROUP.fullmatch(entry) else escape(entry)
