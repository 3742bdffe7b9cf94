"""A restore: plan, request, decision, run, destroy; refused, interrupted, twice, by two people at once."""

import sqlite3
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import NotAllowed, OwnRequest, PlanChanged, SafeholdError, Stale, UsageError
from core.model.instance import InstanceState
from core.model.person import Door, Person
from core.model.restore import Restore, RestoreState
from tests.support.world import ANNA, BEN, CARL, GITA, World


def ask(world: World) -> Restore:
    """Ask for a restore of a new backup as Anna."""
    plan = world.core.plan_restore(world.take(), ANNA)
    return world.core.request_restore(plan, "look at yesterday", ANNA)


def approved(world: World, person: Person = BEN) -> Restore:
    """Ask, approve, and wait for the end."""
    restore = ask(world)
    world.core.decide_restore(restore.id, person, approve=True)
    world.settled(restore.id)
    return world.core.catalog.restores.get(restore.id)


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


def test_the_requester_can_not_approve_even_as_an_approver(world: World) -> None:
    """Somebody else has to look."""
    plan = world.core.plan_restore(world.take(), BEN)
    restore = world.core.request_restore(plan, "reason", BEN)
    with pytest.raises(OwnRequest):
        world.core.decide_restore(restore.id, BEN, approve=True)
    assert world.core.catalog.restores.get(restore.id).state is RestoreState.WAITING


def test_who_has_no_right_can_not_decide(world: World) -> None:
    """A guest's click changes nothing, and is in the audit record."""
    restore = ask(world)
    with pytest.raises(NotAllowed):
        world.core.decide_restore(restore.id, GITA, approve=True)
    assert world.core.catalog.restores.get(restore.id).state is RestoreState.WAITING
    outcomes = [entry.outcome for entry in world.core.catalog.audit.entries() if entry.act == "decide"]
    assert outcomes == ["refused: not-allowed"]


def test_a_group_is_read_at_the_decision_not_before(world: World) -> None:
    """Who left the group an instant ago has no say."""
    restore = ask(world)
    world.groups.groups["S0DBA"] = frozenset()
    with pytest.raises(NotAllowed):
        world.core.decide_restore(restore.id, BEN, approve=True)
    world.core.decide_restore(restore.id, CARL, approve=True)
    world.settled(restore.id)


def test_a_denied_restore_makes_nothing(world: World) -> None:
    """No instance, and the reason is kept."""
    restore = ask(world)
    denied = world.core.decide_restore(restore.id, BEN, approve=False, reason="use staging")
    assert denied.state is RestoreState.DENIED
    assert denied.decisions[0].reason == "use staging"
    assert world.core.catalog.instances.current() == ()
    with pytest.raises(Stale):
        world.core.decide_restore(restore.id, CARL, approve=True)


def test_two_approvals_where_two_are_needed(make_world: Callable[..., World]) -> None:
    """One person's two clicks are one approval."""
    world = make_world(access="approvals_needed = 2")
    restore = ask(world)
    assert world.core.decide_restore(restore.id, BEN, approve=True).state is RestoreState.WAITING
    with pytest.raises(Stale):
        world.core.decide_restore(restore.id, BEN, approve=True)
    assert world.core.decide_restore(restore.id, CARL, approve=True).state is not RestoreState.WAITING
    world.settled(restore.id)
    assert world.core.catalog.restores.get(restore.id).state is RestoreState.READY


