"""The catalog is copied into the vault after changes: read back, bounded, and never the last one removed."""

import logging
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.catalog import Catalog
from core.errors import Interrupted, VaultUnavailable
from core.model.manifest import Manifest
from core.model.naming import CATALOG_SOURCE
from core.model.person import SYSTEM
from core.services.copy_catalog import CopyCatalog
from tests.support.world import World

MINUTE = timedelta(minutes=1)


def copies(world: World) -> list[str]:
    """Return the copies in the vault, the oldest first."""
    vault = world.core.adapters.vault("local")
    return sorted(entry.backup_id for entry in vault.entries(CATALOG_SOURCE) if entry.committed)


def change(world: World) -> None:
    """Let something be decided."""
    world.core.catalog.audit.append(world.clock.now(), SYSTEM, "test", "", "done", {})


def copy(world: World, later: timedelta = 6 * MINUTE) -> datetime:
    """Do the duty once, so much later."""
    world.clock.offset += later
    now = world.clock.now()
    world.core.copy_catalog(now)
    return now


def unpacked(world: World, backup_id: str, into: Path) -> Path:
    """Return the file in a copy."""
    vault = world.core.adapters.vault("local")
    into.mkdir()
    return vault.unpack(vault.manifest(CATALOG_SOURCE, backup_id), into, lambda _step: None) / "database.sqlite"


def test_a_copy_is_the_whole_record(world: World, tmp_path: Path) -> None:
    """What is in the vault opens as a catalog with the same backups and the same audit record, and is no backup."""
    taken = world.take()
    at = copy(world)
    (first,) = copies(world)
    path = unpacked(world, first, tmp_path / "there")
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("pragma journal_mode").fetchone() == ("delete",)
    with Catalog.open(path) as found:
        assert found.backups.get(taken) == world.core.catalog.backups.get(taken)
        assert found.audit.check() == world.core.catalog.audit.check()
    assert world.core.catalog.marks.get("catalog copied") == at.isoformat()
    assert world.core.catalog.backups.totals() == (1, world.core.catalog.backups.get(taken).size)
    assert not (world.root / "state" / "catalog-copy").exists()


def test_only_changes_are_copied_and_not_too_often(world: World) -> None:
    """Nothing new is not copied, nor anything within five minutes; what waited is copied then."""
    change(world)
    copy(world)
    copy(world)
    assert len(copies(world)) == 1
    change(world)
    copy(world, MINUTE * 6)
    change(world)
    copy(world, MINUTE * 4)
    assert len(copies(world)) == 2
    copy(world, MINUTE)
    assert len(copies(world)) == 3


def test_the_newest_three_are_kept(world: World) -> None:
    """Older copies go once a newer one was read back; those of a catalog that was lost stay."""
    change(world)
    copy(world)
    (lost,) = copies(world)
    world.core.catalog.marks.put("catalog lineage", "another")
    for _ in range(5):
        change(world)
        copy(world)
    assert copies(world)[0] == lost
    assert len(copies(world)) == 4
    (world.root / "vault" / CATALOG_SOURCE / lost / "manifest.json").write_bytes(b"{}")
    change(world)
    copy(world)
    assert copies(world)[0] == lost


class Torn:
    """The vault, where what was stored can't be read back, or the disk fills up, as a test wants."""

    def __init__(self, world: World) -> None:
        self.vault, self.torn = world.core.adapters.vault("local"), True
        world.core.adapters.vaults["local"] = self  # type: ignore[index]

    def commit(self, manifest: Manifest) -> None:
        """Destroy the archive first."""
        if self.torn:
            next(Path(self.vault.path).rglob(manifest.archive.name)).unlink()  # type: ignore[attr-defined]
        self.vault.commit(manifest)

    def __getattr__(self, name: str) -> object:
        """Pass the rest on."""
        return getattr(self.vault, name)


