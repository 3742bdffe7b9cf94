"""Retention's locks: each yields the backups that stay whatever the rules say, with its reason."""

from collections.abc import Callable, Mapping
from itertools import islice, takewhile
from operator import attrgetter

from core.model.backup import Tier
from core.model.lineup import Lineup
from core.model.rules import PERIOD, Kept
from core.model.span import Span
from core.model.verdict import Candidate, Lock, Reason

ABANDONED_AFTER = 3
"""How many scheduled backups without a tier, after the span of its newest one, show that it is no longer made."""

WAITS = Reason(Lock.WINDOW, "waits for a newer good backup")
"""What the lock WINDOW adds where the clock alone would have ended a span."""

PROVEN = Reason(Lock.FLOOR, "the newest that is proven")


def lock_newer(lineup: Lineup) -> Kept:
    """Keep all than which no newer good backup exists: everything, where there is none."""
    newest = lineup.good[0] if lineup.good else None
    reason = Reason(Lock.NEWER, "no newer good backup exists")
    for candidate in lineup.present:
        yield candidate, reason
        if candidate is newest:
            break


def lock_floor(lineup: Lineup) -> Kept:
    """Keep the newest good ones that the policy may not go below, and the newest that is proven.

    Nobody wants the only backups that were seen to open to go for one that was not. Of a source that is never proven
    that is none.
    """
    count = lineup.policy.floor
    reason = Reason(Lock.FLOOR, "the newest good one" if count == 1 else f"one of the {count} newest good ones")
    newest = lineup.good[:count]
    for candidate in newest:
        yield candidate, reason
    if not any(candidate.proven for candidate in newest):
        older = filter(attrgetter("proven"), islice(lineup.good, count, None))
        for candidate in islice(older, 1):
            yield candidate, PROVEN


def lock_successors(lineup: Lineup) -> Kept:
    """Keep as many of a tier as its span has places: the 7 newest daily ones where those are kept 7 days.

    After an outage, or when the clock leaps forward, the first new backup would else end every span at once. A tier
    that is no longer made is not kept for that.
    """
    for tier, span in lineup.policy.spans:
        if tier not in PERIOD:
            continue
        places = max(1, span.about // Span(1, PERIOD[tier]).about)
        newest = list(islice((candidate for candidate in lineup.good if tier in candidate.tiers), places))
        if not newest or _abandoned(lineup, newest[0], span):
            continue
        says = f"the newest {tier} one" if places == 1 else f"one of the {places} newest {tier} ones"
        reason = Reason(Lock.SUCCESSORS, says)
        for candidate in newest:
            yield candidate, reason


def _abandoned(lineup: Lineup, newest: Candidate, span: Span) -> bool:
    """Say whether a tier is no longer made: the schedules went on without it after its newest one's span was over."""
    end = span.after(newest.at)
    later = takewhile(lambda candidate: candidate.at >= end, lineup.good)
    # Those that people ask for prove no time: a few of them can be made in a minute.
    scheduled = (candidate for candidate in later if candidate.tiers - {Tier.ON_DEMAND})
    return len(list(islice(scheduled, ABANDONED_AFTER))) == ABANDONED_AFTER


def lock_hold(lineup: Lineup) -> Kept:
    """Keep what somebody wants kept."""
    for candidate in lineup.everything:
        hold = candidate.hold
        if hold is not None and hold.holds(lineup.as_of):
            yield candidate, Reason(Lock.HOLD, f"held: {hold.reason}" if hold.reason else "held", hold.until)


def lock_freeze(lineup: Lineup) -> Kept:
    """Keep everything while an incident freeze lasts."""
    if lineup.freeze is not None and lineup.freeze.holds(lineup.as_of):
        reason = Reason(Lock.FREEZE, "nothing goes while retention is frozen", lineup.freeze.until)
        for candidate in lineup.everything:
            yield candidate, reason


def lock_busy(lineup: Lineup) -> Kept:
    """Keep what is made, downloaded or restored from now."""
    for candidate in lineup.everything:
        if candidate.open or candidate.busy:
            until = None if candidate.open else candidate.busy_until
            yield candidate, Reason(Lock.BUSY, candidate.busy or "not finished yet", until)


def lock_future(lineup: Lineup) -> Kept:
    """Keep what is dated after now: the clock was set back, and how old it is nobody knows."""
    reason = Reason(Lock.FUTURE, "dated after now: the clock was set back")
    for candidate in takewhile(lambda candidate: candidate.at > lineup.now, lineup.everything):
        yield candidate, reason


LOCKS: Mapping[Lock, Callable[[Lineup], Kept]] = {
    Lock.HOLD: lock_hold,
    Lock.FREEZE: lock_freeze,
    Lock.BUSY: lock_busy,
    Lock.FUTURE: lock_future,
    Lock.FLOOR: lock_floor,
    Lock.NEWER: lock_newer,
    Lock.SUCCESSORS: lock_successors,
}
"""The locks that are functions; WINDOW is the moment that time is counted up to (`Lineup.as_of`)."""
