"""What is stored and read back is good, whatever happens to its run after that."""

import shutil

from core.model.backup import Backup, BackupState, Failure, Proof
from core.model.hold import Hold
from core.model.progress import Step
from core.services.end_runs import EndRuns
from core.services.sweep_vaults import Swept
from core.services.watch_runs import WatchRuns
from tests.catalog import samples
from tests.support.held_vault import held, wait_for
from tests.support.world import ANNA, BEN, World

GOOD = frozenset({BackupState.GOOD})
PENDING = frozenset({BackupState.PENDING})
STALLED, LONGEST = 1_800.0, 172_800.0


def watcher(world: World) -> WatchRuns:
    """Return one that has seen nothing yet."""
    core = world.core
    end = EndRuns(core.catalog, core.clock, core.failures, core.owner)
    return WatchRuns(core.catalog, core.clock, core.runner, end, core.owner, STALLED, LONGEST)


def record(world: World, key: str) -> Backup:
    """Return the record of a backup now."""
    return world.core.find_backup(key)


def committed(world: World) -> list[tuple[str, str]]:
    """Return what the vault holds."""
    return list(world.core.adapters.vault("local").committed())


def tamper(world: World) -> None:
    """Change a byte of the one archive."""
    (archive,) = (world.root / "vault").rglob("*.tar.zst")
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    archive.write_bytes(content)


def test_a_run_that_is_ended_while_it_proves_is_a_good_backup(world: World) -> None:
    """Its proof hangs, its bytes were read back: it is good and not proven, and restores can be planned from it."""
    with held(world, "unpack") as vault:
        key = world.core.create_backup("orders", ANNA).backup.id
        wait_for(vault)
        watch = watcher(world)
        watch()
        world.clock.passed += LONGEST
        watch()
        ended = record(world, key)
        assert (ended.state, ended.proof, ended.failure) == (BackupState.GOOD, Proof.VERIFIED, None)
        assert ended.warning.startswith("Not proven: Nothing moved for 48.0 h")
        assert world.core.plan_restore(key, ANNA).backup_id == key
    world.settled(key)
    assert record(world, key).state is BackupState.GOOD
    assert committed(world) == [("orders", key)]


def test_damage_that_is_found_after_a_run_was_ended_counts(world: World) -> None:
    """A proof that goes on at last and finds other bytes takes back that the backup is good."""
    with held(world, "unpack") as vault:
        key = world.core.create_backup("orders", ANNA).backup.id
        wait_for(vault)
        assert world.core.catalog.backups.move(key, frozenset({BackupState.RUNNING}), state=BackupState.GOOD)
        tamper(world)
    world.settled(key)
    assert record(world, key).state is BackupState.DAMAGED


def test_a_vault_that_goes_away_before_the_proof_is_written_leaves_a_good_backup(world: World) -> None:
    """The record knows that it is stored, though the vault can't be asked then."""
    with held(world, "commit", nth=2) as vault:
        key = world.core.create_backup("orders", ANNA).backup.id
        wait_for(vault)
        (world.root / "vault").rename(world.root / "away")
        vault.go.set()
        world.settled(key)
        (world.root / "away").rename(world.root / "vault")
    ended = record(world, key)
    assert (ended.state, ended.proof, ended.failure) == (BackupState.GOOD, Proof.VERIFIED, None)
    assert ended.warning.startswith("Not proven: ")


def test_damage_that_is_found_is_recorded_though_the_vault_goes_away(world: World) -> None:
    """What is stored and broken is damaged, not a failed run that stored nothing."""
    with held(world, "unpack") as vault:
        key = world.core.create_backup("orders", ANNA).backup.id
        wait_for(vault)
        tamper(world)
        vault.on_to("manifest")
        wait_for(vault, 2)
        (world.root / "vault").rename(world.root / "away")
        vault.go.set()
        world.settled(key)
        (world.root / "away").rename(world.root / "vault")
    assert record(world, key).state is BackupState.DAMAGED


def test_a_vault_that_hangs_at_a_manifest_stops_nobody(world: World) -> None:
    """Clicks are answered and the run is ended meanwhile; when the manifest is written at last, the backup is good."""
    with held(world, "commit") as vault:
        key = world.core.create_backup("orders", ANNA).backup.id
        wait_for(vault)
        watch = watcher(world)
        watch()
        world.clock.passed += STALLED
        watch()
        assert record(world, key).state is BackupState.FAILED
        assert not world.core.create_backup("orders", BEN).joined
    world.settled(key)
    assert (record(world, key).state, record(world, key).failure) == (BackupState.GOOD, None)
    outcomes = [e.outcome for e in world.core.catalog.audit.entries() if (e.act, e.subject) == ("backup-ended", key)]
    assert outcomes == ["stalled", "good after all"]