def test_a_copy_that_fails_costs_none_of_the_old_ones(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing of it is left, it is told once and tried again at the next look, without waiting."""
    change(world)
    copy(world)
    before = copies(world)
    torn = Torn(world)
    change(world)
    with caplog.at_level(logging.WARNING):
        copy(world)
        copy(world, MINUTE)
    assert caplog.text.count("the catalog can't be copied to the vault local") == 1
    assert copies(world) == before == [path.name for path in (world.root / "vault" / CATALOG_SOURCE).iterdir()]
    torn.torn = False
    copy(world, MINUTE)
    assert len(copies(world)) == 2


def test_leftovers_of_a_killed_copy_are_swept(world: World) -> None:
    """Half a copy in the vault and half a file in the state folder go with the next one."""
    half = world.root / "vault" / CATALOG_SOURCE / "20200101T000000Z-aaaaaa"
    half.mkdir(parents=True)
    (half / "half.partial").write_bytes(b"half")
    stage = world.root / "state" / "catalog-copy"
    stage.mkdir()
    (stage / "database.sqlite").write_bytes(b"half")
    rebuilding = world.root / "state" / "catalog.db.rebuilding"
    rebuilding.mkdir()
    change(world)
    copy(world)
    assert not any(path.exists() for path in (half, stage, rebuilding))
    assert len(copies(world)) == 1


def test_half_a_copy_is_swept_by_the_next_start_though_none_is_due(world: World) -> None:
    """What a killed process left does not lie there until something changes again."""
    change(world)
    now = copy(world)
    half = world.root / "vault" / CATALOG_SOURCE / "20200101T000000Z-aaaaaa"
    half.mkdir()
    core = world.core
    restarted = CopyCatalog(core.catalog, core.adapters, core.clock, core.runner, world.root / "state" / "catalog-copy")
    restarted(now)
    assert not half.exists()
    assert len(copies(world)) == 1


def test_a_vault_that_is_away_is_tried_again(world: World) -> None:
    """Where no vault was there nothing is marked as copied."""
    shutil.move(world.root / "vault", world.root / "away")
    change(world)
    copy(world)
    assert world.core.catalog.marks.get("catalog copied") is None
    shutil.move(world.root / "away", world.root / "vault")
    copy(world, MINUTE)
    assert len(copies(world)) == 1


def test_a_clock_set_back_delays_no_copy(world: World) -> None:
    """A copy from what is now the future is not waited for."""
    change(world)
    copy(world)
    change(world)
    copy(world, timedelta(days=-1))
    assert len(copies(world)) == 2


def test_after_a_clock_was_set_back_the_new_copies_are_kept(world: World) -> None:
    """Copies whose ids are from the future make room: what is newest is what the record says, not a clock."""
    for _ in range(3):
        change(world)
        copy(world, timedelta(days=1))
    ahead = copies(world)
    world.clock.offset = timedelta(0)
    for _ in range(3):
        change(world)
        copy(world)
        newest = world.core.catalog.audit.head().seq
        found = [world.core.adapters.vault("local").manifest(CATALOG_SOURCE, each) for each in copies(world)]
        assert max(manifest.facts["audit_seq"] for manifest in found) == newest
    assert len(copies(world)) == 3
    assert not set(ahead) & set(copies(world))


def test_the_copy_just_made_stays_though_older_ones_say_more(world: World) -> None:
    """Where an older copy went beyond what a rebuilt catalog knows, the newest one is not the one that goes."""
    vault = world.core.adapters.vault("local")
    for _ in range(3):
        change(world)
        copy(world)
    for each in copies(world):
        manifest = vault.manifest(CATALOG_SOURCE, each)
        vault.commit(replace(manifest, facts={**manifest.facts, "audit_seq": 1000}))
    before = copies(world)
    change(world)
    copy(world)
    assert len(copies(world)) == 3
    assert set(copies(world)) - set(before)


class Append(Torn):
    """The vault, from which nothing can be removed."""

    def commit(self, manifest: Manifest) -> None:
        """Write it as it is."""
        self.vault.commit(manifest)

    def remove(self, _source: str, _backup_id: str) -> None:
        """Refuse."""
        raise VaultUnavailable("Nothing may be removed here.", hint="Leave it.")


def test_where_nothing_can_be_removed_only_changes_are_copied(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Old copies that can't go are told once and for what they are; the copy counts, and idle minutes add none."""
    append = Append(world)
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            change(world)
            at = copy(world)
        for _ in range(20):
            copy(world, MINUTE)
    assert len(copies(world)) == 5
    assert caplog.text.count("old copies of the catalog can't be removed from the vault local") == 1
    assert "can't be copied" not in caplog.text
    assert world.core.catalog.marks.get("catalog copied") == at.isoformat()
    world.core.adapters.vaults["local"] = append.vault  # type: ignore[index]
    change(world)
    copy(world)
    assert len(copies(world)) == 3


def test_a_slow_copy_waits_longer(world: World) -> None:
    """After a copy that took a minute the next one comes after twenty."""
    change(world)

    class Slow(Torn):
        def commit(self, manifest: Manifest) -> None:
            world.clock.passed += 60
            self.vault.commit(manifest)

    Slow(world)
    copy(world)
    change(world)
    copy(world, MINUTE * 19)
    assert len(copies(world)) == 1
    copy(world, MINUTE * 2)
    assert len(copies(world)) == 2


def test_the_end_of_safehold_waits_for_no_copy(make_world: Callable[..., World]) -> None:
    """A copy that is under way when everything stops stops as well, and leaves nothing."""
    world = make_world()
    change(world)
    world.core.runner.shutdown(5)
    with pytest.raises(Interrupted):
        copy(world)
    assert copies(world) == []
    assert not (world.root / "state" / "catalog-copy").exists()


def test_a_stage_that_cannot_be_made_is_named(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A file in the place of its folder's parent is told with the path."""
    world.core.copy_catalog.stage = world.root / "orders.db" / "stage"
    change(world)
    duty = next(duty for duty in world.core.duties.all if duty.name == "copy the catalog")
    assert not world.core.duties.run(duty)
    assert "orders.db" in caplog.text
