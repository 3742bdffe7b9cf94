"""What a freeze and a leaping clock do to deletions that are under way."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from core.catalog.backups import OPEN
from core.model.backup import BackupState
from tests.support.timed import DAILY, DAY, HOUR, KEEPER, MIDNIGHT, UNPROVEN, Timed
from tests.support.world import ANNA, World


@pytest.fixture
def timed(make_world: Callable[..., World]) -> Timed:
    """Return a world with eight daily backups, of which the first has been let go."""
    timed = Timed(make_world(source=UNPROVEN, access=KEEPER))
    for day in range(8):
        timed.take(MIDNIGHT + day * DAY + 3 * HOUR + day * timedelta(minutes=1))
    timed.retain(MIDNIGHT + 7 * DAY + 12 * HOUR)
    return timed


def test_freeze_stops_a_deletion_that_failed_before_it(timed: Timed) -> None:
    """What is marked and still has its bytes keeps them while retention is frozen, and goes afterwards."""
    first = timed.stored[0]
    timed.core.catalog.backups.move(first, frozenset({BackupState.EXPIRED}), state=BackupState.PRUNING, owner="x:1:1.0")
    timed.core.time.freeze_retention(ANNA, MIDNIGHT + 30 * DAY, "incident")
    timed.retain(MIDNIGHT + 10 * DAY)
    assert not timed.core.time.prune.one(first, timed.core.time.retention.find_missing("orders"))
    assert (timed.backup(first).state, first in timed.stored) == (BackupState.PRUNING, True)
    timed.core.time.thaw_retention(ANNA)
    timed.retain(MIDNIGHT + 10 * DAY)
    assert timed.backup(first).state is BackupState.PRUNED


def test_clock_that_leaps_lets_no_pruning_at_a_source_that_is_backed_up(timed: Timed) -> None:
    """A lease does not end by the clock: a month later by a wrong clock the open run still has its source."""
    first, catalog = timed.stored[0], timed.core.catalog
    open_one = replace(timed.backup(first), id="20260109T000000Z-abcdef", tiers=DAILY)
    timed.set(MIDNIGHT + 8 * DAY)
    catalog.backups.begin(replace(open_one, state=BackupState.PENDING, requested_at=MIDNIGHT + 8 * DAY))
    timed.retain(MIDNIGHT + 40 * DAY)
    assert timed.backup(first).state is BackupState.EXPIRED
    catalog.backups.move(open_one.id, OPEN, state=BackupState.CANCELLED)
    timed.retain(MIDNIGHT + 40 * DAY)
    assert timed.backup(first).state is BackupState.PRUNED
