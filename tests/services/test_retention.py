"""What is let go, what is deleted, and what no rule, hand or accident can delete."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from core.errors import NotAllowed, NotRestorable, Stale, UsageError
from core.model.backup import BackupState, Failure, Tier
from core.model.notice import Notice, NoticeKind
from core.model.verdict import Lock
from core.services.prune import Prune
from tests.support.timed import DAY, HOUR, KEEPER, MIDNIGHT, UNPROVEN, Timed
from tests.support.world import ANNA, BEN, GITA, World

ON_DEMAND = frozenset({Tier.ON_DEMAND})
WEEK = 7


@pytest.fixture
def timed(make_world: Callable[..., World]) -> Timed:
    """Return a world at midnight."""
    return Timed(make_world(source=UNPROVEN, access=KEEPER))


def daily(timed: Timed, days: int, first: int = 0) -> list[str]:
    """Take a daily backup on so many days, let the clock reach noon of the last, and return their ids."""
    # Each a minute later than the one before, so that the eighth is clearly more than seven days after the first.
    times = [MIDNIGHT + day * DAY + 3 * HOUR + day * timedelta(minutes=1) for day in range(first, first + days)]
    ids = [timed.take(at) for at in times]
    timed.retain(MIDNIGHT + (first + days - 1) * DAY + 12 * HOUR)
    return ids


def test_what_no_rule_keeps_is_expired_first_and_pruned_after_the_grace(timed: Timed) -> None:
    """The eighth daily backup lets the first go; its bytes stay a day longer, its tombstone for ever."""
    first, *rest = daily(timed, WEEK + 1)
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
    ids = daily(timed, 3)
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
    first, *_ = daily(timed, WEEK + 1)
    kept = timed.core.time.keep_backup(first, ANNA, "audit", MIDNIGHT + 60 * DAY)
    assert (kept.state, kept.expired_at, kept.expiry) == (BackupState.GOOD, None, "")
    daily(timed, 3, first=WEEK + 1)
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
    first, *_ = daily(timed, WEEK + 1)
    with pytest.raises(NotAllowed):
        timed.core.time.freeze_retention(BEN, MIDNIGHT + 100 * DAY)
    with pytest.raises(UsageError):
        timed.core.time.freeze_retention(ANNA, MIDNIGHT)
    timed.core.time.freeze_retention(ANNA, MIDNIGHT + 100 * DAY, "incident")
    daily(timed, 4, first=WEEK + 1)
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


def test_what_is_being_downloaded_is_not_deleted(timed: Timed) -> None:
    """A link that still works keeps its backup, though it was let go before."""
    first, *_ = daily(timed, WEEK)
    timed.core.offer_download(first, ANNA)
    timed.take(MIDNIGHT + WEEK * DAY + 4 * HOUR)
    timed.core.offer_download(first, ANNA)
    timed.core.time.expire.source("orders")
    assert timed.backup(first).state is BackupState.GOOD
    timed.set(MIDNIGHT + WEEK * DAY + 9 * HOUR)
    timed.core.time.expire.source("orders")
    assert timed.backup(first).state is BackupState.EXPIRED


def test_deletion_that_fails_is_told_and_tried_again(timed: Timed) -> None:
    """While the vault is away nothing is lost: it is shown, told once, and done when the vault is back."""
    first, *rest = daily(timed, WEEK + 1)
    vault, away = timed.world.root / "vault", timed.world.root / "away"
    vault.rename(away)
    for hours in (12, 13, 14):
        timed.world.clock.passed += 3_600
        timed.retain(MIDNIGHT + 8 * DAY + hours * HOUR)
    waiting = timed.backup(first)
    assert waiting.state is BackupState.EXPIRED, "nothing is begun of it while nobody can see what else is there"
    assert "Not deleted yet" in waiting.warning
    told = [n for n in timed.core.catalog.notices.changed_since(0) if n.kind is NoticeKind.PRUNE_FAILED]
    assert [n.fields["backup_id"] for n in told] == [first]
    away.rename(vault)
    timed.retain(MIDNIGHT + 8 * DAY + 15 * HOUR)
    assert timed.backup(first).state is BackupState.EXPIRED, "it is not tried at each pass"
    timed.world.clock.passed += 30_000
    timed.retain(MIDNIGHT + 9 * DAY)
    assert timed.backup(first).state is BackupState.PRUNED
    assert timed.stored == rest


def test_deletion_that_was_begun_and_fails_is_told(timed: Timed) -> None:
    """What was marked before the vault went away stays marked, says why it waits, and is deleted later."""
    first, *rest = daily(timed, WEEK + 1)
    timed.core.catalog.backups.move(first, frozenset({BackupState.EXPIRED}), state=BackupState.PRUNING)
    vault, away = timed.world.root / "vault", timed.world.root / "away"
    vault.rename(away)
    timed.retain(MIDNIGHT + 8 * DAY)
    assert timed.backup(first).state is BackupState.PRUNING
    assert "Not deleted yet" in timed.backup(first).warning
    away.rename(vault)
    timed.world.clock.passed += 30_000
    timed.retain(MIDNIGHT + 9 * DAY)
    assert timed.backup(first).state is BackupState.PRUNED
    assert timed.stored == rest


def test_pruning_waits_for_a_backup_of_the_same_source(make_world: Callable[..., World]) -> None:
    """Source and pruning share one lease: while one has it, the other waits."""
    timed = Timed(make_world(source=UNPROVEN, access=KEEPER))
    first, *_ = daily(timed, WEEK + 1)
    timed.set(MIDNIGHT + 9 * DAY)
    now = timed.world.clock.now()
    assert timed.core.catalog.leases.acquire("source:orders", timed.core.owner, "b", now, 60)
    timed.core.time.prune(now)
    timed.world.settled("prune:orders")
    assert timed.backup(first).state is BackupState.EXPIRED
    timed.core.catalog.leases.release("source:orders", "b")
    timed.retain(MIDNIGHT + 9 * DAY + HOUR)
    assert timed.backup(first).state is BackupState.PRUNED


def test_verdict_is_asked_once_more_before_the_first_byte_goes(timed: Timed) -> None:
    """What became the newest good one meanwhile, since all that is newer was found damaged, is not deleted."""
    first, *rest = daily(timed, WEEK + 1)
    for key in rest:
        timed.core.catalog.backups.move(key, frozenset({BackupState.GOOD}), state=BackupState.DAMAGED)
    timed.set(MIDNIGHT + 9 * DAY)
    assert not timed.core.time.prune.one(first, timed.core.time.retention.find_missing("orders"))
    assert timed.backup(first).state is BackupState.GOOD
    assert first in timed.stored


def test_run_twice_and_by_two_at_once_deletes_once(timed: Timed) -> None:
    """A second pass, and another process, find nothing left to do."""
    first, *_ = daily(timed, WEEK + 1)
    core, now = timed.core, MIDNIGHT + 9 * DAY
    timed.set(now)
    other = Prune(core.catalog, core.adapters, core.time.retention, core.clock, core.runner, core.owner)
    core.time.prune(now)
    other(now)
    timed.world.settled("prune:orders")
    other(now)
    timed.retain(now)
    outcomes = [e.outcome for e in core.catalog.audit.entries(limit=1000) if (e.act, e.subject) == ("prune", first)]
    assert outcomes == ["begun", "pruned"]


def test_half_deleted_backup_of_a_dead_process_is_finished(timed: Timed) -> None:
    """What was marked and lost its manifest stays marked, is never offered again, and is deleted by the next pass."""
    first, *rest = daily(timed, WEEK + 1)
    timed.core.catalog.backups.move(first, frozenset({BackupState.EXPIRED}), state=BackupState.PRUNING, owner="x:1:1.0")
    (timed.world.root / "vault" / "orders" / first / "manifest.json").unlink()
    with pytest.raises(NotRestorable):
        timed.core.offer_download(first, ANNA)
    with pytest.raises(NotRestorable):
        timed.core.time.keep_backup(first, ANNA)
    assert not timed.core.time.retention.why(timed.backup(first)).keep
    timed.retain(MIDNIGHT + 8 * DAY + HOUR)
    assert timed.backup(first).state is BackupState.PRUNED
    assert timed.stored == rest


def test_clock_that_ran_ahead_deletes_nothing_early(timed: Timed) -> None:
    """A clock a year ahead, with a backup taken then, lets nothing go that the right clock would keep."""
    ids = daily(timed, WEEK)
    ahead = timed.take(MIDNIGHT + 400 * DAY)
    timed.retain(MIDNIGHT + 400 * DAY + 2 * DAY)
    timed.retain(MIDNIGHT + WEEK * DAY)
    assert set(ids[1:]) | {ahead} <= set(timed.stored)


def test_what_leaves_next_is_foretold(timed: Timed) -> None:
    """The preview names what goes with the next daily backups, and when its bytes may be deleted."""
    first, second, *_ = daily(timed, WEEK)
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
    first, *_, newest = daily(timed, WEEK + 1)
    retention = timed.core.time.retention
    says = [reason.says for reason in retention.every_reason(timed.backup(newest))]
    assert says[0] == "newest of the day (7 days)"
    assert set(says[1:]) == {"the newest good one", "no newer good backup exists", "one of the 7 newest daily ones"}
    assert [reason.says for reason in retention.every_reason(timed.backup(first))] == ["older than 7 days (daily)"]


def test_why_answers_for_every_state(timed: Timed) -> None:
    """A tombstone says why it went, a failed one that nothing is stored."""
    first, *_ = daily(timed, WEEK + 1)
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


def test_nothing_is_deleted_that_nobody_was_told_of(timed: Timed) -> None:
    """A bot that was down over the evening posts first; what it names is deleted when it was named, not before."""
    first, *_ = daily(timed, WEEK + 1)
    duties = {duty.name: duty for duty in timed.core.duties.all}

    def done(moment: datetime, *names: str) -> BackupState:
        timed.set(moment)
        for name in names:
            assert timed.core.duties.run(duties[name])
        timed.world.settled("prune:orders")
        return timed.backup(first).state

    evening = MIDNIGHT + (WEEK + 1) * DAY
    assert done(evening + 16 * HOUR, "evening post", "prune") is BackupState.EXPIRED
    assert done(evening + 17 * HOUR, "prune") is BackupState.EXPIRED
    assert done(evening + 19 * HOUR, "evening post", "prune") is BackupState.PRUNED


def test_a_leap_of_the_clock_is_no_time_to_object(timed: Timed) -> None:
    """What a leap passed over is added to the grace; a leap that was undone since counts for nothing."""
    first, *_ = daily(timed, WEEK + 1)
    let_go = MIDNIGHT + WEEK * DAY + 12 * HOUR
    timed.set(let_go + 300 * DAY)
    timed.core.note_clock(300 * 86_400)
    timed.set(let_go + 3 * DAY)
    timed.core.note_clock(3 * 86_400)
    for hours in (1, 23):
        timed.retain(let_go + 3 * DAY + hours * HOUR)
        assert timed.backup(first).state is BackupState.EXPIRED
    timed.retain(let_go + 4 * DAY + HOUR)
    assert timed.backup(first).state is BackupState.PRUNED


def test_a_machine_that_sleeps_at_night_deletes_all_the_same(timed: Timed) -> None:
    """The nights don't count, but the days add up to the grace."""
    first, *_ = daily(timed, WEEK + 1)
    let_go = MIDNIGHT + WEEK * DAY + 12 * HOUR
    for night in (1, 2):
        timed.retain(let_go + (night - 1) * DAY + 11 * HOUR)
        assert timed.backup(first).state is BackupState.EXPIRED
        timed.set(let_go + night * DAY)
        timed.core.note_clock(12 * 3_600)
    timed.retain(let_go + 2 * DAY + HOUR)
    assert timed.backup(first).state is BackupState.PRUNED


