"""Which copy a rebuild begins with, and which catalog it sets aside: never a sound one, never one in use."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from core.catalog import Catalog
from core.errors import BusyError, CatalogCorrupt, ForeignCatalog, UnknownName, UnsupportedVersion, VaultUnavailable
from core.model.naming import CATALOG_SOURCE
from core.model.notice import NoticeKind
from core.services.rebuild_catalog import Wish
from tests.support.rebuilding import copied, filled, lose, others, rebuilder, records
from tests.support.world import ANNA, World

FROM_MANIFESTS = Wish(manifests_only=True)


def test_the_newest_copy_that_is_whole_is_used(world: World) -> None:
    """A torn copy is named and passed over for the one before; a copy that is no sound catalog as well."""
    filled(world)
    copied(world)
    others(world)
    copied(world)
    old, new = sorted((world.root / "vault" / CATALOG_SOURCE).iterdir())
    archive = next(new.glob("*.zst"))
    archive.write_bytes(archive.read_bytes()[:-9] + b"x" * 9)
    made = rebuilder(world.root, world)(ANNA) if lose(world) else None
    assert made is not None
    assert made.copy is not None
    assert (made.copy.backup_id, made.copy.backups) == (old.name, 3)
    assert [each.backup_id for each in made.tally.untrusted] == [new.name]


def test_a_copy_by_a_newer_safehold_is_not_passed_over(world: World) -> None:
    """Older copies are not taken for it; manifests alone can be used, and that is said."""
    filled(world)
    with world.core.catalog.write() as db:
        db.execute(
            "insert into _sqlite_migrations (migration_set, name, applied_at) values ('safehold', 'later', 'now')"
        )
    copied(world)
    lose(world)
    with pytest.raises(UnsupportedVersion, match="manifests-only"):
        rebuilder(world.root, world)(ANNA)
    assert rebuilder(world.root, world)(ANNA, FROM_MANIFESTS).tally.adopted == 3


def test_the_old_catalog_is_set_aside_whole(world: World) -> None:
    """A catalog that could be read is set aside with all that was only in its log, under a name that is free."""
    filled(world)
    copied(world)
    kept = world.core.catalog.backups.get(world.take())
    world.core.close()
    world.clock.offset = timedelta(0)
    asides = [rebuilder(world.root, world)(ANNA, FROM_MANIFESTS).aside for _ in range(3)]
    assert all(aside is not None and aside.name.startswith("catalog.db.aside-20") for aside in asides)
    assert len(set(asides)) == 3
    assert asides[0] is not None
    assert records(asides[0])[kept.id] == replace(kept, revision=0)


def test_a_catalog_in_use_is_not_replaced(world: World) -> None:
    """While a Safehold has it open, or one of another host was heard of just now, nothing is done."""
    path = world.core.config.catalog_path
    with pytest.raises(BusyError, match="uses the catalog"):
        rebuilder(world.root, world)(ANNA)
    world.core.close()
    with Catalog.open(path) as catalog:
        catalog.processes.register("elsewhere.ab:7:1.00", "elsewhere.ab", 7, 1.0, "bot", world.clock.now())
    with pytest.raises(BusyError, match=r"bot, elsewhere\.ab:7"):
        rebuilder(world.root, world)(ANNA)
    world.clock.offset += timedelta(minutes=2)
    assert rebuilder(world.root, world)(ANNA).aside is not None


def test_a_catalog_that_is_being_rebuilt_is_not_opened(world: World) -> None:
    """Whoever starts meanwhile is told to wait."""
    world.core.close()

    def meanwhile(_step: object) -> None:
        with pytest.raises(BusyError, match="is being rebuilt"):
            Catalog.open(world.core.config.catalog_path)

    rebuilder(world.root, world)(ANNA, Wish(progress=meanwhile))


def test_half_of_the_truth_is_not_used(world: World) -> None:
    """A vault that is away, and one that nobody configured, refuse the rebuild; the catalog stays as it was."""
    filled(world)
    before = records(world.core.config.catalog_path)
    world.core.close()
    with pytest.raises(UnknownName):
        rebuilder(world.root, world)(ANNA, Wish(vault="nope"))
    shutil.move(world.root / "vault", world.root / "away")
    with pytest.raises(VaultUnavailable):
        rebuilder(world.root, world)(ANNA)
    assert records(world.core.config.catalog_path) == before
    assert not list(before and world.core.config.catalog_path.parent.glob("*rebuilding*"))


def test_a_second_vault_is_left_alone_where_one_is_named(world: World) -> None:
    """What lies in a vault that is not read stays as the copy says; one id in two vaults is listed once."""
    filled(world)
    copied(world)
    world.core.close()
    config = world.root / "safehold.toml"
    second = f'[vaults.second]\ntype = "directory"\npath = "{world.root}/second"\n\n[provisioners'
    text = config.read_text().replace("[provisioners", second, 1)
    config.write_text(text.replace('engine = "sqlite"', 'engine = "sqlite"\nvault = "local"'))
    (world.root / "second").mkdir()
    made = rebuilder(world.root, world)(ANNA, Wish(vault="second"))
    assert (made.copy, made.tally.manifests) == (None, 0)
    shutil.copytree(
        world.root / "vault", world.root / "second", dirs_exist_ok=True, ignore=lambda *_: ["safehold-vault.json"]
    )
    made = rebuilder(world.root, world)(ANNA, FROM_MANIFESTS)
    assert (made.tally.adopted, made.tally.untrusted_count) == (3, 3)
    assert {record.vault for record in records(made.path).values()} == {"local"}
    made = rebuilder(world.root, world)(ANNA, Wish(vault="second"))
    assert made.copy is not None
    assert {record.vault for record in records(made.path).values()} == {"local"}


def test_another_programs_database_is_left_alone(world: World) -> None:
    """A wrong path in the configuration costs nobody a database."""
    filled(world)
    path = lose(world)
    shutil.copy(world.source_path, path)
    for attempt in (rebuilder(world.root, world).if_needed, lambda: rebuilder(world.root, world)(ANNA)):
        with pytest.raises(ForeignCatalog):
            attempt()
    assert path.read_bytes() == world.source_path.read_bytes()
    path.unlink()


@pytest.mark.parametrize("kind", ["rubbish", "torn", "empty", "gone", "marked"])
def test_a_catalog_that_cannot_be_used_is_rebuilt_by_itself(world: World, kind: str) -> None:
    """Whatever happened to the file, the old one is set aside as it was, and the new one holds everything."""
    filled(world)
    before = records(world.core.config.catalog_path)
    copied(world)
    path = world.core.config.catalog_path
    world.core.close()
    whole = path.read_bytes()
    damaged = {"rubbish": b"rubbish" * 999, "torn": whole[: len(whole) // 2], "empty": b"", "marked": whole}.get(kind)
    path.unlink() if damaged is None else path.write_bytes(damaged)
    if kind == "marked":
        path.with_name("catalog.db.damaged").touch()
    made = rebuilder(world.root, world).if_needed()
    assert made is not None
    assert records(path) == before
    if damaged is not None:
        assert made.aside is not None
        assert made.aside.read_bytes() == damaged
        with Catalog.open(path) as catalog:
            notice = catalog.notices.newest("", NoticeKind.CATALOG)
        assert notice is not None
        assert (notice.fields["what"], notice.fields["path"]) == ("set aside", str(made.aside))
    assert rebuilder(world.root, world).if_needed() is None


def test_a_sound_or_a_first_catalog_is_left_alone(world: World) -> None:
    """Nothing is rebuilt where nothing is wrong, where nothing is stored yet, or where the vault can't be looked at."""
    assert rebuilder(world.root, world).if_needed() is None
    world.take()
    lose(world)
    shutil.move(world.root / "vault", world.root / "away")
    assert rebuilder(world.root, world).if_needed() is None


def test_flipped_bytes_in_pages_are_found_at_the_start(world: World) -> None:
    """Damage that no query has met yet is found before the bot runs."""
    filled(world)
    path = world.core.config.catalog_path
    world.core.close()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("pragma journal_mode = delete")
        (root,) = raw.execute("select rootpage from sqlite_master where name = 'audit'").fetchone()
        (size,) = raw.execute("pragma page_size").fetchone()
    whole = bytearray(path.read_bytes())
    whole[(root - 1) * size : (root - 1) * size + 40] = b"\xff" * 40
    path.write_bytes(whole)
    with Catalog.open(path) as catalog, pytest.raises(CatalogCorrupt):
        catalog.check()
    made = rebuilder(world.root, world).if_needed()
    assert made is not None
    assert made.tally.adopted == 3
