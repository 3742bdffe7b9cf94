"""A freeze, and the end of it or of a restore, are seen by retention whatever else happens in that minute."""

from collections.abc import Callable

import pytest

from core.model.backup import BackupState, Tier
from core.services.hold_back import HoldBack
from tests.support.timed import DAY, HOUR, KEEPER, MIDNIGHT, UNPROVEN, Timed
from tests.support.world import ANNA, BEN, World

ON_DEMAND = frozenset({Tier.ON_DEMAND})
OTHER = '\n[sources.other]\nengine = "sqlite"\npath = "/nonexistent"\nprove = "never"'


@pytest.fixture
def timed(make_world: Callable[..., World]) -> Timed:
    """Return a world with another source beside the one that is looked at."""
    return Timed(make_world(source=UNPROVEN + OTHER, access=KEEPER))


def elsewhere(timed: Timed) -> None:
    """Let a record of the other source change."""
    timed.world.settled(timed.core.create_backup("other", ANNA).backup.id)


def test_what_was_let_go_has_its_grace_anew_after_a_freeze(timed: Timed) -> None:
    """It is good while the freeze lasts, and let go anew after a thaw, with all the time in which people may object."""
    first = timed.take(MIDNIGHT + HOUR, ON_DEMAND)
    timed.take(MIDNIGHT + 2 * HOUR, ON_DEMAND)
    for tenths in range(3):
        timed.retain(MIDNIGHT + (3 + tenths / 10) * HOUR)
    assert timed.backup(first).state is BackupState.EXPIRED
    timed.core.time.freeze_retention(ANNA, MIDNIGHT + 10 * DAY, "look")
    elsewhere(timed)
    timed.retain(MIDNIGHT + 4 * HOUR)
    assert timed.backup(first).state is BackupState.GOOD
    timed.set(MIDNIGHT + 5 * DAY)
    timed.core.time.thaw_retention(ANNA)
    elsewhere(timed)
    timed.retain(MIDNIGHT + 5 * DAY + HOUR)
    assert timed.backup(first).state is BackupState.EXPIRED
    timed.retain(MIDNIGHT + 6 * DAY + 2 * HOUR)
    assert timed.backup(first).state is BackupState.PRUNED


def test_a_restore_that_ends_keeps_its_backup_no_longer(timed: Timed) -> None:
    """What it kept is let go once it is denied, also where only the other source has changed besides."""
    first = timed.take(MIDNIGHT + HOUR, ON_DEMAND)
    restore = timed.core.request_restore(timed.core.plan_restore(first, ANNA), "look", ANNA)
    timed.take(MIDNIGHT + 2 * HOUR, ON_DEMAND)
    timed.core.time.expire()
    assert timed.backup(first).state is BackupState.GOOD
    timed.core.decide_restore(restore.id, BEN, approve=False, reason="use staging")
    elsewhere(timed)
    timed.core.time.expire()
    assert timed.backup(first).state is BackupState.EXPIRED


def test_one_sleep_that_two_bots_tell_is_one(timed: Timed) -> None:
    """Who stands by tells of it too; it is added to the grace once."""
    first = timed.take(MIDNIGHT + HOUR, ON_DEMAND)
    timed.take(MIDNIGHT + 2 * HOUR, ON_DEMAND)
    timed.retain(MIDNIGHT + 3 * HOUR)
    timed.set(MIDNIGHT + 19 * HOUR)
    for _ in range(2):
        timed.core.note_clock(16 * 3_600.0)
    timed.retain(MIDNIGHT + 42 * HOUR)
    assert timed.backup(first).state is BackupState.EXPIRED
    timed.retain(MIDNIGHT + 44 * HOUR)
    assert timed.backup(first).state is BackupState.PRUNED


def test_a_missing_backup_leaves_no_policy_unjudged(timed: Timed) -> None:
    """Its bytes may be gone for ever: the policy of the others does not count as a new one for as long."""
    ids = [timed.take(MIDNIGHT + day * DAY) for day in range(3)]
    timed.core.catalog.marks.put("policy of orders", "another")
    timed.core.adapters.vault("local").remove("orders", ids[1])
    timed.core.time.retention.find_missing("orders")
    timed.set(MIDNIGHT + 3 * DAY)
    timed.core.time.expire()
    assert not HoldBack(timed.core.catalog).changed("orders", timed.core.time.retention.rules("orders"))
