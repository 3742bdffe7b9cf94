"""Manifests that can't be brought up to date, however many, keep no other one waiting."""

from dataclasses import replace

from core.errors import SafeholdError, UnsupportedVersion, VaultUnavailable
from core.model.manifest import Manifest
from core.ports import Vault
from tests.services.test_save_manifests import LateVault, hold, manifest, save, unsaved
from tests.support.world import World


def waiting(world: World, like: str, count: int, vault: str) -> list[str]:
    """Add so many older backups that wait for their manifest, and lie nowhere."""
    record = world.core.catalog.backups.get(like)
    ids = [f"20200101T000000Z-{number:06x}" for number in range(count)]
    world.core.catalog.backups.adopt_many(replace(record, id=each, vault=vault, unsaved=True) for each in ids)
    return ids


def test_a_vault_that_was_taken_away_keeps_no_other_waiting(world: World) -> None:
    """A thousand changes for a vault that is no longer configured don't stand before those of the others."""
    taken = world.take()
    placed = hold(world, taken)
    waiting(world, taken, 1000, "removed")
    save(world)
    assert manifest(world, taken).hold == placed


class Refusing(LateVault):
    """The vault, which refuses to read some of the manifests."""

    def __init__(self, vault: Vault, world: World, why: SafeholdError) -> None:
        super().__init__(vault, world)
        self.why = why

    def manifest(self, source: str, backup_id: str) -> Manifest:
        """Refuse what is of 2020."""
        if backup_id.startswith("2020"):
            raise self.why
        return self.vault.manifest(source, backup_id)


def test_what_cannot_be_saved_keeps_nothing_waiting(world: World) -> None:
    """A pass leaves a vault after ten refusals, the next one goes on behind them, and then all are tried again."""
    taken = world.take()
    placed = hold(world, taken)
    ids = waiting(world, taken, 25, "local")
    adapters = world.core.adapters
    vault = adapters.vault("local")
    locked = VaultUnavailable("Its folder can't be opened.", hint="Mend its rights.")
    adapters.vaults["local"] = Refusing(vault, world, locked)  # type: ignore[index]
    for _ in range(3):
        assert vault.manifest("orders", taken).hold is None
        save(world)
    assert vault.manifest("orders", taken).hold == placed
    assert unsaved(world) == 25
    adapters.vaults["local"] = vault  # type: ignore[index]
    save(world)
    assert all(world.core.catalog.backups.get(key).missing for key in ids)


def test_a_thousand_that_can_never_be_saved_keep_nothing_waiting(world: World) -> None:
    """The next pass goes on behind those of the one before, and begins anew at the end."""
    taken = world.take()
    placed = hold(world, taken)
    ids = waiting(world, taken, 1000, "local")
    adapters = world.core.adapters
    vault = adapters.vault("local")
    newer = UnsupportedVersion("The manifest has format 9.", hint="Use a newer Safehold.")
    adapters.vaults["local"] = Refusing(vault, world, newer)  # type: ignore[index]
    save(world)
    save(world)
    assert vault.manifest("orders", taken).hold == placed
    adapters.vaults["local"] = vault  # type: ignore[index]
    save(world)
    assert all(world.core.catalog.backups.get(key).missing for key in ids)