def test_the_sweep_calls_good_what_a_run_stored_that_ended_badly(world: World) -> None:
    """A whole archive of a failed run is found and counted; one without its archive is not, nor a copy elsewhere."""
    whole, half, copy = world.take(), world.take(), world.take()
    for key in (whole, half, copy):
        world.core.catalog.backups.move(key, GOOD, state=BackupState.INTERRUPTED, proof=Proof.NONE, size=0)
    world.core.catalog.backups.move(copy, frozenset({BackupState.INTERRUPTED}), vault="another")
    next((world.root / "vault" / "orders" / half).glob("*.tar.zst")).unlink()
    assert world.core.sweep_vaults.one("local").adopted == 1
    found = record(world, whole)
    assert (found.state, found.proof) == (BackupState.GOOD, Proof.PROVEN)
    assert found.size > 0
    assert {record(world, key).state for key in (half, copy)} == {BackupState.INTERRUPTED}
    assert world.core.sweep_vaults.one("local") == Swept("local")


def test_what_only_the_manifest_knows_of_a_run_that_ended_badly_is_minded(world: World) -> None:
    """Where a snapshot of the catalog was put back, damage, a hold and tiers from after it are not forgotten."""
    core, hold = world.core, Hold(ANNA, "the audit", world.clock.now())
    failure, every = Failure("archive-corrupt", "Its bytes don't match.", "", ""), frozenset(BackupState)
    swept, settled = world.take(), world.take()
    for key in (swept, settled):
        core.catalog.backups.move(key, every, state=BackupState.DAMAGED, failure=failure, hold=hold, unsaved=True)
    core.save_manifests(world.clock.now())
    before = {"failure": None, "hold": None, "tiers": frozenset(), "proof": Proof.NONE, "unsaved": False}
    tiers = record(world, swept).tiers
    core.catalog.backups.move(swept, every, state=BackupState.INTERRUPTED, **before)
    core.catalog.backups.move(settled, every, state=BackupState.RUNNING, owner="", **before)
    core.reconcile()
    assert core.sweep_vaults.one("local").adopted == 0
    for key in (swept, settled):
        found = record(world, key)
        assert (found.state, found.hold, found.tiers) == (BackupState.DAMAGED, hold, tiers)
        assert found.failure is not None
        assert found.failure.message == failure.message


def test_a_dead_run_ends_at_once_though_its_vault_is_away(world: World) -> None:
    """Its source is free, nobody joins it, and what it stored is found when the vault is back."""
    key = world.take()
    manifest = world.core.adapters.vault("local").manifest("orders", key)
    shutil.move(world.root / "vault", world.root / "away")
    backup, _ = world.core.catalog.backups.begin(samples.backup(1, source="orders", owner="", vault="local"))
    world.core.catalog.backups.move(backup.id, PENDING, state=BackupState.RUNNING, step=Step("storing", 5, 10))
    world.core.reconcile()
    ended = record(world, backup.id)
    assert ended.state is BackupState.INTERRUPTED
    assert ended.failure is not None
    assert "looked at when that is back" in ended.failure.hint
    assert not world.core.create_backup("orders", ANNA).joined
    shutil.move(world.root / "away", world.root / "vault")
    assert manifest.backup_id == key


def test_a_dead_run_whose_record_says_that_it_is_stored_is_good_though_its_vault_is_away(world: World) -> None:
    """A restart while the vault is away loses no good backup."""
    key = world.take()
    world.core.catalog.backups.move(key, GOOD, state=BackupState.RUNNING, owner="", proof=Proof.VERIFIED)
    shutil.move(world.root / "vault", world.root / "away")
    world.core.reconcile()
    assert record(world, key).state is BackupState.GOOD
    shutil.move(world.root / "away", world.root / "vault")


def test_a_stage_that_can_not_be_removed_keeps_no_source_waiting(world: World) -> None:
    """The run has ended and says what is left; that goes as soon as it can."""
    backup = samples.backup(1, source="orders", engine="sqlite", owner="", vault="local")
    stage = world.root / "state" / "sqlite-stage" / backup.id
    stage.parent.mkdir(exist_ok=True)
    stage.write_text("not a folder")
    world.core.catalog.backups.begin(backup)
    world.core.reconcile()
    ended = record(world, backup.id)
    assert ended.state is BackupState.INTERRUPTED
    assert ended.failure is not None
    assert "Its stage is left" in ended.failure.hint
    stage.unlink()
    stage.mkdir()
    world.core.reconcile()
    assert not stage.exists()
