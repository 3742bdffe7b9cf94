"""What is let go, what is deleted, and what no rule, hand or accident can delete."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from core.errors import NotAllowed, NotRestorable, Stale, UsageError
from core.model.backup import BackupState, Failure, Tier
from core.model.notice import NoticeKind
from core.model.verdict import Lock
from tests.support.timed import DAY, HOUR, KEEPER, MIDNIGHT, UNPROVEN, Timed
from tests.support.world import ANNA, BEN, GITA, World

ON_DEMAND = frozenset({Tier.ON_DEMAND})
WEEK = 7


@pytest.fixture
def timed(make_world: Callable[..., World]) -> Timed:
    """Return a world at midnight."""
    return Timed(make_world(source=UNPROVEN, access=KEEPER))


def test_what_no_rule_keeps_is_expired_first_and_pruned_after_the_grace(timed: Timed) -> None:
    """The eighth daily backup lets the first go; its bytes stay a day longer, its tombstone for ever."""
    first, *rest = timed.daily(WEEK + 1)
    expired = timed.backup(first)
    assert (expired.state, expired.expiry) == (BackupState.EXPIRED, "older than 7 days (daily)")
    assert timed.stored == [first, *rest]
    timed.retain(MIDNIGHT + WEEK * DAY + 35 * HOUR)
    assert timed.stored == [first, *rest]
    timed.retain(MIDNIGHT + WEEK * DAY + 37 * HOUR)
    pruned = timed.backup(first)
    assert pruned.state is BackupState.PRUNED
    assert pruned.pruned_at is not None
    assert (pruned.expiry, pruned.size > 0) == (expired.expiry, True)
    assert timed.stored == rest
    assert [b.id for b in timed.core.list_backups("orders").backups] == rest[::-1]
    assert timed.core.catalog.leases.held() == ()
    acts = [(e.act, e.outcome) for e in timed.core.catalog.audit.entries(limit=1000) if e.subject == first]
    assert acts[-3:] == [("expire", "expired"), ("prune", "begun"), ("prune", "pruned")]


def test_nothing_goes_while_no_newer_good_backup_comes(timed: Timed) -> None:
    """However old they get, what is there stays when backups stop coming, or come and fail."""
    ids = timed.daily(3)
    timed.world.source_path.unlink()
    for days in (30, 400):
        timed.take(MIDNIGHT + days * DAY)
        timed.retain(MIDNIGHT + days * DAY + HOUR)
    assert timed.stored == ids


def test_one_on_demand_backup_is_kept(timed: Timed) -> None:
    """Of the on-demand ones the most recent good one stays; the one before goes."""
    one, two = (timed.take(MIDNIGHT + n * HOUR, ON_DEMAND) for n in (1, 2))
    timed.retain(MIDNIGHT + 3 * HOUR)
    assert (timed.backup(one).state, timed.backup(two).state) == (BackupState.EXPIRED, BackupState.GOOD)
    assert "most recent on-demand" in timed.core.time.retention.why(timed.backup(two)).says


def test_hold_saves_what_was_let_go(timed: Timed) -> None:
    """Keep on an expired backup brings it back, and it stays until it is released or its time is over."""
    first, *_ = timed.daily(WEEK + 1)
    kept = timed.core.time.keep_backup(first, ANNA, "audit", MIDNIGHT + 60 * DAY)
    assert (kept.state, kept.expired_at, kept.expiry) == (BackupState.GOOD, None, "")
    timed.daily(3, first=WEEK + 1)
    why = timed.core.time.retention.why(timed.backup(first))
    assert (why.keep, why.locked_by) == (True, (Lock.HOLD,))
    assert "audit" in why.says
    timed.core.time.release_backup(first, ANNA)
    timed.retain(MIDNIGHT + 12 * DAY)
    assert timed.backup(first).state is BackupState.EXPIRED
    with pytest.raises(Stale):
        timed.core.time.release_backup(first, ANNA)


def test_who_may_hold_and_release(timed: Timed) -> None:
    """Those who may back up may hold; another's hold is released or shortened only by who may change retention."""
    key = timed.take(MIDNIGHT + HOUR)
    keep, release = timed.core.time.keep_backup, timed.core.time.release_backup
    with pytest.raises(NotAllowed):
        keep(key, GITA)
    keep(key, ANNA, "mine")
    with pytest.raises(NotAllowed):
        release(key, BEN)
    with pytest.raises(NotAllowed):
        keep(key, BEN, "sooner", MIDNIGHT + 9 * DAY)
    keep(key, BEN, "for ever too")
    assert release(key, ANNA).hold is None
    for until in (MIDNIGHT, MIDNIGHT + 5000 * DAY):
        with pytest.raises(UsageError):
            keep(key, ANNA, "", until)
    timed.world.source_path.unlink()
    failed = timed.take(MIDNIGHT + 2 * HOUR)
    with pytest.raises(NotRestorable):
        keep(failed, ANNA)


def test_freeze_stops_expiry_and_pruning_until_it_ends(timed: Timed) -> None:
    """While retention is frozen nothing is let go, and what was let go before is taken back; thawed, it goes on."""
    first, *_ = timed.daily(WEEK + 1)
    with pytest.raises(NotAllowed):
        timed.core.time.freeze_retention(BEN, MIDNIGHT + 100 * DAY)
    with pytest.raises(UsageError):
        timed.core.time.freeze_retention(ANNA, MIDNIGHT)
    timed.core.time.freeze_retention(ANNA, MIDNIGHT + 100 * DAY, "incident")
    timed.daily(4, first=WEEK + 1)
    assert len(timed.stored) == WEEK + 5
    assert timed.backup(first).state is BackupState.GOOD
    timed.core.time.thaw_retention(ANNA)
    with pytest.raises(Stale):
        timed.core.time.thaw_retention(ANNA)
    timed.retain(MIDNIGHT + 12 * DAY)
    timed.retain(MIDNIGHT + 14 * DAY)
    assert len(timed.stored) == WEEK
    told = [n.kind for n in timed.core.catalog.notices.changed_since(0)]
    assert told == [NoticeKind.FROZEN, NoticeKind.THAWED]


