"""Vault and catalog are compared both ways: leftovers go when they are old, nothing whole ever does."""

import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import VaultUnavailable
from core.model.backup import Backup, BackupState
from core.model.notice import Notice, NoticeKind
from core.services.sweep_vaults import RUN, SWEPT_AT, Swept
from tests.support.timed import UNPROVEN
from tests.support.world import World, build_world, write_database

DAY = timedelta(days=1)


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """Return a world with one good backup."""
    return make_world(source=UNPROVEN)


def place(world: World, key: str) -> Path:
    """Return where a backup lies."""
    return world.root / "vault" / "orders" / key


def sweep(world: World) -> Swept:
    """Compare the vault now."""
    return world.core.sweep_vaults.one("local")


def told(world: World) -> list[Notice]:
    """Return what people are told of vaults."""
    return [notice for notice in world.core.catalog.notices.changed_since(0) if notice.kind is NoticeKind.VAULT]


def record(world: World, key: str) -> Backup:
    """Return the record of a backup."""
    return world.core.catalog.backups.get(key)


def half(world: World, key: str) -> Path:
    """Make what a run that was killed while storing leaves."""
    folder = place(world, key)
    folder.mkdir(parents=True)
    (folder / f".{key}.partial").write_bytes(b"half an archive")
    return folder


def test_a_leftover_is_removed_only_when_it_is_old(world: World) -> None:
    """A run on another machine, or one just begun, may still write to it."""
    good, left = world.take(), half(world, "20200101T000000Z-abcdef")
    assert (sweep(world).young, left.exists(), told(world)) == (1, True, [])
    world.clock.offset = DAY + timedelta(minutes=1)
    found = sweep(world)
    assert (found.swept, found.swept_bytes, found.orphans, found.missing) == (1, 15, 0, 0)
    assert not left.exists()
    assert record(world, good).state is BackupState.GOOD
    assert place(world, good).is_dir()
    (notice,) = told(world)
    assert notice.fields["examples"] == ["orders 20200101T000000Z-abcdef: a leftover of a run that ended"]
    assert sweep(world) == Swept("local")


def test_a_leftover_of_a_run_that_is_open_stays(world: World) -> None:
    """However old it looks: its run decides."""
    key = world.take()
    for file in place(world, key).glob("*manifest*"):
        file.unlink()
    world.core.catalog.backups.move(key, frozenset({BackupState.GOOD}), state=BackupState.RUNNING)
    world.clock.offset = 30 * DAY
    assert (sweep(world).swept, place(world, key).is_dir()) == (0, True)


def test_a_whole_archive_without_record_is_named_once_and_never_removed(world: World, tmp_path: Path) -> None:
    """It may be the only good backup of somebody who lost a catalog."""
    key = world.take()
    (tmp_path / "other").mkdir()
    other = build_world(tmp_path / "other")
    with other.core:
        shutil.rmtree(other.root / "vault")
        shutil.copytree(world.root / "vault", other.root / "vault")
        other.clock.offset = 400 * DAY
        assert [(found.orphans, found.swept) for found in (sweep(other), sweep(other))] == [(1, 0), (1, 0)]
        assert len(told(other)) == 1
        assert place(other, key).is_dir()


@pytest.mark.parametrize("state", [BackupState.GOOD, BackupState.EXPIRED])
def test_a_record_whose_bytes_are_gone_is_damaged(world: World, state: BackupState) -> None:
    """It no longer counts for what retention lets go; the one whose bytes are there does."""
    gone, good = world.take(), world.take()
    world.core.catalog.backups.move(gone, frozenset({BackupState.GOOD}), state=state)
    shutil.rmtree(place(world, gone))
    assert sweep(world).missing == 1
    lost = record(world, gone)
    assert lost.failure is not None
    assert (lost.state, lost.failure.code) == (BackupState.DAMAGED, "bytes-missing")
    assert record(world, good).state is BackupState.GOOD
    assert told(world)[-1].fields["missing"] == 1
    assert sweep(world).missing == 0


def test_an_archive_that_became_shorter_is_damaged(world: World) -> None:
    """Also where its manifest still stands: its size tells, without a byte read."""
    write_database(world.source_path, 200_000)
    key = world.take()
    (archive,) = place(world, key).glob("*.tar.zst")
    os.truncate(archive, archive.stat().st_size // 4)
    assert sweep(world).missing == 1
    assert record(world, key).state is BackupState.DAMAGED


def test_a_vault_that_is_not_there_loses_nothing(world: World) -> None:
    """A disk that is not mounted is no loss of what is on it."""
    key = world.take()
    (world.root / "vault").rename(world.root / "elsewhere")
    with pytest.raises(VaultUnavailable):
        sweep(world)
    assert record(world, key).state is BackupState.GOOD


def test_copies_of_the_catalog_are_no_orphans(world: World) -> None:
    """They have no records, and a keeper of their own."""
    world.take()
    world.core.copy_catalog(world.clock.now())
    world.clock.offset = 30 * DAY
    assert sweep(world) == Swept("local")


def test_it_is_done_once_a_day_beside_other_work(world: World) -> None:
    """Twice in an hour compares once; a clock that was set back does not put it off."""
    left = half(world, "20200101T000000Z-abcdef")
    start = world.clock.now() + 2 * DAY

    def at(when: timedelta) -> str | None:
        world.clock.offset = start + when - (world.clock.now() - world.clock.offset)
        world.core.sweep_vaults(world.clock.now())
        world.settled(RUN)
        return world.core.catalog.marks.get(SWEPT_AT)

    first = at(timedelta())
    assert not left.exists()
    assert at(timedelta(hours=1)) == first
    assert at(timedelta(hours=25)) != first
    assert at(timedelta(hours=3)) != first