def test_two_people_at_once_start_one_restore(world: World) -> None:
    """Of two approvals at the same moment one counts, and one instance appears."""
    restore, outcomes, gate = ask(world), list[str](), threading.Barrier(2)

    def decide(person: Person) -> None:
        gate.wait()
        try:
            world.core.decide_restore(restore.id, person, approve=True)
            outcomes.append("approved")
        except Stale:
            outcomes.append("stale")

    threads = [threading.Thread(target=decide, args=(person,)) for person in (BEN, CARL)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    world.settled(restore.id)
    assert sorted(outcomes) == ["approved", "stale"]
    assert len(world.core.catalog.instances.current()) == 1


def test_another_plan_hash_is_refused(world: World) -> None:
    """What a person did not see they can't approve."""
    restore = ask(world)
    with pytest.raises(PlanChanged):
        world.core.decide_restore(restore.id, BEN, approve=True, plan_hash="0000-0000")
    world.core.decide_restore(restore.id, BEN, approve=True, plan_hash=restore.plan.short)
    world.settled(restore.id)


def test_a_request_expires_without_a_decision(world: World) -> None:
    """An old request can't be approved by a late click, and says so."""
    restore = ask(world)
    world.clock.offset = timedelta(hours=5)
    with pytest.raises(Stale, match="expired"):
        world.core.decide_restore(restore.id, BEN, approve=True)
    world.core.reconcile()
    assert world.core.catalog.restores.get(restore.id).state is RestoreState.EXPIRED


def test_a_request_is_void_when_its_backup_turns_out_damaged(world: World) -> None:
    """The approval of a plan is not an approval of other bytes."""
    restore = ask(world)
    archive = next((world.root / "vault").rglob("*.tar.zst"))
    archive.write_bytes(archive.read_bytes()[:-1])
    world.core.verify_backup(restore.plan.backup_id, ANNA)
    world.settled(f"verify:{restore.plan.backup_id}")
    with pytest.raises(PlanChanged, match="Nothing was restored"):
        world.core.decide_restore(restore.id, BEN, approve=True)
    assert world.core.catalog.restores.get(restore.id).state is RestoreState.VOID


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


def test_break_glass_at_the_command_line_is_recorded(world: World) -> None:
    """At 3 a.m. alone there is a way, and everybody sees that it was taken."""
    anna = Person("os:anna", "anna", Door.COMMAND_LINE)
    restore = world.core.request_restore(world.core.plan_restore(world.take(), anna), "outage", anna)
    with pytest.raises(OwnRequest):
        world.core.decide_restore(restore.id, anna, approve=True)
    with pytest.raises(UsageError):
        world.core.decide_restore(restore.id, anna, approve=True, break_glass=True)
    world.core.decide_restore(restore.id, anna, approve=True, break_glass=True, reason="nobody answers")
    world.settled(restore.id)
    ready = world.core.catalog.restores.get(restore.id)
    assert ready.state is RestoreState.READY
    assert ready.decisions[0].break_glass


def test_break_glass_does_not_work_from_slack(world: World) -> None:
    """It belongs to somebody with a shell on the machine."""
    restore = ask(world)
    with pytest.raises(SafeholdError):
        world.core.decide_restore(restore.id, ANNA, approve=True, break_glass=True, reason="please")


def test_without_a_required_approval_a_restore_begins_at_once(make_world: Callable[..., World]) -> None:
    """A team may choose so."""
    world = make_world(access="approval_required = false")
    restore = ask(world)
    world.settled(restore.id)
    assert world.core.catalog.restores.get(restore.id).state is RestoreState.READY


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


def test_every_decision_is_in_an_unbroken_audit_record(world: World) -> None:
    """Who, through which door, what, about which plan; and the chain holds."""
    restore = approved(world)
    entries = world.core.catalog.audit.entries()
    assert [e.act for e in entries] == ["backup", "backup-ended", "restore", "decide", "restore-ended"]
    decide = entries[3]
    assert (decide.person.id, decide.subject, decide.outcome) == (BEN.id, restore.id, "approved")
    assert decide.detail["plan_hash"] == restore.plan_hash
    assert world.core.catalog.audit.verify() is None


def test_two_plans_of_one_second_do_not_share_an_instance(world: World) -> None:
    """The second request for the same plan is refused, and a plan made after the first has another name."""
    backup = world.take()
    plan = world.core.plan_restore(backup, ANNA)
    world.core.request_restore(plan, "first", ANNA)
    with pytest.raises(Stale):
        world.core.request_restore(plan, "second", BEN)
    assert world.core.plan_restore(backup, BEN).instance != plan.instance
