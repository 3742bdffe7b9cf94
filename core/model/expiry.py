"""What goes next, and when: retention asked ahead of time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import merge
from itertools import groupby, islice
from operator import attrgetter

from core.model.backup import Tier
from core.model.freeze import Freeze
from core.model.policy import Policy
from core.model.retention import verdicts
from core.model.schedule import Schedule, occurrences
from core.model.source import Prove, proof_is_due
from core.model.verdict import Candidate, Reason

LATE = timedelta(minutes=1)
"""How long after its time a scheduled backup is expected: what was taken seconds after it is over by then, too."""
MOST_RUNS = 240
"""How many runs of all rules together are looked at: ten days of hourly ones. Each look asks about all backups."""
_AT = attrgetter("at")


@dataclass(frozen=True, slots=True)
class Expiry:
    """That a backup goes, when, and why it is no longer kept then."""

    at: datetime
    id: str
    reasons: tuple[Reason, ...]


def preview(
    candidates: Iterable[Candidate],
    policy: Policy,
    now: datetime,
    expected: Sequence[Candidate],
    freeze: Freeze | None = None,
    *,
    all_of_them: bool = False,
) -> list[Expiry]:
    """Return what goes now, with each of the expected backups, and with the end of what keeps others until a time.

    `all_of_them`: those among the expected ones that go, too. In the order in which it goes.

    Mostly nothing goes without a newer good backup, so a look ahead has to assume some: `expected` are the good ones
    that are to come, oldest first; `scheduled` makes them. It also assumes that nobody places, releases or uses
    anything meanwhile: what is worked with now, and no time ends that, is free at the next backup.
    """
    listed = list(candidates)
    mine = {candidate.id for candidate in listed}
    found: list[Expiry] = []
    for moment, newcomer in _moments(listed, now, expected, freeze):
        listed = [_freed(candidate, moment, by_newcomer=newcomer is not None) for candidate in listed]
        listed += [newcomer] if newcomer is not None else []
        # The clock ends a freeze, whenever the newest backup was taken.
        in_force = freeze if freeze is not None and freeze.holds(moment) else None
        answers = verdicts(listed, policy, moment, freeze=in_force)
        gone = [candidate for candidate in listed if not answers[candidate.id].keep]
        gone.sort(key=lambda candidate: (candidate.at, candidate.id))
        found += [Expiry(moment, one.id, answers[one.id].reasons) for one in gone if all_of_them or one.id in mine]
        listed = [candidate for candidate in listed if answers[candidate.id].keep]
    return found


def let_go_for(
    candidates: Iterable[Candidate], newcomer: Candidate, policy: Policy, now: datetime, freeze: Freeze | None = None
) -> frozenset[str]:
    """Return what a good backup lets go: what stays without it, and goes with it. It may be among the candidates."""
    others = [candidate for candidate in candidates if candidate.id != newcomer.id]
    without = verdicts(others, policy, now, freeze=freeze)
    answers = verdicts([*others, newcomer], policy, now, freeze=freeze)
    return frozenset(name for name, verdict in without.items() if verdict.keep and not answers[name].keep)


def _moments(
    candidates: Iterable[Candidate], now: datetime, expected: Sequence[Candidate], freeze: Freeze | None
) -> list[tuple[datetime, Candidate | None]]:
    """Return when to look, in order, each with the backup that is new then."""
    ends = {one.busy_until for one in candidates if one.busy_until is not None}
    ends |= {freeze.until} if freeze is not None else set()
    alone = ((at, None) for at in sorted({now, *(end for end in ends if end > now)}))
    return list(merge(alone, ((one.at, one) for one in expected), key=lambda moment: moment[0]))


def _freed(candidate: Candidate, moment: datetime, *, by_newcomer: bool) -> Candidate:
    until = candidate.busy_until
    over = until <= moment if until is not None else by_newcomer
    return replace(candidate, busy="", busy_until=None) if candidate.busy and over else candidate


def scheduled(schedule: Schedule, source: str, now: datetime, until: datetime) -> list[Candidate]:
    """Return the good backups to be expected if each run of a schedule makes one, oldest first.

    They are the first MOST_RUNS at most: `foreseen` says how far they reach.
    """
    none = replace(schedule, daily=False, weekly=None, monthly=None, crons=())
    # Each rule by itself: a cron expression that is due once in years is not searched anew for each run of another.
    rules = (replace(schedule, crons=()), *(replace(none, crons=(cron,)) for cron in schedule.crons))
    dues = merge(*(occurrences(rule, source, now, until - LATE) for rule in rules), key=_AT)
    together = ((at, [due.tiers for due in same]) for at, same in groupby(dues, key=_AT))
    return [
        Candidate(f"expected-{n}", at + LATE, tiers=frozenset[Tier]().union(*tiers))
        for n, (at, tiers) in enumerate(islice(together, MOST_RUNS), start=1)
    ]


def foreseen(expected: Sequence[Candidate], until: datetime) -> datetime:
    """Return up to when something can be said: sooner than `until` where more runs are due than are looked at."""
    return expected[-1].at if len(expected) == MOST_RUNS else until


def proven_when_due(expected: Iterable[Candidate], prove: Prove, last: datetime | None) -> Iterator[Candidate]:
    """Yield the expected backups, those of them proven of which a proof is due; `last` is when one was proven."""
    for one in expected:
        due = proof_is_due(prove, last, one.at)
        last = one.at if due else last
        yield replace(one, proven=due)
