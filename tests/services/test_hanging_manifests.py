"""A vault that hangs while a manifest is written stops nobody else, and nothing that was said meanwhile is lost."""

import threading
from datetime import timedelta

import pytest

from core.errors import BusyError
from core.model.backup import BackupState, Proof
from core.model.hold import Hold
from core.services.manifest_turns import ManifestTurns
from core.services.verify_backup import verify_run
from tests.support.held_vault import held, wait_for
from tests.support.world import ANNA, BEN, World

GOOD = frozenset({BackupState.GOOD})


def hold(world: World, key: str) -> Hold:
    """Record a hold that is not yet in the vault."""
    now = world.clock.now()
    placed = Hold(ANNA, "the audit", now, now + timedelta(days=9))
    assert world.core.catalog.backups.move(key, GOOD, hold=placed, unsaved=True) is not None
    return placed


def test_a_verification_that_hangs_at_its_manifest_stops_nobody(world: World) -> None:
    """Others write the catalog meanwhile; a hold that is placed then stands in the vault in the end, with the proof."""
    key = world.take()
    with held(world, "commit") as vault:
        world.core.verify_backup(key, ANNA)
        wait_for(vault)
        assert not world.core.create_backup("orders", BEN).joined
        placed = hold(world, key)
    world.settled(verify_run(key))
    backup = world.core.find_backup(key)
    assert (backup.proof, backup.hold, backup.unsaved) == (Proof.PROVEN, placed, True)
    world.core.save_manifests(world.clock.now())
    manifest = world.core.adapters.vault("local").manifest("orders", key)
    assert manifest.hold == placed
    assert manifest.proof is not None
    assert manifest.proof.at == backup.proven_at


def test_a_manifest_that_hangs_while_it_is_saved_stops_nobody(world: World) -> None:
    """Others write the catalog meanwhile; what changed since is saved the next time."""
    key = world.take()
    hold(world, key)
    with held(world, "commit") as vault:
        saving = threading.Thread(target=world.core.save_manifests, args=(world.clock.now(),))
        saving.start()
        wait_for(vault)
        world.core.catalog.backups.move(key, GOOD, hold=None, unsaved=True)
    saving.join(60)
    assert world.core.find_backup(key).unsaved
    world.core.save_manifests(world.clock.now())
    assert world.core.adapters.vault("local").manifest("orders", key).hold is None
    assert not world.core.find_backup(key).unsaved


def test_one_thread_at_a_time_has_the_turn_at_a_manifest() -> None:
    """Who comes second is told; another manifest, and the same one later, are free."""
    turns = ManifestTurns()
    with turns.of("one"), turns.of("other"), pytest.raises(BusyError, match="one"), turns.of("one", 0.0):
        pytest.fail("two have the turn")
    with turns.of("one", 0.0):
        pass
