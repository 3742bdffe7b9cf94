"""Back up now: what is recorded, stored and refused."""

import shutil
from collections.abc import Callable

import pytest

from core.errors import NotAllowed, SafeholdError, UnknownName, UsageError
from core.model.backup import BackupState, Proof, Tier
from tests.support.waiting import until
from tests.support.world import ANNA, BEN, GITA, World, write_database


def test_a_backup_of_a_running_database_ends_good_and_proven(world: World) -> None:
    """What was asked for is stored, read back, opened and counted, and nothing else is left."""
    initiated = world.core.create_backup("orders", ANNA, "before the migration")
    assert not initiated.joined
    assert initiated.backup.state is BackupState.PENDING
    world.settled(initiated.backup.id)
    backup = world.core.find_backup(initiated.backup.id)
    assert (backup.state, backup.proof) == (BackupState.GOOD, Proof.PROVEN)
    assert backup.counts["tables"] == {"orders": 100}
    assert backup.tiers == {Tier.ON_DEMAND}
    assert backup.note == "before the migration"
    assert set(backup.timings) >= {"capture", "store", "verify", "prove"}
    manifest = world.core.adapters.vault("local").manifest("orders", backup.id)
    assert manifest.proof is not None
    assert manifest.proof.fingerprint == backup.fingerprint
    assert world.left_behind() == []


def test_two_backups_of_the_same_data_have_the_same_fingerprint_and_of_other_data_another(world: World) -> None:
    """The fingerprint is of the data, not of the moment."""
    first, second = world.core.find_backup(world.take()), world.core.find_backup(world.take())
    write_database(world.source_path, rows=1)
    third = world.core.find_backup(world.take())
    assert first.fingerprint == second.fingerprint != third.fingerprint


def test_a_second_request_joins_the_running_backup(make_world: Callable[..., World]) -> None:
    """Two people who press at once get one backup."""
    world = make_world(rows=50_000)
    one, two = world.core.create_backup("orders", ANNA), world.core.create_backup("orders", BEN)
    assert (one.joined, two.joined) == (False, True)
    assert one.backup.id == two.backup.id
    world.settled(one.backup.id)
    assert world.core.list_backups("orders").total == 1


def test_a_source_that_is_gone_fails_loudly_and_loses_nothing(world: World) -> None:
    """The failure names the source and the step, and the last good backup stays."""
    good = world.take()
    world.source_path.unlink()
    failed = world.core.find_backup(world.take())
    assert failed.state is BackupState.FAILED
    assert failed.failure is not None
    assert failed.failure.code == "source-unavailable"
    assert world.core.failures.read(failed.failure.reference)
    assert world.core.find_backup(good).state is BackupState.GOOD
    assert list(world.core.adapters.vault("local").committed()) == [("orders", good)]
    assert world.left_behind() == []


def test_a_vault_that_is_gone_fails_the_backup_and_leaves_nothing(world: World) -> None:
    """Without a vault nothing is called good."""
    shutil.rmtree(world.root / "vault")
    (world.root / "vault").write_text("not a folder")
    failed = world.core.find_backup(world.take())
    assert failed.state is BackupState.FAILED
    assert failed.failure is not None
    assert failed.failure.code == "vault-unavailable"
    assert world.left_behind() == []


def test_a_backup_much_smaller_than_the_last_good_one_is_a_warning(make_world: Callable[..., World]) -> None:
    """A green tick over a nearly empty dump is what people were hurt by."""
    world = make_world(rows=30_000)
    world.take()
    world.source_path.unlink()
    write_database(world.source_path, rows=1)
    assert "smaller" in world.core.find_backup(world.take()).warning


def test_prove_never_leaves_a_backup_verified(make_world: Callable[..., World]) -> None:
    """The row says what was done and no more."""
    world = make_world(source='prove = "never"')
    backup = world.core.find_backup(world.take())
    assert (backup.state, backup.proof) == (BackupState.GOOD, Proof.VERIFIED)


def test_prove_daily_proves_the_first_of_a_day_only(make_world: Callable[..., World]) -> None:
    """A big graph is opened once a day."""
    world = make_world(source='prove = "daily"')
    proofs = [world.core.find_backup(world.take()).proof for _ in range(2)]
    assert proofs == [Proof.PROVEN, Proof.VERIFIED]


