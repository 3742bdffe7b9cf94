"""The vault says of a backup what its record says: who joined, who holds it, and what was found wrong with it."""

import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from core.model.backup import BackupState, Proof, Tier
from core.model.hold import Hold
from core.model.manifest import Manifest
from core.model.notice import NoticeKind
from core.ports import Vault
from tests.support.waiting import until
from tests.support.world import ANNA, World

GOOD = frozenset({BackupState.GOOD})


def manifest(world: World, backup_id: str) -> Manifest:
    """Return what the vault says."""
    return world.core.adapters.vault("local").manifest("orders", backup_id)


def hold(world: World, backup_id: str, reason: str = "the audit") -> Hold:
    """Place a hold as a service does."""
    now = world.clock.now()
    placed = Hold(ANNA, reason, now, now + timedelta(days=9))
    world.core.catalog.backups.move(backup_id, GOOD, hold=placed, unsaved=True)
    return placed


def save(world: World) -> None:
    """Do the duty once."""
    world.core.save_manifests(world.clock.now())


def unsaved(world: World) -> int:
    """Return how many wait."""
    return len(world.core.catalog.retained.unsaved())


def test_who_joins_a_run_is_in_its_manifest(make_world: Callable[..., World]) -> None:
    """A request that joins while the backup runs adds its tiers in the vault as well, whenever it comes."""
    world = make_world(rows=60_000)
    begun = world.core.create_backup("orders", ANNA).backup
    catalog = world.core.catalog
    until(lambda: catalog.backups.get(begun.id).state is BackupState.RUNNING)
    joined, new = catalog.backups.begin(replace(begun, id=begun.id[:-1] + "x", tiers=frozenset({Tier.WEEKLY})))
    assert (joined.id, new) == (begun.id, False)
    world.settled(begun.id)
    save(world)
    assert manifest(world, begun.id).tiers == ("on-demand", "weekly")
    assert unsaved(world) == 0


class LateVault:
    """The vault, where somebody joins the run right after its last manifest was written."""

    def __init__(self, vault: Vault, world: World) -> None:
        self.vault, self.world = vault, world

    def commit(self, written: Manifest) -> None:
        """Write it, then add a tier to the record where it was the last one, with the proof."""
        self.vault.commit(written)
        if written.proof is not None:
            tiers = frozenset({Tier.DAILY, Tier.ON_DEMAND})
            self.world.core.catalog.backups.move(written.backup_id, frozenset({BackupState.RUNNING}), tiers=tiers)

    def __getattr__(self, name: str) -> object:
        """Pass the rest on."""
        return getattr(self.vault, name)


def test_who_joins_at_the_last_moment_is_saved_later(make_world: Callable[..., World]) -> None:
    """Tiers that came after the manifest are marked as not saved, and the next look saves them."""
    world = make_world()
    adapters = world.core.adapters
    late = LateVault(adapters.vault("local"), world)
    adapters.vaults["local"] = late  # type: ignore[index]
    taken = world.take()
    assert manifest(world, taken).tiers == ("on-demand",)
    assert unsaved(world) == 1
    save(world)
    assert manifest(world, taken).tiers == ("daily", "on-demand")
    assert unsaved(world) == 0


def test_a_hold_stands_in_the_vault_at_once(world: World) -> None:
    """Saved on its own right after it was placed, with who, why and until when; its release as well."""
    taken = world.take()
    before = manifest(world, taken)
    assert (before.hold, before.started_at is not None) == (None, True)
    placed = hold(world, taken)
    assert world.core.save_manifests.one(taken, world.clock.now())
    assert manifest(world, taken) == replace(before, hold=placed)
    world.core.catalog.backups.move(taken, GOOD, hold=None, unsaved=True)
    assert world.core.save_manifests.one(taken, world.clock.now())
    assert manifest(world, taken) == before


def test_keep_and_release_write_through(world: World) -> None:
    """Whoever keeps or releases a backup changes its manifest with it: no bot has to come by for that."""
    taken = world.take()
    before = manifest(world, taken)
    kept = world.core.time.keep_backup(taken, ANNA, "the audit", world.clock.now() + timedelta(days=40))
    assert (manifest(world, taken).hold, kept.unsaved) == (kept.hold, False)
    released = world.core.time.release_backup(taken, ANNA)
    assert (manifest(world, taken), released.hold, released.unsaved) == (before, None, False)


def test_a_hold_stands_though_the_vault_is_away(world: World) -> None:
    """Without the vault a backup is held all the same, and the answer says that its manifest has to wait."""
    taken = world.take()
    vault, away = world.root / "vault", world.root / "away"
    shutil.move(vault, away)
    kept = world.core.time.keep_backup(taken, ANNA, "the audit")
    assert (kept.hold is not None, kept.unsaved) == (True, True)
    shutil.move(away, vault)
    save(world)
    assert manifest(world, taken).hold == kept.hold


