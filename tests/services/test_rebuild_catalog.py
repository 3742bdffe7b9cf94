"""The vault alone is enough: a lost catalog is made again from a copy of it and from manifests."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.catalog import Catalog
from core.model.backup import BackupState, Tier
from core.model.freeze import Freeze
from core.model.hold import Hold
from core.model.manifest import from_bytes, to_bytes
from core.model.naming import CATALOG_SOURCE
from core.model.notice import NoticeKind
from core.services.adopt_manifests import GONE, NOT_READ, TWO_HOLDS
from core.services.rebuild_catalog import MAY_LACK, Wish
from tests.support.rebuilding import copied, filled, listed, lose, others, rebuilder, records, write_newer
from tests.support.world import ANNA, World

FROM_MANIFESTS = Wish(manifests_only=True)


def shelf(world: World, backup_id: str) -> Path:
    """Return the folder of a backup."""
    return world.root / "vault" / "orders" / backup_id


def test_with_a_copy_nothing_is_missing(world: World) -> None:
    """Delete the catalog, rebuild: every row is as it was, failed ones and tombstones too; so is the audit record."""
    filled(world)
    others(world)
    before, chain = records(world.core.config.catalog_path), world.core.catalog.audit.check()
    copied(world)
    made = rebuilder(world.root, world)(ANNA) if lose(world) else None
    assert made is not None
    assert made.copy is not None
    assert made.copy.backups == 5
    assert (made.tally.manifests, made.tally.adopted, made.tally.changed, made.tally.untrusted_count) == (3, 0, 0, 0)
    assert made.aside is None
    assert records(made.path) == before
    with Catalog.open(made.path) as catalog:
        found = catalog.audit.check()
        assert (found.broken, found.entries) == (None, chain.entries + 1)
        (entry,) = catalog.audit.entries(after=chain.entries)
        assert (entry.act, entry.person, entry.detail["chain"]) == ("catalog-rebuilt", ANNA, "goes on from the copy")
        notice = catalog.notices.newest("", NoticeKind.CATALOG)
        assert notice is not None
        assert (notice.fields["what"], notice.fields["manifests"]) == ("rebuilt", 3)
        assert notice.fields["copy_at"] == made.copy.at.isoformat()
        assert catalog.processes.all() == ()
    assert sorted(path.name for path in made.path.parent.glob("catalog*")) == ["catalog.db", "catalog.db.lock"]


def test_from_manifests_alone_the_stored_backups_are_all_there(world: World) -> None:
    """Delete the catalog, rebuild without a copy: the stored backups are the same, holds and tiers included."""
    filled(world)
    others(world)
    copied(world)
    path = world.core.config.catalog_path
    before = {key: listed(record) for key, record in records(path).items() if record.state is BackupState.GOOD}
    lose(world)
    made = rebuilder(world.root, world)(ANNA, FROM_MANIFESTS)
    after = records(path)
    assert {key: listed(record) for key, record in after.items()} == before
    assert {record.warning for record in after.values()} == {NOT_READ}
    assert (made.copy, made.tally.adopted, made.tally.damaged) == (None, 3, 0)
    with Catalog.open(path) as catalog:
        (entry,) = catalog.audit.entries()
        assert entry.detail["chain"] == "begins anew"
        freeze = catalog.freezes.active(world.clock.now())
    assert freeze is not None
    assert "freezes and changed schedules are lost" in freeze.reason


@pytest.mark.parametrize(("before", "days", "why"), [(0, 1, MAY_LACK), (30, 30, "the incident")])
def test_a_freeze_after_the_copy_is_not_missed(world: World, before: int, days: int, why: str) -> None:
    """A copy may be older than a freeze: nothing goes for a day, or for as long as the freeze lasts that it knows."""
    world.take()
    now = world.clock.now()
    if before:
        world.core.catalog.freezes.place(Freeze(ANNA, "the incident", now, now + timedelta(days=before)))
    copied(world)
    lose(world)
    with Catalog.open(rebuilder(world.root, world)(ANNA).path) as catalog:
        freeze = catalog.freezes.active(world.clock.now())
    assert freeze is not None
    assert (freeze.reason, round((freeze.until - now) / timedelta(days=1))) == (why, days)


def test_a_rebuilt_catalog_goes_on(make_world: Callable[..., World]) -> None:
    """What was adopted is verified, restorable and listed; new backups and copies come after it."""
    world = make_world()
    ids = filled(world)
    copied(world)
    lose(world)
    rebuilder(world.root, world)(ANNA, FROM_MANIFESTS)
    again = make_world()
    again.clock.offset = world.clock.offset
    again.core.verify_backup(ids[0], ANNA)
    again.settled(f"verify:{ids[0]}")
    assert again.core.catalog.backups.get(ids[0]).warning == ""
    new = again.take()
    copied(again)
    assert [row.id for row in again.core.list_backups("orders").backups] == [new, *reversed(ids)]
    assert len(list((world.root / "vault" / CATALOG_SOURCE).iterdir())) == 2


def test_what_came_after_the_copy_is_in_the_manifests(world: World) -> None:
    """A backup, a hold, tiers and a release that the copy does not know are as the manifests say."""
    ids = filled(world)
    copied(world)
    catalog, good = world.core.catalog, frozenset({BackupState.GOOD})
    later = world.take()
    hold = Hold(ANNA, "look at it", world.clock.now())
    catalog.backups.move(ids[0], good, hold=hold, tiers=frozenset({Tier.MONTHLY}), unsaved=True)
    catalog.backups.move(ids[2], good, hold=None, unsaved=True)
    world.core.save_manifests(world.clock.now())
    made = rebuilder(world.root, world)(ANNA) if lose(world) else None
    assert made is not None
    after = records(made.path)
    assert (made.tally.adopted, made.tally.changed) == (1, 2)
    assert after[later].warning == NOT_READ
    assert (after[ids[0]].hold, after[ids[0]].tiers) == (hold, frozenset({Tier.MONTHLY}))
    assert after[ids[2]].hold is None


def test_what_was_never_saved_is_not_lost(world: World) -> None:
    """Tiers and a hold that the copy knows and no manifest does are kept, and still wait to be saved."""
    ids = filled(world)
    catalog, good = world.core.catalog, frozenset({BackupState.GOOD})
    hold = Hold(ANNA, "longer", world.clock.now())
    catalog.backups.move(ids[2], good, hold=hold, unsaved=True)
    catalog.backups.move(ids[1], good, hold=None, tiers=frozenset({Tier.ON_DEMAND}), unsaved=True)
    copied(world)
    lose(world)
    after = records(rebuilder(world.root, world)(ANNA).path)
    assert (after[ids[2]].hold, after[ids[2]].unsaved) == (hold, True)
    assert after[ids[1]].tiers == frozenset({Tier.DAILY, Tier.ON_DEMAND, Tier.WEEKLY})


def test_where_record_and_manifest_differ_the_longer_hold_wins_and_that_is_said(world: World) -> None:
    """A change of a hold that no manifest knows never ends one that the manifest says is in force, nor is it lost."""
    ids = filled(world)
    catalog, good, now = world.core.catalog, frozenset({BackupState.GOOD}), world.clock.now()
    endless, short = (
        Hold(ANNA, "the audit", now),
        Hold(ANNA, "a day", now + timedelta(hours=1), now + timedelta(days=1)),
    )
    for key in ids:
        catalog.backups.move(key, good, hold=endless, unsaved=True)
    world.core.save_manifests(now)
    # Released, shortened, and agreed on.
    catalog.backups.move(ids[0], good, hold=None, unsaved=True)
    catalog.backups.move(ids[1], good, hold=short, unsaved=True)
    copied(world)
    lose(world)
    after = records(rebuilder(world.root, world)(ANNA).path)
    assert [after[key].hold for key in ids] == [endless, endless, endless]
    assert [after[key].warning for key in ids] == [TWO_HOLDS, TWO_HOLDS, ""]


def test_a_hold_that_waits_to_be_written_waits_for_bytes_that_are_gone(world: World) -> None:
    """Of a backup whose bytes are gone at the rebuild, the hold is still to be written, should they come back."""
    key = filled(world)[0]
    hold = Hold(ANNA, "longer", world.clock.now())
    world.core.catalog.backups.move(key, frozenset({BackupState.GOOD}), hold=hold, unsaved=True)
    copied(world)
    lose(world)
    shelf(world, key).rename(world.root / "elsewhere")
    lost = records(rebuilder(world.root, world)(ANNA).path)[key]
    assert (lost.state, lost.hold, lost.unsaved) == (BackupState.DAMAGED, hold, True)


def test_records_and_bytes_are_compared_both_ways(world: World) -> None:
    """Bytes that are gone are damage, a pruning that had begun has ended, runs that were under way come out."""
    ids = filled(world)
    catalog = world.core.catalog
    spare = [world.take() for _ in range(4)]
    states = (BackupState.PRUNING, BackupState.PRUNING, BackupState.PRUNED, BackupState.RUNNING)
    for backup_id, state in zip(spare, states, strict=True):
        catalog.backups.move(backup_id, frozenset(BackupState), state=state)
    catalog.backups.move(ids[2], frozenset(BackupState), state=BackupState.EXPIRED, hold=None)
    copied(world)
    shutil.rmtree(shelf(world, ids[0]))
    shutil.rmtree(shelf(world, spare[0]))
    next(shelf(world, ids[1]).glob("*.zst")).unlink()
    made = rebuilder(world.root, world)(ANNA) if lose(world) else None
    assert made is not None
    after = records(made.path)
    assert (made.tally.damaged, made.tally.pruned) == (2, 1)
    for lost, why in ((ids[0], GONE), (ids[1], "is gone from the vault local")):
        failure = after[lost].failure
        assert failure is not None
        assert (after[lost].state, why in failure.message) == (BackupState.DAMAGED, True)
    assert after[spare[0]].state is BackupState.PRUNED
    assert after[spare[1]].state is BackupState.PRUNING
    assert (after[spare[2]].state, after[spare[2]].hold is None) == (BackupState.GOOD, False)
    assert after[spare[3]].state is BackupState.GOOD
    # Its manifest says that somebody holds it: it was let go before that.
    assert after[ids[2]].state is BackupState.GOOD


def test_damage_that_was_found_stays_damage(world: World) -> None:
    """What a manifest says is damaged is not good again, with a copy or without; a later proof makes it good."""
    ids = filled(world)
    catalog = world.core.catalog
    copied(world)
    archive = next(shelf(world, ids[0]).glob("*.zst"))
    whole = archive.read_bytes()
    archive.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    world.core.verify_backup(ids[0], ANNA)
    world.settled(f"verify:{ids[0]}")
    world.core.save_manifests(world.clock.now())
    archive.write_bytes(whole)
    world.core.close()
    for wish in (FROM_MANIFESTS, Wish()):
        made = rebuilder(world.root, world)(ANNA, wish)
        assert made.tally.damaged == 1
        assert records(made.path)[ids[0]].state is BackupState.DAMAGED
        assert catalog.path == made.path


def test_a_proof_after_the_copy_counts(make_world: Callable[..., World]) -> None:
    """A backup that the copy knows as damaged, and that was proven since, is good."""
    world = make_world()
    taken = world.take()
    world.core.catalog.backups.move(taken, frozenset(BackupState), state=BackupState.DAMAGED, unsaved=True)
    world.core.save_manifests(world.clock.now())
    copied(world)
    world.core.verify_backup(taken, ANNA)
    world.settled(f"verify:{taken}")
    proven = world.core.catalog.backups.get(taken)
    lose(world)
    found = records(rebuilder(world.root, world)(ANNA).path)[taken]
    assert (found.state, found.proven_at, found.failure) == (BackupState.GOOD, proven.proven_at, None)


def test_what_cannot_be_trusted_is_named_and_left(world: World) -> None:
    """A torn manifest, one that says nonsense and one of a newer version are named, each with why."""
    ids = filled(world)
    torn, odd, newer = (shelf(world, backup_id) / "manifest.json" for backup_id in ids)
    torn.write_bytes(torn.read_bytes()[:-9])
    odd.write_bytes(to_bytes(replace(from_bytes(odd.read_bytes()), tiers=("hourly",))))
    write_newer(newer)
    copied(world)
    world.core.close()
    made = rebuilder(world.root, world)(ANNA, FROM_MANIFESTS)
    assert records(made.path) == {}
    found = {each.backup_id: each for each in made.tally.untrusted}
    assert "do not match its own checksum" in found[ids[0]].why or "not readable" in found[ids[0]].why
    assert "something that no Safehold writes" in found[ids[1]].why
    assert (found[ids[2]].newer, "format 9" in found[ids[2]].why, "newer Safehold" in found[ids[2]].why) == (
        True,
        True,
        True,
    )
    made = rebuilder(world.root, world)(ANNA)
    after = records(made.path)
    assert made.tally.untrusted_count == 3
    states = [after[backup_id].state for backup_id in ids]
    assert states == [BackupState.DAMAGED, BackupState.DAMAGED, BackupState.GOOD]


def test_a_number_too_large_for_a_catalog_is_named_and_left(world: World) -> None:
    """One manifest with a size that no column can hold does not keep the others from being listed again."""
    good, _, bad = filled(world)
    path = shelf(world, bad) / "manifest.json"
    manifest = from_bytes(path.read_bytes())
    file, *rest = manifest.archive.files
    files = (replace(file, size=1 << 63), *rest)
    path.write_bytes(to_bytes(replace(manifest, archive=replace(manifest.archive, files=files))))
    lose(world)
    made = rebuilder(world.root, world)(ANNA)
    assert [(each.backup_id, "wrong kind" in each.why) for each in made.tally.untrusted] == [(bad, True)]
    assert (made.tally.adopted, good in records(made.path)) == (2, True)
