"""Retention's rules: each yields the backups that it keeps, with its reason."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from core.model.backup import Tier
from core.model.lineup import Lineup
from core.model.span import Span, Unit
from core.model.verdict import Candidate, Reason, Rule

Kept = Iterator[tuple[Candidate, Reason]]

EVIDENCE = Span(7, Unit.DAY)
"""How long what is not good stays, counted like everything else up to the newest good backup."""

PERIOD = {Tier.DAILY: Unit.DAY, Tier.WEEKLY: Unit.WEEK, Tier.MONTHLY: Unit.MONTH}
"""How often a backup gets a tier by itself."""


def keep_tiers(lineup: Lineup) -> Kept:
    """Keep what has a tier until its span is over."""
    for tier, span in lineup.policy.spans:
        unit, begun = PERIOD.get(tier), None
        for candidate in lineup.good:
            if tier not in candidate.tiers:
                continue
            until = span.after(candidate.at)
            if until <= lineup.as_of:
                # Older ones end no later.
                break
            says = f"{tier} ({span})"
            if unit and begun != (begun := _beginning(candidate.at, lineup, unit)):
                says = f"newest of the {unit} ({span})"
            yield candidate, Reason(Rule(tier.value), says, until)


def keep_on_demand(lineup: Lineup) -> Kept:
    """Keep the most recent on-demand ones; no time ends that, only newer ones do."""
    count = lineup.policy.on_demand
    says = lineup.policy.on_demand_rule
    reason = Reason(Rule.ON_DEMAND, says if count == 1 else f"one of {says}")
    asked = (candidate for candidate in lineup.good if Tier.ON_DEMAND in candidate.tiers)
    for candidate in islice(asked, count):
        yield candidate, reason


def keep_last(lineup: Lineup) -> Kept:
    """Keep the newest so many."""
    count = lineup.policy.last
    reason = Reason(Rule.LAST, "the newest one" if count == 1 else f"one of the newest {count}")
    for candidate in lineup.good[:count]:
        yield candidate, reason


def keep_within(lineup: Lineup) -> Kept:
    """Keep all that is younger than a span."""
    span = lineup.policy.within
    for candidate in lineup.good if span else ():
        if span and (until := span.after(candidate.at)) > lineup.as_of:
            yield candidate, Reason(Rule.WITHIN, f"of the last {span}", until)
        else:
            break


def keep_newest_of(lineup: Lineup) -> Kept:
    """Keep the newest of each of the last hours, days, weeks, months or years that have a backup."""
    for unit, count in lineup.policy.newest_of:
        span, found, begun = Span(count, unit), 0, None
        for candidate in lineup.good:
            if begun == (begun := _beginning(candidate.at, lineup, unit)):
                continue
            found += 1
            if found > count:
                break
            # The end if each coming period gets a backup; when that is past, only the backups themselves decide.
            end = span.after(begun).replace(tzinfo=lineup.policy.zone).astimezone(UTC)
            until = end if end > lineup.now else None
            yield candidate, Reason(Rule.NEWEST_OF, f"newest of the {unit} ({span})", until)


def keep_evidence(lineup: Lineup) -> Kept:
    """Keep what is not good for a while: damaged bytes, and records of runs that stored nothing."""
    since = lineup.as_of - EVIDENCE.about
    for candidate in lineup.present:
        if candidate.at <= since:
            break
        if candidate.counts or candidate.open:
            continue
        until = EVIDENCE.after(candidate.at)
        if candidate.stored:
            yield candidate, Reason(Rule.DAMAGED, f"damaged, kept as evidence ({EVIDENCE})", until)
        else:
            yield candidate, Reason(Rule.RECORD, f"record of a run that stored nothing ({EVIDENCE})", until)


RULES = (keep_tiers, keep_on_demand, keep_last, keep_within, keep_newest_of, keep_evidence)


def _beginning(moment: datetime, lineup: Lineup, unit: Unit) -> datetime:
    """Return when the moment's hour, day, week, month or year began, as the policy's zone writes it (naive)."""
    local = moment.astimezone(lineup.policy.zone).replace(tzinfo=None, minute=0, second=0, microsecond=0, fold=0)
    if unit is Unit.HOUR:
        return local
    day = local.replace(hour=0)
    if unit is Unit.WEEK:
        return day - timedelta(days=day.weekday())
    if unit is Unit.DAY:
        return day
    return day.replace(day=1) if unit is Unit.MONTH else day.replace(month=1, day=1)
