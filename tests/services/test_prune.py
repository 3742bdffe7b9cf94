"""What was let go is deleted: after a grace, once, and not before people were told."""

from collections.abc import Callable

import pytest

from core.errors import NotRestorable
from core.model.backup import BackupState, Tier
from core.model.notice import Notice, NoticeKind
from core.services.prune import Prune
from tests.support.timed import DAY, HOUR, KEEPER, MIDNIGHT, UNPROVEN, Timed
from tests.support.world import ANNA, World

ON_DEMAND = frozenset({Tier.ON_DEMAND})
WEEK = 7


@pytest.fixture
def timed(make_world: Callable[..., World]) -> Timed:
    """Return a world at midnight."""
    return Timed(make_world(source=UNPROVEN, access=KEEPER))


def test_what_is_being_downloaded_is_not_deleted(timed: Timed) -> None:
    """A link that still works keeps its backup, though it was let go before."""
    first, *_ = timed.daily(WEEK)
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
    first, *rest = timed.daily(WEEK + 1)
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
    first, *rest = timed.daily(WEEK + 1)
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
    first, *_ = timed.daily(WEEK + 1)
    timed.set(MIDNIGHT + 9 * DAY)
    now = timed.world.clock.now()
    assert timed.core.catalog.leases.acquire("source:orders", timed.core.owner, "b", now, 60)
    timed.core.time.prune(now)
    timed.world.settled("prune:orders")
    assert timed.backup(first).state is BackupState.EXPIRED
    timed.core.catalog.leases.release("source:orders", timed.core.owner, "b")
    timed.retain(MIDNIGHT + 9 * DAY + HOUR)
    assert timed.backup(first).state is BackupState.PRUNED


def test_verdict_is_asked_once_more_before_the_first_byte_goes(timed: Timed) -> None:
    """What became the newest good one meanwhile, since all that is newer was found damaged, is not deleted."""
    first, *rest = timed.daily(WEEK + 1)
    for key in rest:
        timed.core.catalog.backups.move(key, frozenset({BackupState.GOOD}), state=BackupState.DAMAGED)
    timed.set(MIDNIGHT + 9 * DAY)
    assert not timed.core.time.prune.one(first, timed.core.time.retention.find_missing("orders"))
    assert timed.backup(first).state is BackupState.GOOD
    assert first in timed.stored


def test_run_twice_and_by_two_at_once_deletes_once(timed: Timed) -> None:
    """A second pass, and another process, find nothing left to do."""
    first, *_ = timed.daily(WEEK + 1)
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
    first, *rest = timed.daily(WEEK + 1)
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


def test_nothing_is_deleted_that_nobody_was_told_of(timed: Timed) -> None:
    """A bot that was down over the evening posts first; what it names is deleted when it was named, not before."""
    first, *_ = timed.daily(WEEK + 1)
    evening = MIDNIGHT + (WEEK + 1) * DAY
    assert timed.after(first, evening + 16 * HOUR, "evening post", "prune") is BackupState.EXPIRED
    assert timed.after(first, evening + 17 * HOUR, "prune") is BackupState.EXPIRED
    assert timed.after(first, evening + 19 * HOUR, "evening post", "prune") is BackupState.PRUNED


def test_a_leap_of_the_clock_is_no_time_to_object(timed: Timed) -> None:
    """What a leap passed over is added to the grace; a leap that was undone since counts for nothing."""
    first, *_ = timed.daily(WEEK + 1)
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
    first, *_ = timed.daily(WEEK + 1)
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
    assert timed.after(first, MIDNIGHT + 10 * HOUR, "evening post") is BackupState.GOOD
    # One stands, and named others.
    timed.core.catalog.notices.tell(Notice(NoticeKind.EXPIRING, "", "others", MIDNIGHT + 18 * HOUR, {}))
    assert timed.after(first, MIDNIGHT + 19 * HOUR, "evening post") is BackupState.GOOD
    timed.take(MIDNIGHT + 20 * HOUR, ON_DEMAND)
    assert timed.after(first, MIDNIGHT + 20.1 * HOUR, "expire") is BackupState.EXPIRED
    assert timed.after(first, MIDNIGHT + 22 * HOUR, "prune") is BackupState.EXPIRED
    assert timed.after(first, MIDNIGHT + DAY + 19 * HOUR, "evening post", "prune") is BackupState.PRUNED
