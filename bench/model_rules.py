"""What must always hold of retention, written a second time: plainly, without a line of the code that is judged."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.model.backup import Tier
from core.model.policy import COMPOSE, Policy
from core.model.span import Span, Unit

DAYS = timedelta(days=1)
EVIDENCE = 7 * DAYS
STILL_MADE = 3


@dataclass(slots=True)
class Fact:
    """A backup as the judge sees it. `held_until` is the end of its hold, the last moment there is without an end."""

    id: str
    at: datetime
    tiers: frozenset[str]
    good: bool = True
    open: bool = False
    stored: bool = True
    held_until: datetime | None = None
    busy: bool = False
    proven: bool = False

    @property
    def place(self) -> tuple[datetime, str]:
        """Return what orders backups by time."""
        return self.at, self.id


@dataclass(frozen=True, slots=True)
class Rules:
    """A policy in the judge's own words: of each tier the days or months, and how many fit into them."""

    floor: int = 1
    days: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    months: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    on_demand: int = 0
    last: int = 0
    within: int = 0
    newest_of: Mapping[str, int] = field(default_factory=dict)
    zone: str = "UTC"


POLICIES: Mapping[str, tuple[Policy, Rules]] = {
    "compose": (
        COMPOSE,
        Rules(days={"daily": (7, 7), "weekly": (28, 4)}, months={"monthly": (3, 3)}, on_demand=1),
    ),
    "days": (Policy("days", within=Span(10, Unit.DAY), floor=3), Rules(floor=3, within=10)),
    "few": (Policy("few", last=2, on_demand=2), Rules(last=2, on_demand=2)),
    "calendar": (
        Policy(
            "calendar",
            newest_of=((Unit.DAY, 5), (Unit.WEEK, 3), (Unit.MONTH, 4)),
            floor=2,
            zone=ZoneInfo("Europe/Berlin"),
        ),
        Rules(floor=2, newest_of={"day": 5, "week": 3, "month": 4}, zone="Europe/Berlin"),
    ),
    "mixed": (
        Policy("mixed", spans=((Tier.DAILY, Span(3, Unit.DAY)), (Tier.ON_DEMAND, Span(2, Unit.WEEK))), floor=4),
        Rules(floor=4, days={"daily": (3, 3), "on-demand": (14, 0)}),
    ),
}
"""Policies, each said twice: for the code, and for its judge."""


def wrongly_let_go(gone: Fact, facts: Iterable[Fact], rules: Rules, now: datetime, *, frozen: bool) -> str:
    """Say why a backup had to stay, "" where it might go. `facts` are all that had bytes then, itself too."""
    plainly = {
        "a hold": gone.held_until is not None and now < gone.held_until,
        "the freeze": frozen,
        "work on it": gone.busy or gone.open,
        "its date: the clock was set back": gone.at > now,
    }
    if any(plainly.values()):
        return next(why for why, kept in plainly.items() if kept)
    good = sorted((f for f in facts if f.good and not f.open and f.at <= now), key=lambda f: f.place, reverse=True)
    newer = [f for f in good if f.place > gone.place]
    if not newer:
        return "that nothing good is newer"
    if not gone.good:
        return "that it is evidence" if gone.at + EVIDENCE > newer[0].at else ""
    if len(newer) < rules.floor:
        return "the floor"
    if gone.proven and not any(f.proven for f in newer):
        return "that nothing newer is proven"
    return _by_rule(gone, newer, rules, newer[0].at) or _by_tier(gone, good, newer, rules)


def _by_rule(gone: Fact, newer: list[Fact], rules: Rules, newest: datetime) -> str:
    if len(newer) < rules.last:
        return "the newest few"
    if rules.within and gone.at + rules.within * DAYS > newest:
        return "its window"
    if "on-demand" in gone.tiers and sum("on-demand" in f.tiers for f in newer) < rules.on_demand:
        return "the newest on demand"
    for unit, count in rules.newest_of.items():
        mine = period(gone.at, unit, rules.zone)
        others = {period(f.at, unit, rules.zone) for f in newer}
        if mine not in others and len(others) < count:
            return f"that it is the newest of its {unit}"
    return ""


def _by_tier(gone: Fact, good: list[Fact], newer: list[Fact], rules: Rules) -> str:
    for tier, (length, places) in (*rules.days.items(), *rules.months.items()):
        if tier not in gone.tiers:
            continue
        monthly = tier in rules.months
        if _end(gone.at, length, monthly=monthly) > newer[0].at:
            return f"its {tier} window"
        followers = [f for f in newer if tier in f.tiers]
        if places and len(followers) < places and _still_made(good, tier, length, monthly=monthly):
            return f"too few {tier} ones after it"
    return ""


def _still_made(good: list[Fact], tier: str, length: int, *, monthly: bool) -> bool:
    newest = next(f for f in good if tier in f.tiers)
    end = _end(newest.at, length, monthly=monthly)
    return sum(f.at >= end and bool(f.tiers - {"on-demand"}) for f in good) < STILL_MADE


def _end(at: datetime, length: int, *, monthly: bool) -> datetime:
    if not monthly:
        return at + length * DAYS
    year, month = divmod(at.year * 12 + at.month - 1 + length, 12)
    # No later than the true end: where the month is too short, its last day.
    for day in range(at.day, 27, -1):
        try:
            return at.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    return at.replace(year=year, month=month + 1)


def period(at: datetime, unit: str, zone: str) -> tuple[int, ...]:
    """Return which day, week or month a moment is in, by the calendar of a zone."""
    day = at.astimezone(ZoneInfo(zone)).date()
    if unit == "week":
        return day.isocalendar()[:2]
    return (day.year, day.month) if unit == "month" else (day.year, day.month, day.day)


def exists(day: date, zone: ZoneInfo) -> bool:
    """Say whether a zone has that day."""
    noon = datetime.combine(day, time(12), zone)
    return noon.astimezone(UTC).astimezone(zone).date() == day