def test_clock_that_ran_ahead_deletes_nothing_early(timed: Timed) -> None:
    """A clock a year ahead, with a backup taken then, lets nothing go that the right clock would keep."""
    ids = timed.daily(WEEK)
    ahead = timed.take(MIDNIGHT + 400 * DAY)
    timed.retain(MIDNIGHT + 400 * DAY + 2 * DAY)
    timed.retain(MIDNIGHT + WEEK * DAY)
    assert set(ids[1:]) | {ahead} <= set(timed.stored)


def test_what_leaves_next_is_foretold(timed: Timed) -> None:
    """The preview names what goes with the next daily backups, and when its bytes may be deleted."""
    first, second, *_ = timed.daily(WEEK)
    leaving = timed.core.time.retention.leaving("orders", MIDNIGHT + (WEEK + 2) * DAY + 12 * HOUR)
    # The second was taken a minute later than the schedule says, so that the run a week after it is too early.
    assert [one.backup.id for one in leaving] == [first, second]
    assert leaving[0].why == "older than 7 days (daily)"
    assert timedelta(0) <= leaving[0].at - (MIDNIGHT + (WEEK + 1) * DAY + 3 * HOUR) < HOUR
    timed.take(MIDNIGHT + WEEK * DAY + 3 * HOUR + timedelta(minutes=1))
    timed.retain(MIDNIGHT + WEEK * DAY + 4 * HOUR)
    soonest = timed.core.time.retention.leaving("orders", MIDNIGHT + WEEK * DAY + 5 * HOUR)
    assert [(one.backup.id, one.why) for one in soonest] == [(first, "older than 7 days (daily)")]


def test_every_lock_is_among_the_reasons(timed: Timed) -> None:
    """Why names also the locks that are not needed while a rule keeps a backup; what goes has its own reasons."""
    first, *_, newest = timed.daily(WEEK + 1)
    retention = timed.core.time.retention
    says = [reason.says for reason in retention.every_reason(timed.backup(newest))]
    assert says[0] == "newest of the day (7 days)"
    assert set(says[1:]) == {"the newest good one", "no newer good backup exists", "one of the 7 newest daily ones"}
    assert [reason.says for reason in retention.every_reason(timed.backup(first))] == ["older than 7 days (daily)"]


def test_why_answers_for_every_state(timed: Timed) -> None:
    """A tombstone says why it went, a failed one that nothing is stored."""
    first, *_ = timed.daily(WEEK + 1)
    timed.retain(MIDNIGHT + 9 * DAY)
    why = timed.core.time.retention.why
    assert why(timed.backup(first)).says == "older than 7 days (daily)"
    timed.world.source_path.unlink()
    failed = timed.take(MIDNIGHT + 9 * DAY + HOUR)
    assert "nothing of it is stored" in why(timed.backup(failed)).says


def test_a_bot_lets_go_and_deletes_by_itself(timed: Timed) -> None:
    """Nobody calls for it: the duties of a leading bot expire what no rule keeps, and prune it a day later."""
    first, *rest = [timed.take(MIDNIGHT + day * DAY + 3 * HOUR + day * timedelta(minutes=1)) for day in range(WEEK + 1)]

    def duties(moment: datetime) -> None:
        timed.set(moment)
        for duty in timed.core.duties.all:
            if duty.name in {"expire", "evening post", "prune"}:
                assert timed.core.duties.run(duty)
        timed.world.settled("prune:orders")

    duties(MIDNIGHT + WEEK * DAY + 12 * HOUR)
    assert timed.backup(first).state is BackupState.EXPIRED
    duties(MIDNIGHT + WEEK * DAY + 19 * HOUR)
    duties(MIDNIGHT + WEEK * DAY + 37 * HOUR)
    assert timed.backup(first).state is BackupState.PRUNED
    assert timed.stored == rest


def test_what_was_found_damaged_stays_a_week_after_it_was_let_go(timed: Timed) -> None:
    """Damage may be a disk's mistake of today, of a backup that is old: there is time to look again."""
    first, *_ = timed.daily(WEEK)
    failure = Failure("archive-corrupt", "Its bytes don't match.", "Look at the disk.", "ab12")
    timed.core.catalog.backups.move(first, frozenset(BackupState), state=BackupState.DAMAGED, failure=failure)
    [foretold, *_] = timed.core.time.retention.leaving("orders", MIDNIGHT + (WEEK + 1) * DAY)
    assert (foretold.backup.id, foretold.at > MIDNIGHT + 2 * WEEK * DAY) == (first, True)
    timed.take(MIDNIGHT + WEEK * DAY + 4 * HOUR)
    timed.retain(MIDNIGHT + WEEK * DAY + 5 * HOUR)
    assert timed.backup(first).state is BackupState.EXPIRED
    timed.retain(MIDNIGHT + (2 * WEEK - 1) * DAY)
    assert timed.backup(first).state is BackupState.EXPIRED
    timed.retain(MIDNIGHT + (2 * WEEK + 1) * DAY)
    assert timed.backup(first).state is BackupState.PRUNED
