"""Which on-demand backup goes for another one is known before it does."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from core.model.backup import Backup, BackupState, Tier
from core.model.person import SYSTEM
from tests.support.timed import DAILY, DAY, HOUR, KEEPER, MIDNIGHT, UNPROVEN, Timed
from tests.support.world import ANNA, World

ON_DEMAND = frozenset({Tier.ON_DEMAND})


@pytest.fixture
def timed(make_world: Callable[..., World]) -> Timed:
    """Return a world whose backups are proven only by Verify."""
    return Timed(make_world(source=UNPROVEN, access=KEEPER))


def begun(timed: Timed, moment_hours: int, tiers: frozenset[Tier] = ON_DEMAND) -> Backup:
    """Begin a backup, wait for its end, and return the record of its beginning."""
    timed.set(MIDNIGHT + moment_hours * HOUR)
    pending = timed.core.create_backup("orders", SYSTEM, tiers=tiers).backup
    timed.world.settled(pending.id)
    return pending


def named(timed: Timed, backup: Backup) -> list[str]:
    """Return the ids of what goes for a backup."""
    return [one.id for one in timed.core.time.let_go_for(backup)]


def test_what_goes_is_known_while_the_backup_is_pending_and_after(timed: Timed) -> None:
    """A second on-demand backup lets the first go, as retention then does; a scheduled one lets none go."""
    first = begun(timed, 1)
    assert named(timed, first) == []
    assert named(timed, begun(timed, 2, DAILY)) == []
    second = begun(timed, 3)
    assert second.state is BackupState.PENDING
    assert named(timed, second) == [first.id]
    timed.retain(MIDNIGHT + 4 * HOUR)
    assert timed.backup(first.id).state is BackupState.EXPIRED
    assert named(timed, timed.backup(second.id)) == [first.id]
    timed.retain(MIDNIGHT + 3 * DAY)
    assert named(timed, timed.backup(second.id)) == []


def test_what_stays_all_the_same_is_not_named(timed: Timed) -> None:
    """A hold or a freeze keeps the earlier one, and a backup that failed takes nobody's place."""
    first = begun(timed, 1)
    second = begun(timed, 2)
    timed.core.time.keep_backup(first.id, ANNA, "the migration")
    assert named(timed, second) == []
    timed.core.time.release_backup(first.id, ANNA)
    assert named(timed, second) == [first.id]
    timed.core.time.freeze_retention(ANNA, MIDNIGHT + 2 * DAY, "incident")
    assert named(timed, second) == []
    timed.core.time.thaw_retention(ANNA)
    timed.world.source_path.unlink()
    third = begun(timed, 3)
    assert named(timed, timed.backup(third.id)) == []


def test_the_newest_proven_one_is_named_only_where_the_next_is_proven_too(make_world: Callable[..., World]) -> None:
    """Proven once a week: the second of a day is not, and takes no place of one that is."""
    timed = Timed(make_world(source='prove = "weekly"', access=KEEPER))
    first = begun(timed, 1)
    assert named(timed, begun(timed, 2)) == []
    timed.retain(MIDNIGHT + 3 * HOUR)
    assert timed.backup(first.id).state is BackupState.GOOD
    for days, expected in ((2, False), (8, True)):
        timed.set(MIDNIGHT + days * DAY)
        asked = replace(first, id=f"2026010{days}T000000Z-abcdef", requested_at=MIDNIGHT + days * DAY)
        assert (first.id in named(timed, asked)) is expected


def test_of_very_many_nothing_is_said_in_passing(timed: Timed) -> None:
    """A source that stores more than is asked about for a message is not read for each of its steps."""
    first = begun(timed, 1)
    second = begun(timed, 2)
    few = timed.core.time.let_go_for
    assert few(second)[0].id == first.id
    assert replace(few, most=1)(second) == ()
