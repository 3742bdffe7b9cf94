"""Decisions on a restore: by whom, by what right, about which plan, at the same time, too late."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from core.errors import NotAllowed, OwnRequest, PlanChanged, SafeholdError, Stale, UsageError
from core.model.backup import BackupState
from core.model.person import Door, Person
from core.model.restore import Restore, RestoreState
from tests.services.asking import approved, ask
from tests.support.world import ANNA, BEN, CARL, GITA, World


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


def test_two_last_approvals_at_once_are_enough_for_two(make_world: Callable[..., World]) -> None:
    """Both were counted, so the restore begins; nobody is left waiting for a third."""
    world = make_world(access="approvals_needed = 2")
    restore, gate = ask(world), threading.Barrier(2)

    def decide(person: Person) -> None:
        gate.wait()
        world.core.decide_restore(restore.id, person, approve=True)

    threads = [threading.Thread(target=decide, args=(person,)) for person in (BEN, CARL)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    world.settled(restore.id)
    assert world.core.catalog.restores.get(restore.id).state is RestoreState.READY


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


@pytest.mark.parametrize("pressed", [True, False])
def test_a_request_is_void_when_its_backup_turns_out_damaged(world: World, *, pressed: bool) -> None:
    """The approval of a plan is not an approval of other bytes; the record says what no longer fits."""
    restore = ask(world)
    archive = next((world.root / "vault").rglob("*.tar.zst"))
    archive.write_bytes(archive.read_bytes()[:-1])
    world.core.verify_backup(restore.plan.backup_id, ANNA)
    world.settled(f"verify:{restore.plan.backup_id}")
    if pressed:
        with pytest.raises(PlanChanged, match="Nothing was restored"):
            world.core.decide_restore(restore.id, BEN, approve=True)
    else:
        world.core.reconcile()
    void = world.core.catalog.restores.get(restore.id)
    assert void.state is RestoreState.VOID
    assert void.failure is not None
    assert void.failure.message == "Void: the backup is damaged now. Nothing was restored."


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


def test_every_decision_is_in_an_unbroken_audit_record(world: World) -> None:
    """Who, through which door, what, about which plan; and the chain holds."""
    restore = approved(world)
    entries = world.core.catalog.audit.entries()
    assert [e.act for e in entries] == ["backup", "backup-ended", "restore", "decide", "restore-ended"]
    decide = entries[3]
    assert (decide.person.id, decide.subject, decide.outcome) == (BEN.id, restore.id, "approved")
    assert decide.detail["plan_hash"] == restore.plan_hash
    assert world.core.catalog.audit.verify() is None


def test_a_request_that_ends_at_a_click_is_in_the_audit_record(world: World) -> None:
    """Both that somebody clicked, and that the request expired or became void by it, once."""

    def entries(restore: Restore) -> list[tuple[str, str]]:
        found = [entry for entry in world.core.catalog.audit.entries(limit=100) if entry.subject == restore.id]
        return [(entry.act, entry.outcome) for entry in found if entry.act in {"decide", "restore-ended"}]

    void = ask(world)
    world.core.catalog.backups.move(
        void.plan.backup_id, frozenset({BackupState.GOOD}), state=BackupState.DAMAGED, failure=None
    )
    with pytest.raises(PlanChanged):
        world.core.decide_restore(void.id, BEN, approve=True)
    late = ask(world)
    world.clock.offset += timedelta(hours=5)
    with pytest.raises(Stale):
        world.core.decide_restore(late.id, BEN, approve=True)
    world.core.reconcile()
    assert entries(void) == [("restore-ended", "void"), ("decide", "refused: plan-changed")]
    assert entries(late) == [("restore-ended", "expired"), ("decide", "refused: stale")]
