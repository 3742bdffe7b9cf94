"""What goes next, and when: retention asked ahead of time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice

from core.model.backup import Tier
from core.model.freeze import Freeze
from core.model.policy import Policy
from core.model.retention import verdicts
from core.model.schedule import Due, Schedule, next_after, occurrences
from core.model.verdict import Candidate, Reason

LATE = timedelta(minutes=1)
"""How long after its time a scheduled backup is expected: what was taken seconds after it is over by then, too."""
MOST_RUNS = 48
"""How many runs of one rule are looked at one by one; of what follows one a day. Each look asks about all backups."""
_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)


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


def scheduled(
    schedule: Schedule, source: str, now: datetime, until: datetime, *, proven: bool = False
) -> list[Candidate]:
    """Return the good backups to be expected if each run of a schedule makes one, oldest first; `proven`: all are.

    Of a cron expression that is due very often the runs of later days are thinned out to one a day.
    """
    none = replace(schedule, daily=False, weekly=None, monthly=None, crons=())
    tiers: dict[datetime, frozenset[Tier]] = {}
    for rule in (replace(schedule, crons=()), *(replace(none, crons=(cron,)) for cron in schedule.crons)):
        for due in _runs(rule, source, now, until - LATE):
            tiers[due.at] = tiers.get(due.at, frozenset()) | due.tiers
    return [
        Candidate(f"expected-{n}", at + LATE, tiers=tiers[at], proven=proven)
        for n, at in enumerate(sorted(tiers), start=1)
    ]


def _runs(rule: Schedule, source: str, now: datetime, until: datetime) -> Iterator[Due]:
    """Yield what one rule is due for, the first runs one by one, then one a day."""
    due = None
    for due in islice(occurrences(rule, source, now, until), MOST_RUNS):
        yield due
    while due is not None and (due := next_after(rule, source, due.at + _DAY - _SECOND)) and due.at <= until:
        yield due
