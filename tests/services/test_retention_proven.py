"""What was seen to open does not go for what was only read back."""

from collections.abc import Callable

import pytest

from core.model.backup import BackupState, Tier
from core.services.verify_backup import verify_run
from tests.support.timed import DAY, HOUR, KEEPER, MIDNIGHT, UNPROVEN, Timed
from tests.support.world import ANNA, World

ON_DEMAND = frozenset({Tier.ON_DEMAND})


@pytest.fixture
def timed(make_world: Callable[..., World]) -> Timed:
    """Return a world at midnight, in which a backup is proven only by Verify."""
    return Timed(make_world(source=UNPROVEN, access=KEEPER))


def proved(timed: Timed, key: str) -> None:
    """Prove a backup."""
    timed.core.verify_backup(key, ANNA)
    timed.world.settled(verify_run(key))


def test_the_newest_proven_backup_stays_until_another_is_proven(timed: Timed) -> None:
    """Of three on-demand ones the first two were proven and the last not: the second stays with it, and says why."""
    one, two, three = (timed.take(MIDNIGHT + n * HOUR, ON_DEMAND) for n in (1, 2, 3))
    for key in (one, two):
        proved(timed, key)
    timed.retain(MIDNIGHT + 4 * HOUR)
    assert [timed.backup(key).state for key in (one, two)] == [BackupState.EXPIRED, BackupState.GOOD]
    assert timed.core.time.retention.why(timed.backup(two)).says == "the newest that is proven"
    timed.retain(MIDNIGHT + 3 * DAY)
    assert timed.stored == [two, three]
    proved(timed, three)
    timed.retain(MIDNIGHT + 4 * DAY)
    timed.retain(MIDNIGHT + 6 * DAY)
    assert timed.stored == [three]