def test_a_short_grace_waits_for_an_evening_post_too(make_world: Callable[..., World]) -> None:
    """What was let go after the last post is not deleted before the next one, however short its bytes are to stay."""
    timed = Timed(make_world(source=UNPROVEN, access='[retention]\ngrace = "1h"'))
    first = timed.take(MIDNIGHT, ON_DEMAND)
    duties = {duty.name: duty for duty in timed.core.duties.all}

    def done(moment: datetime, *names: str) -> BackupState:
        timed.set(moment)
        for name in names:
            assert timed.core.duties.run(duties[name])
        timed.world.settled("prune:orders")
        return timed.backup(first).state

    assert done(MIDNIGHT + 10 * HOUR, "evening post") is BackupState.GOOD
    # One stands, and named others.
    timed.core.catalog.notices.tell(Notice(NoticeKind.EXPIRING, "", "others", MIDNIGHT + 18 * HOUR, {}))
    assert done(MIDNIGHT + 19 * HOUR, "evening post") is BackupState.GOOD
    timed.take(MIDNIGHT + 20 * HOUR, ON_DEMAND)
    assert done(MIDNIGHT + 20.1 * HOUR, "expire") is BackupState.EXPIRED
    assert done(MIDNIGHT + 22 * HOUR, "prune") is BackupState.EXPIRED
    assert done(MIDNIGHT + DAY + 19 * HOUR, "evening post", "prune") is BackupState.PRUNED


def test_what_was_found_damaged_stays_a_week_after_it_was_let_go(timed: Timed) -> None:
    """Damage may be a disk's mistake of today, of a backup that is old: there is time to look again."""
    first, *_ = daily(timed, WEEK)
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
