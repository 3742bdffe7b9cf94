"""What is not found is not taken for bad: bytes that come back are good again, and nothing is deleted meanwhile."""

import shutil
from collections.abc import Callable
from datetime import timedelta

import pytest

from core.model.backup import Backup, BackupState, Failure
from core.model.hold import Hold
from core.model.person import SYSTEM
from core.services.adopt_manifests import AdoptManifests
from tests.support.timed import DAY, HOUR, KEEPER, MIDNIGHT, UNPROVEN, Timed
from tests.support.world import ANNA, World

MINUTE = timedelta(minutes=1)
WEEK = 7


@pytest.fixture
def timed(make_world: Callable[..., World]) -> Timed:
    """Return a world whose daily backups are kept for a week."""
    return Timed(make_world(source=UNPROVEN, access=KEEPER))


def daily(timed: Timed, days: int) -> list[str]:
    """Take a daily backup on so many days, each a minute later than the one before."""
    return [timed.take(MIDNIGHT + day * DAY + 3 * HOUR + day * MINUTE) for day in range(days)]


def states(timed: Timed, ids: list[str]) -> set[BackupState]:
    """Return the states that some backups are in."""
    return {timed.backup(key).state for key in ids}


def test_a_folder_that_is_away_for_a_while_costs_nothing(make_world: Callable[..., World]) -> None:
    """A vault that is copied in the meantime, a folder that was moved: all of it is good again when it is back."""
    timed = Timed(
        make_world(source=f'{UNPROVEN}\npolicy = "wide"', access=f'{KEEPER}\n[policies.wide]\nwithin = "60d"')
    )
    ids, last = daily(timed, 12), MIDNIGHT + 11 * DAY
    folder, away = timed.world.root / "vault" / "orders", timed.world.root / "away"
    folder.rename(away)
    assert timed.core.sweep_vaults.one("local").missing == len(ids)
    assert states(timed, ids) == {BackupState.DAMAGED}
    timed.take(last + DAY)
    timed.retain(last + DAY + 2 * HOUR)
    timed.retain(last + 3 * DAY)
    assert states(timed, ids) == {BackupState.DAMAGED}
    for one in away.iterdir():
        one.rename(folder / one.name)
    timed.core.sweep_vaults.one("local")
    timed.retain(last + 4 * DAY)
    assert states(timed, ids) == {BackupState.GOOD}
    assert "not read since" in timed.backup(ids[0]).warning
    timed.core.verify_backup(ids[0], ANNA)
    timed.world.settled(f"verify:{ids[0]}")
    assert timed.backup(ids[0]).warning == ""


def put_back(timed: Timed) -> Backup:
    """Delete a backup as the policy wants, put its bytes back, and rebuild from what the vault holds."""
    first, *_ = daily(timed, WEEK + 1)
    folder = timed.world.root / "vault" / "orders" / first
    shutil.copytree(folder, timed.world.root / "saved")
    timed.retain(MIDNIGHT + WEEK * DAY + 5 * HOUR)
    timed.retain(MIDNIGHT + (WEEK + 2) * DAY)
    assert states(timed, [first]) == {BackupState.PRUNED}
    shutil.copytree(timed.world.root / "saved", folder)
    timed.set(MIDNIGHT + 30 * DAY)
    AdoptManifests(timed.core.catalog, timed.core.adapters, timed.world.clock.now())(frozenset({"local"}))
    return timed.backup(first)


def test_what_was_put_back_into_the_vault_is_not_deleted_again(timed: Timed) -> None:
    """Whoever puts a deleted backup back wants something of it: it is held for a month, and says by whom."""
    back = put_back(timed)
    assert back.state is BackupState.GOOD
    assert back.hold is not None
    assert (back.hold.person, back.hold.reason) == (SYSTEM, "put back into the vault after it was deleted")
    timed.retain(MIDNIGHT + 50 * DAY)
    assert states(timed, [back.id]) == {BackupState.GOOD}


def expired_with_a_hold_in_the_vault(timed: Timed) -> str:
    """Hold a backup, and give the catalog back a record from before that, as a restored snapshot of it would be."""
    first, *_ = daily(timed, WEEK)
    timed.core.time.keep_backup(first, ANNA, "audit", None)
    timed.core.catalog.backups.move(first, frozenset(BackupState), hold=None, unsaved=False)
    timed.take(MIDNIGHT + WEEK * DAY + 4 * HOUR)
    timed.retain(MIDNIGHT + WEEK * DAY + 5 * HOUR)
    assert states(timed, [first]) == {BackupState.EXPIRED}
    return first