@pytest.mark.parametrize(
    ("source", "note", "error"),
    [
        ("order", "", UnknownName),
        ("orders", "x" * 201, UsageError),
        ("orders", "two\nlines", UsageError),
        ("orders", "bell \a", UsageError),
    ],
)
def test_bad_input_starts_nothing(world: World, source: str, note: str, error: type[SafeholdError]) -> None:
    """A wrong word is answered, and nothing is done."""
    with pytest.raises(error):
        world.core.create_backup(source, ANNA, note)
    assert world.core.list_backups(None).total == 0


def test_an_unknown_source_is_answered_with_the_nearest(world: World) -> None:
    """A typing error costs one look."""
    with pytest.raises(UnknownName, match="Did you mean orders"):
        world.core.create_backup("oders", ANNA)


def test_a_guest_can_not_back_up(world: World) -> None:
    """No right, no backup, not even a row."""
    with pytest.raises(NotAllowed):
        world.core.create_backup("orders", GITA)
    assert world.core.list_backups(None).total == 0


def test_a_tampered_archive_is_found_by_verify_and_no_longer_offered(world: World) -> None:
    """A later look that finds other bytes takes the backup out of use."""
    identifier = world.take()
    archive = next((world.root / "vault").rglob("*.tar.zst"))
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    archive.write_bytes(content)
    world.core.verify_backup(identifier, ANNA)
    world.settled(f"verify:{identifier}")
    assert world.core.find_backup(identifier).state is BackupState.DAMAGED
    with pytest.raises(SafeholdError, match="damaged"):
        world.core.offer_download(identifier, ANNA)
    with pytest.raises(SafeholdError, match="damaged"):
        world.core.plan_restore(identifier, ANNA)


def test_verify_proves_a_backup_that_was_only_verified(make_world: Callable[..., World]) -> None:
    """Verify goes all the way."""
    world = make_world(source='prove = "never"')
    identifier = world.take()
    world.core.verify_backup(identifier[-6:], ANNA)
    world.settled(f"verify:{identifier}")
    assert world.core.find_backup(identifier).proof is Proof.PROVEN
    assert world.core.find_backup(identifier).step is None


def test_a_shutdown_interrupts_a_running_backup_and_says_so(make_world: Callable[..., World]) -> None:
    """Nobody cancelled it, so nobody is named; nothing half-made stays."""
    world = make_world(rows=100_000)
    backup = world.core.create_backup("orders", ANNA).backup
    until(lambda: world.core.find_backup(backup.id).state is BackupState.RUNNING)
    world.core.close()
    ended = world.core.find_backup(backup.id)
    assert ended.state in {BackupState.INTERRUPTED, BackupState.GOOD}
    assert (ended.failure is None) == (ended.state is BackupState.GOOD)
    assert world.left_behind() == []


def test_a_cancelled_backup_says_so_and_leaves_nothing(make_world: Callable[..., World]) -> None:
    """Cancel is obeyed at the next step."""
    world = make_world(rows=100_000)
    backup = world.core.create_backup("orders", ANNA).backup
    world.core.cancel_run(backup.id, ANNA)
    world.settled(backup.id)
    assert world.core.find_backup(backup.id).state is BackupState.CANCELLED
    assert list(world.core.adapters.vault("local").committed()) == []
    assert world.left_behind() == []


def test_a_guest_can_not_cancel_a_backup(make_world: Callable[..., World]) -> None:
    """What one person began somebody without a right can't stop."""
    world = make_world(rows=50_000)
    backup = world.core.create_backup("orders", ANNA).backup
    with pytest.raises(NotAllowed):
        world.core.cancel_run(backup.id, GITA)
    world.settled(backup.id)
    assert world.core.find_backup(backup.id).state is BackupState.GOOD


def test_an_empty_mount_point_is_not_taken_for_the_vault(world: World) -> None:
    """A disk that is not mounted fails the backup, and damages none that is on it."""
    good = world.take()
    vault = world.root / "vault"
    vault.rename(world.root / "unmounted")
    vault.mkdir()
    failed = world.core.find_backup(world.take())
    assert failed.failure is not None
    assert failed.failure.code == "vault-unavailable"
    world.core.verify_backup(good, ANNA)
    world.settled(f"verify:{good}")
    assert world.core.find_backup(good).state is BackupState.GOOD
    vault.rmdir()
    (world.root / "unmounted").rename(vault)
    assert world.core.find_backup(world.take()).state is BackupState.GOOD
