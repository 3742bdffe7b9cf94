"""Of several copies in the vaults a rebuild begins with the one that goes on longest, whatever a clock said."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from core.catalog import Catalog
from core.errors import AmbiguousId, ArchiveCorrupt, UnknownName, UnsupportedVersion
from core.model.naming import CATALOG_SOURCE
from core.model.person import SYSTEM
from core.services.rebuild_catalog import Wish
from tests.support.rebuilding import copied, filled, lose, others, rebuilder, records, write_newer
from tests.support.world import ANNA, World


def shelves(world: World) -> list[Path]:
    """Return the folders of the copies, by id."""
    return sorted((world.root / "vault" / CATALOG_SOURCE).iterdir())


def decided(world: World, times: int = 1) -> None:
    """Let something be decided."""
    for _ in range(times):
        world.core.catalog.audit.append(world.clock.now(), SYSTEM, "test", "", "done", {})


def begun_by_accident(world: World, make_world: Callable[..., World]) -> World:
    """Lose the catalog while the vault is away, as a bot does that then begins an empty one and copies it."""
    lose(world)
    vault, away = world.root / "vault", world.root / "away"
    shutil.move(vault, away)
    vault.mkdir()
    again = make_world()
    shutil.rmtree(vault)
    shutil.move(away, vault)
    again.clock.offset = world.clock.offset + timedelta(days=1)
    decided(again)
    copied(again)
    return again


def test_an_empty_catalog_does_not_win_over_the_lost_one(make_world: Callable[..., World]) -> None:
    """The copy of the lost catalog is used though the other one's is newer; that one is named, and can be asked for."""
    world = make_world()
    filled(world)
    failed, gone = others(world)
    decided(world, 5)
    copied(world)
    kept = world.core.catalog.audit.head().seq
    again = begun_by_accident(world, make_world)
    lost, empty = shelves(world)
    again.core.close()
    made = rebuilder(world.root, again)(ANNA)
    assert made.copy is not None
    assert (made.copy.backup_id, made.copy.audit, made.copy.backups, made.audit.entries) == (lost.name, kept, 5, kept)
    assert [other.backup_id for other in made.others] == [empty.name]
    assert {failed, gone} <= set(records(made.path))
    with Catalog.open(made.path) as catalog:
        (entry,) = catalog.audit.entries(after=kept)
        assert entry.detail["other_copies"] == [empty.name]
    made = rebuilder(world.root, again)(ANNA, Wish(copy=empty.name))
    assert made.copy is not None
    assert (made.copy.backup_id, made.copy.backups) == (empty.name, 0)
    assert [other.backup_id for other in made.others] == [lost.name]


def test_a_copy_from_the_future_is_not_the_newest(world: World) -> None:
    """After the clock was set back the copy that knows more is used, though its id is of an earlier time."""
    world.clock.offset = timedelta(days=2)
    decided(world)
    copied(world)
    world.clock.offset = timedelta(0)
    filled(world)
    others(world)
    decided(world)
    copied(world)
    newest, ahead = shelves(world)
    lose(world)
    made = rebuilder(world.root, world)(ANNA)
    assert made.copy is not None
    assert (made.copy.backup_id, made.copy.backups, made.others) == (newest.name, 5, ())
    assert ahead.name > newest.name


def test_a_copy_that_was_asked_for_is_used_or_refused(world: World) -> None:
    """An unknown id, one of several and a torn copy are refused, and the catalog stays as it was."""
    filled(world)
    copied(world)
    decided(world)
    copied(world)
    old, new = shelves(world)
    before = records(world.core.config.catalog_path)
    world.core.close()
    rebuild = rebuilder(world.root, world)
    with pytest.raises(UnknownName, match="no copy of the catalog 1999"):
        rebuild(ANNA, Wish(copy="1999"))
    with pytest.raises(AmbiguousId, match="2 copies"):
        rebuild(ANNA, Wish(copy="2"))
    archive = next(old.glob("*.zst"))
    archive.write_bytes(archive.read_bytes()[:-9] + b"x" * 9)
    with pytest.raises(ArchiveCorrupt):
        rebuild(ANNA, Wish(copy=old.name))
    assert records(world.core.config.catalog_path) == before
    made = rebuild(ANNA, Wish(copy=new.name))
    assert made.copy is not None
    assert made.copy.backup_id == new.name


def test_copies_that_cannot_be_read_are_named(world: World) -> None:
    """A torn manifest and an old one of a newer format are passed over; the newest one of a newer format is not."""
    filled(world)
    for _ in range(3):
        decided(world)
        copied(world)
    newer, torn, whole = shelves(world)
    write_newer(newer / "manifest.json")
    (torn / "manifest.json").write_bytes(b"{}")
    lose(world)
    (torn.parent / "20990101T000000Z-aaaaaa").mkdir()
    (torn.parent / "20990101T000000Z-aaaaaa" / "half.partial").write_bytes(b"half")
    made = rebuilder(world.root, world)(ANNA)
    assert made.copy is not None
    assert made.copy.backup_id == whole.name
    assert {(each.backup_id, each.newer) for each in made.tally.untrusted} == {(newer.name, True), (torn.name, False)}
    write_newer(whole / "manifest.json")
    with pytest.raises(UnsupportedVersion, match=f"newest copy of the catalog, {whole.name}"):
        rebuilder(world.root, world)(ANNA)