def test_what_was_bad_before_it_was_away_is_bad_when_it_is_back(timed: Timed) -> None:
    """A damaged backup that was let go counts for nothing however often its bytes vanish, also after a rebuild."""
    first, *_ = daily(timed, WEEK)
    bad = Failure("archive-corrupt", "Its bytes don't match.", "Look at the disk.", "ab12")
    timed.core.catalog.backups.move(first, frozenset(BackupState), state=BackupState.DAMAGED, failure=bad)
    timed.take(MIDNIGHT + WEEK * DAY + 4 * HOUR)
    timed.retain(MIDNIGHT + WEEK * DAY + 5 * HOUR)
    assert states(timed, [first]) == {BackupState.EXPIRED}
    folder, away = timed.world.root / "vault" / "orders" / first, timed.world.root / "away"
    for look in (
        lambda: timed.core.sweep_vaults.one("local"),
        lambda: timed.core.save_manifests.one(first, timed.world.clock.now()),
        lambda: AdoptManifests(timed.core.catalog, timed.core.adapters, timed.world.clock.now())(frozenset({"local"})),
    ):
        folder.rename(away)
        look()
        away.rename(folder)
        timed.core.sweep_vaults.one("local")
        assert (timed.backup(first).failure, timed.backup(first).restorable) == (bad, False)


def test_a_hold_that_only_the_vault_knows_is_minded_where_an_older_one_is_over(timed: Timed) -> None:
    """A record whose hold has ended does not hide from the last look that the manifest knows a longer one."""
    first = expired_with_a_hold_in_the_vault(timed)
    over = Hold(ANNA, "a day", MIDNIGHT, MIDNIGHT + DAY)
    timed.core.catalog.backups.move(first, frozenset(BackupState), hold=over)
    timed.retain(MIDNIGHT + (WEEK + 2) * DAY)
    kept = timed.backup(first)
    assert (kept.state, kept.hold and kept.hold.reason) == (BackupState.GOOD, "audit")


def test_a_hold_that_only_the_vault_knows_is_minded(timed: Timed) -> None:
    """Before the first byte goes the manifest is asked, too: a catalog that is older than a hold deletes nothing."""
    first = expired_with_a_hold_in_the_vault(timed)
    timed.retain(MIDNIGHT + (WEEK + 2) * DAY)
    kept = timed.backup(first)
    assert kept.state is BackupState.GOOD
    assert isinstance(kept.hold, Hold)
    assert kept.hold.person.id == ANNA.id


def test_a_release_that_the_vault_does_not_know_yet_is_written_first(timed: Timed) -> None:
    """Who released a hold is not overruled by the manifest that still has it: it goes once that was written."""
    first = expired_with_a_hold_in_the_vault(timed)
    timed.core.catalog.backups.move(first, frozenset(BackupState), unsaved=True)
    timed.retain(MIDNIGHT + (WEEK + 2) * DAY)
    assert states(timed, [first]) == {BackupState.EXPIRED}
    timed.core.save_manifests(timed.world.clock.now())
    timed.retain(MIDNIGHT + (WEEK + 3) * DAY)
    assert states(timed, [first]) == {BackupState.PRUNED}


def test_a_hold_that_is_over_does_not_shorten_that(timed: Timed) -> None:
    """What is put back with a hold in its manifest that has ended is held for a month all the same."""
    first = timed.take(MIDNIGHT)
    timed.core.time.keep_backup(first, ANNA, "look", timed.world.clock.now() + DAY)
    folder = timed.world.root / "vault" / "orders" / first
    shutil.copytree(folder, timed.world.root / "saved")
    daily(timed, WEEK + 1)
    timed.retain(MIDNIGHT + WEEK * DAY + 5 * HOUR)
    timed.retain(MIDNIGHT + (WEEK + 2) * DAY)
    assert states(timed, [first]) == {BackupState.PRUNED}
    shutil.copytree(timed.world.root / "saved", folder)
    AdoptManifests(timed.core.catalog, timed.core.adapters, timed.world.clock.now())(frozenset({"local"}))
    timed.retain(MIDNIGHT + 20 * DAY)
    timed.retain(MIDNIGHT + 23 * DAY)
    assert states(timed, [first]) == {BackupState.GOOD}
