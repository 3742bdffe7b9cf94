"""What goes next, and when: retention asked ahead of time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.model.backup import Tier
from core.model.freeze import Freeze
from core.model.policy import Policy
from core.model.retention import verdicts
from core.model.rules import PERIOD
from core.model.span import Span
from core.model.verdict import Candidate, Reason


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
    """Return what goes now and with each of the expected backups, in the order in which it goes.

    `all_of_them`: those among the expected ones that go, too.

    Nothing ever goes without a newer good backup, so a look ahead has to assume some: `expected` are the good backups
    that are to come, oldest first; how far they reach is how far the look goes. `coming` makes them where no schedule
    says more. It also assumes that nobody places, releases or uses anything meanwhile: what is being downloaded now
    is free at the next backup.
    """
    listed = list(candidates)
    mine = {candidate.id for candidate in listed}
    found: list[Expiry] = []
    for moment, newcomer in ((now, None), *((candidate.at, candidate) for candidate in expected)):
        if newcomer is not None:
            listed = [replace(candidate, busy="") if candidate.busy else candidate for candidate in listed]
            listed.append(newcomer)
        answers = verdicts(listed, policy, moment, freeze=freeze)
        gone = [candidate for candidate in listed if not answers[candidate.id].keep]
        gone.sort(key=lambda candidate: (candidate.at, candidate.id))
        found += [Expiry(moment, one.id, answers[one.id].reasons) for one in gone if all_of_them or one.id in mine]
        listed = [candidate for candidate in listed if answers[candidate.id].keep]
    return found


def coming(candidates: Iterable[Candidate], now: datetime, until: datetime) -> list[Candidate]:
    """Return the backups to be expected if each tier goes on in its rhythm from its newest good one."""
    tiers: dict[datetime, frozenset[Tier]] = {}
    listed = [candidate for candidate in candidates if candidate.counts and candidate.at <= now]
    for tier, unit in PERIOD.items():
        newest = max((candidate.at for candidate in listed if tier in candidate.tiers), default=None)
        step = 0
        while newest is not None and (at := Span(step := step + 1, unit).after(newest)) <= until:
            if at > now:
                tiers[at] = tiers.get(at, frozenset()) | {tier}
    return [Candidate(f"expected-{number}", at, tiers=tiers[at]) for number, at in enumerate(sorted(tiers), start=1)]
