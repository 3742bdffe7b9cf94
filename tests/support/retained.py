"""Backups, policies and holds for the tests of retention."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from core.model.backup import Tier
from core.model.freeze import Freeze
from core.model.hold import Hold
from core.model.person import Door, Person
from core.model.policy import Policy
from core.model.span import Span, Unit
from core.model.verdict import Candidate, Verdict

START = datetime(2026, 3, 1, 3, tzinfo=UTC)
"""A Sunday that is the first of its month."""

ANNA = Person("U0ANNA", "Anna", Door.SLACK)
DAYS = timedelta(days=1)
DAILY = frozenset({Tier.DAILY})
ON_DEMAND = frozenset({Tier.ON_DEMAND})


def tiers_of(at: datetime) -> frozenset[Tier]:
    """Return the tiers of the scheduled backup of a day: weekly on Sundays, monthly on the first."""
    tiers = {Tier.DAILY}
    if at.isoweekday() == 7:
        tiers.add(Tier.WEEKLY)
    if at.day == 1:
        tiers.add(Tier.MONTHLY)
    return frozenset(tiers)


def daily(days: int, start: datetime = START) -> list[Candidate]:
    """Return one good backup a day, named d0, d1, and so on, with the tiers of its day."""
    moments = [start + day * DAYS for day in range(days)]
    return [Candidate(f"d{day}", at, tiers_of(at)) for day, at in enumerate(moments)]


def on_demand(name: str, at: datetime) -> Candidate:
    """Return a good backup that somebody asked for."""
    return Candidate(name, at, ON_DEMAND)


def hold(until: datetime | None = None, reason: str = "the audit") -> Hold:
    """Return a hold by Anna."""
    return Hold(ANNA, reason, START, until)


def freeze(until: datetime) -> Freeze:
    """Return a freeze by Anna."""
    return Freeze(ANNA, "the incident", START, until)


def kept(answers: Mapping[str, Verdict]) -> set[str]:
    """Return the ids of what is kept."""
    return {name for name, verdict in answers.items() if verdict.keep}


def lost(answers: Mapping[str, Verdict]) -> set[str]:
    """Return the ids of what goes."""
    return {name for name, verdict in answers.items() if not verdict.keep}


def table(candidates: Iterable[Candidate], answers: Mapping[str, Verdict]) -> str:
    """Return the verdicts as a table for people, newest first."""
    known = {candidate.id: candidate for candidate in candidates}
    return "".join(
        f"{known[name].at:%Y-%m-%d %H:%M} | {name} | {', '.join(sorted(known[name].tiers)) or '-'} | "
        f"{'kept' if verdict.keep else 'goes'} | "
        f"{f'{verdict.kept_until:%Y-%m-%d %H:%M}' if verdict.kept_until else '-'} | {verdict.says}\n"
        for name, verdict in answers.items()
    )


WITHIN = Policy("within", within=Span(10, Unit.DAY))
"""A policy without successors to wait for: only time decides."""
