"""Retention as a pure calculation: backups, policy and now in; a verdict with reasons for every backup out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.model.backup import Tier
from core.model.freeze import Freeze
from core.model.lineup import Lineup, line_up
from core.model.locks import LOCKS, WAITS
from core.model.policy import Policy
from core.model.rules import EVIDENCE, RULES
from core.model.verdict import EVERY_LOCK, Candidate, Lock, Reason, Rule, Verdict

Reasons = dict[str, list[Reason]]


def verdicts(
    candidates: Iterable[Candidate],
    policy: Policy,
    now: datetime,
    *,
    freeze: Freeze | None = None,
    locks: frozenset[Lock] = EVERY_LOCK,
) -> Mapping[str, Verdict]:
    """Return the verdict on each backup of one source by its id, newest first.

    Rules are asked of good backups dated up to now, and time counts up to the newest of these only. A backup that no
    rule keeps goes unless a lock holds it. The order of the candidates does not matter. `locks` is for tests that
    show what each lock is there for; everybody else leaves it alone.
    """
    lineup = line_up(candidates, policy, now, freeze, locks)
    kept, locked = _reasons(lineup), _locked(lineup, locks)
    lapsed = Lapsed(policy)
    result = {}
    for candidate in lineup.everything:
        rules, holds = kept.get(candidate.id, ()), locked.get(candidate.id, ())
        if rules:
            result[candidate.id] = _kept(rules, holds, now)
        elif holds:
            result[candidate.id] = Verdict(
                keep=True,
                reasons=tuple(holds),
                kept_until=_end(holds, now),
                locked_by=tuple(reason.by for reason in holds if isinstance(reason.by, Lock)),
            )
        else:
            result[candidate.id] = lapsed.verdict(candidate)
    return result


def every_reason(
    candidates: Iterable[Candidate], policy: Policy, now: datetime, freeze: Freeze | None = None
) -> Mapping[str, tuple[Reason, ...]]:
    """Return all that keeps each backup of one source, rules first, then locks: also those that are not needed now.

    A verdict says of the locks only those that matter; what goes has no reasons here.
    """
    lineup = line_up(candidates, policy, now, freeze, EVERY_LOCK)
    kept, locked = _reasons(lineup), _locked(lineup, EVERY_LOCK)
    return {one.id: (*kept.get(one.id, ()), *locked.get(one.id, ())) for one in lineup.everything}


def _reasons(lineup: Lineup) -> Reasons:
    """Return by which rules each backup is kept."""
    reasons: Reasons = {}
    for rule in RULES:
        for candidate, reason in rule(lineup):
            reasons.setdefault(candidate.id, []).append(reason)
    return reasons


def _locked(lineup: Lineup, locks: frozenset[Lock]) -> Reasons:
    """Return by which locks each backup is kept."""
    reasons: Reasons = {}
    for lock, find in LOCKS.items():
        for candidate, reason in find(lineup) if lock in locks else ():
            reasons.setdefault(candidate.id, []).append(reason)
    return reasons


def _kept(rules: Sequence[Reason], holds: Sequence[Reason], now: datetime) -> Verdict:
    """Return the verdict on what the rules keep; of the locks only a hold, and a freeze that lasts longer, are told."""
    end = _end(rules, now)
    held = [reason for reason in holds if reason.by is Lock.HOLD or (reason.by is Lock.FREEZE and _later(reason, end))]
    waits = all(reason.until is not None and reason.until <= now for reason in rules)
    reasons = (*rules, *held, *((WAITS,) if waits else ()))
    return Verdict(
        keep=True,
        reasons=reasons,
        kept_until=_end(reasons, now),
        locked_by=(Lock.WINDOW,) if waits and not held else (),
    )


def _later(reason: Reason, end: datetime | None) -> bool:
    return end is not None and reason.until is not None and reason.until > end


def _end(reasons: Sequence[Reason], now: datetime) -> datetime | None:
    """Return when the last reason ends; None where one has no end, or the end is past and a newer one is awaited."""
    ends = [reason.until for reason in reasons if reason.until is not None]
    end = max(ends) if len(ends) == len(reasons) else None
    return end if end is not None and end > now else None


@dataclass(frozen=True, slots=True)
class Lapsed:
    """The verdicts on what goes. Many backups share one, so that a million of them cost no memory."""

    policy: Policy
    known: dict[tuple[frozenset[Tier], bool, bool], Verdict] = field(default_factory=dict)

    def verdict(self, candidate: Candidate) -> Verdict:
        """Return why a backup is no longer kept."""
        key = (candidate.tiers, candidate.counts, candidate.stored)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = Verdict(keep=False, reasons=tuple(self._why(candidate)))
        return found

    def _why(self, candidate: Candidate) -> list[Reason]:
        if not candidate.counts:
            rule, what = (Rule.DAMAGED, "damaged") if candidate.stored else (Rule.RECORD, "stored nothing")
            return [Reason(rule, f"older than {EVIDENCE} ({what})")]
        reasons = [
            Reason(Rule(tier.value), f"older than {span} ({tier})")
            for tier, span in self.policy.spans
            if tier in candidate.tiers
        ]
        if self.policy.on_demand and Tier.ON_DEMAND in candidate.tiers:
            reasons.append(Reason(Rule.ON_DEMAND, f"no longer {self.policy.on_demand_rule}"))
        return reasons or [Reason(None, f"no rule of the policy {self.policy.name} keeps it")]
