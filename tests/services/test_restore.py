"""A restore: plan, request, decision, run, destroy; refused, interrupted, twice, by two people at once."""

import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import NotAllowed, Stale, UsageError
from core.model.backup import BackupState
from core.model.instance import InstanceState
from core.model.restore import RestoreState
from core.model.use import Use
from tests.services.asking import approved, ask
from tests.support.world import ANNA, BEN, GITA, World


def test_an_approved_restore_becomes_a_new_instance_with_the_same_data(world: World) -> None:
    """The instance is ready only with an equal fingerprint, and its data are the backup's."""
    restore = approved(world)
    assert restore.state is RestoreState.READY
    instance = world.core.catalog.instances.get(restore.plan.instance)
    assert instance.state is InstanceState.READY
    assert instance.fingerprint_equal is True
    assert instance.name.startswith("sqlite-restore-")
    path = Path(instance.endpoint.removeprefix("sqlite:///"))
    assert path != world.source_path
    rows = sqlite3.connect(path)
    assert rows.execute("select count(*) from orders").fetchone() == (100,)
    rows.close()


def test_what_was_let_go_meanwhile_is_restored_all_the_same(world: World) -> None:
    """A request is not void because retention let its backup go: the bytes are there, and stay until it has ended."""
    restore = ask(world)
    gone = {"state": BackupState.EXPIRED, "expired_at": world.clock.now(), "expiry": "older than 7 days (daily)"}
    world.core.catalog.backups.move(restore.plan.backup_id, frozenset(BackupState), **gone)
    world.clock.offset += timedelta(minutes=1)
    assert world.core.catalog.retained.in_use(world.clock.now()) == {
        restore.plan.backup_id: Use("wanted for a restore")
    }
    world.core.reconcile()
    world.core.decide_restore(restore.id, BEN, approve=True)
    world.settled(restore.id)
    assert world.core.catalog.restores.get(restore.id).state is RestoreState.READY


def test_the_instance_stands_as_provisioning_from_the_approval_on(world: World) -> None:
    """Nobody waits in the dark."""
    restore = ask(world)
    assert world.core.catalog.instances.current() == ()
    world.core.decide_restore(restore.id, BEN, approve=True)
    assert world.core.catalog.instances.get(restore.plan.instance).restore_id == restore.id
    world.settled(restore.id)


def test_destroy_removes_the_instance_and_everything_it_made_and_nothing_else(world: World) -> None:
    """Afterwards the instances' folder is empty, and source and vault stand."""
    restore = approved(world)
    world.core.destroy_instance(restore.plan.instance, ANNA)
    world.settled(f"destroy:{restore.plan.instance}")
    assert world.core.catalog.instances.get(restore.plan.instance).state is InstanceState.DESTROYED
    assert world.left_behind() == []
    assert world.source_path.exists()
    with pytest.raises(Stale):
        world.core.destroy_instance(restore.plan.instance, ANNA)


def test_only_the_owner_and_those_with_the_right_destroy(world: World) -> None:
    """A guest can't take an instance away from somebody."""
    restore = approved(world)
    with pytest.raises(NotAllowed):
        world.core.destroy_instance(restore.plan.instance, GITA)
    assert world.core.catalog.instances.get(restore.plan.instance).state is InstanceState.READY


def test_the_lease_counts_from_ready(world: World) -> None:
    """However long a restore took, its instance lives as long as was asked for."""
    restore = approved(world)
    instance = world.core.catalog.instances.get(restore.plan.instance)
    assert instance.ready_at is not None
    assert instance.lease_ends_at - instance.ready_at == timedelta(seconds=restore.plan.lifetime_seconds)


def test_a_truncated_archive_fails_before_anything_is_loaded_and_leaves_nothing(world: World) -> None:
    """Bytes that changed after the approval are found before they are used."""
    restore = ask(world)
    archive = next((world.root / "vault").rglob("*.tar.zst"))
    archive.write_bytes(archive.read_bytes()[:-1])
    world.core.decide_restore(restore.id, BEN, approve=True)
    world.settled(restore.id)
    failed = world.core.catalog.restores.get(restore.id)
    assert failed.state is RestoreState.FAILED
    assert failed.failure is not None
    assert failed.failure.code == "archive-corrupt"
    assert world.core.catalog.instances.get(restore.plan.instance).state is InstanceState.FAILED
    assert world.left_behind() == []


def test_a_stranger_under_the_instances_name_is_not_touched(world: World) -> None:
    """A restore removes only what it made itself."""
    restore = ask(world)
    stranger = world.root / "instances" / restore.plan.instance
    stranger.mkdir(parents=True)
    (stranger / "precious").write_text("data")
    world.core.decide_restore(restore.id, BEN, approve=True)
    world.settled(restore.id)
    assert world.core.catalog.restores.get(restore.id).state is RestoreState.FAILED
    assert (stranger / "precious").read_text() == "data"


def test_an_instance_is_destroyed_when_its_lease_ends(world: World) -> None:
    """Forgotten instances don't pile up; an extension counts."""
    restore = approved(world)
    world.core.extend_instance(restore.plan.instance, ANNA, 3_600)
    world.clock.offset = timedelta(hours=4, minutes=30)
    world.core.reconcile()
    assert world.core.catalog.instances.get(restore.plan.instance).state is InstanceState.READY
    world.clock.offset = timedelta(hours=5, minutes=30)
    world.core.reconcile()
    world.settled(f"destroy:{restore.plan.instance}")
    assert world.core.catalog.instances.get(restore.plan.instance).state is InstanceState.DESTROYED


def test_an_instance_whose_files_vanish_is_noticed(world: World) -> None:
    """Ready is what is there, not what once was."""
    restore = approved(world)
    place = world.core.adapters.provisioner("here").place(restore.plan.instance)
    assert place is not None
    for path in place.directory.iterdir():
        path.unlink() if path.is_file() else None
    world.core.adapters.provisioner("here").destroy(restore.plan.instance)
    world.core.reconcile()
    assert world.core.catalog.instances.get(restore.plan.instance).state is InstanceState.STOPPED


def test_a_backup_that_was_never_proven_is_proven_before_it_is_restored(make_world: Callable[..., World]) -> None:
    """There is always a fingerprint to compare with."""
    world = make_world(source='prove = "never"')
    restore = approved(world)
    assert restore.state is RestoreState.READY
    assert world.core.catalog.instances.get(restore.plan.instance).fingerprint_equal is True


def test_a_restore_without_a_reason_is_refused(world: World) -> None:
    """An approver has something to judge."""
    plan = world.core.plan_restore(world.take(), ANNA)
    with pytest.raises(UsageError):
        world.core.request_restore(plan, "  ", ANNA)


def test_two_plans_of_one_second_do_not_share_an_instance(world: World) -> None:
    """The second request for the same plan is refused, and a plan made after the first has another name."""
    backup = world.take()
    plan = world.core.plan_restore(backup, ANNA)
    world.core.request_restore(plan, "first", ANNA)
    with pytest.raises(Stale):
        world.core.request_restore(plan, "second", BEN)
    assert world.core.plan_restore(backup, BEN).instance != plan.instance