def test_a_vault_that_is_away_is_asked_again(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """What could not be saved stays marked, is told once, and is saved when the vault is back."""
    taken = world.take()
    placed = hold(world, taken)
    vault, away = world.root / "vault", world.root / "away"
    shutil.move(vault, away)
    with caplog.at_level(logging.WARNING):
        save(world)
        save(world)
        assert not world.core.save_manifests.one(taken, world.clock.now())
    assert caplog.text.count("its manifest waits to be brought up to date") == 1
    assert unsaved(world) == 1
    shutil.move(away, vault)
    save(world)
    assert manifest(world, taken).hold == placed
    assert unsaved(world) == 0


class MeanwhileVault(LateVault):
    """The vault, where the record changes while its manifest is read."""

    def __init__(self, vault: Vault, world: World, **changes: object) -> None:
        super().__init__(vault, world)
        self.changes = changes

    def commit(self, written: Manifest) -> None:
        """Write it."""
        self.vault.commit(written)

    def manifest(self, source: str, backup_id: str) -> Manifest:
        """Read it, then change the record once."""
        read = self.vault.manifest(source, backup_id)
        changes, self.changes = self.changes, {}
        if changes:
            self.world.core.catalog.backups.move(backup_id, frozenset(BackupState), **changes)
        return read


def test_a_change_meanwhile_is_not_lost(world: World) -> None:
    """A second hold placed while the first one is saved stays marked, and is saved next."""
    taken = world.take()
    hold(world, taken)
    second = Hold(ANNA, "longer", world.clock.now())
    adapters = world.core.adapters
    adapters.vaults["local"] = MeanwhileVault(adapters.vault("local"), world, hold=second)  # type: ignore[index]
    assert not world.core.save_manifests.one(taken, world.clock.now())
    assert unsaved(world) == 1
    save(world)
    assert manifest(world, taken).hold == second


def test_what_is_being_pruned_gets_no_manifest(world: World) -> None:
    """A backup whose pruning begins while its manifest is about to be written stays without one."""
    taken = world.take()
    hold(world, taken)
    vault = world.core.adapters.vault("local")
    away = MeanwhileVault(vault, world, state=BackupState.PRUNING)
    world.core.adapters.vaults["local"] = away  # type: ignore[index]
    assert not world.core.save_manifests.one(taken, world.clock.now())
    vault.remove("orders", taken)
    save(world)
    assert list(vault.committed()) == []
    assert world.core.catalog.backups.get(taken).state is BackupState.PRUNING


def test_damage_is_known_to_the_vault_too(world: World) -> None:
    """What a verification finds wrong is written into the manifest, and taken back when it was mended."""
    taken = world.take()
    archive = next((world.root / "vault").rglob("*.tar.zst"))
    whole = archive.read_bytes()
    archive.write_bytes(whole[:-9] + b"x" * 9)
    world.core.verify_backup(taken, ANNA)
    world.settled(f"verify:{taken}")
    save(world)
    assert "is not what was stored" in manifest(world, taken).damage
    archive.write_bytes(whole)
    placed = Hold(ANNA, "look at it", world.clock.now())
    world.core.catalog.backups.move(taken, frozenset({BackupState.DAMAGED}), hold=placed, unsaved=True)
    world.core.verify_backup(taken, ANNA)
    world.settled(f"verify:{taken}")
    verified = manifest(world, taken)
    assert (verified.damage, verified.hold) == ("", placed)
    assert unsaved(world) == 0


def test_a_proof_of_what_was_let_go_meanwhile_is_not_written(world: World) -> None:
    """A backup that is pruned while it is verified gets no manifest back."""
    taken = world.take()
    vault = world.core.adapters.vault("local")
    pruning = MeanwhileVault(vault, world, state=BackupState.PRUNING)
    world.core.adapters.vaults["local"] = pruning  # type: ignore[index]
    before = world.core.catalog.backups.get(taken)
    world.core.verify_backup(taken, ANNA)
    world.settled(f"verify:{taken}")
    after = world.core.catalog.backups.get(taken)
    assert (after.state, after.proven_at) == (BackupState.PRUNING, before.proven_at)


def test_a_lost_manifest_is_damage(world: World) -> None:
    """A good backup whose manifest is gone is damaged, with the reason; what it has to say waits for it."""
    taken = world.take()
    hold(world, taken)
    next((world.root / "vault").rglob("manifest.json")).unlink()
    assert not world.core.save_manifests.one(taken, world.clock.now())
    record = world.core.catalog.backups.get(taken)
    assert (record.state, record.proof, record.unsaved) == (BackupState.DAMAGED, Proof.PROVEN, True)
    assert record.failure is not None
    assert "holds no finished backup" in record.failure.message
    save(world)
    [told] = [one for one in world.core.catalog.notices.changed_since(0) if one.kind is NoticeKind.VAULT]
    assert told.fields["examples"] == [f"orders {taken}: {record.failure.message}"]
