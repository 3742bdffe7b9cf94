"""Records: finding them, moving them, and what each kind promises."""

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.catalog import Catalog, Lease
from core.catalog.leases import RUN_SECONDS
from core.errors import AmbiguousId, LeaseHeld, UnknownName
from core.model.backup import BackupState, Tier
from core.model.instance import InstanceState
from core.model.progress import Step
from core.model.restore import Decision, Restore, RestoreState
from tests.catalog import samples

WAITING = frozenset({RestoreState.WAITING})
STEP = Step("storing", 12, 28)


def _decision(**fields: object) -> Decision:
    return replace(
        Decision(samples.BELA, approved=True, reason="fine", decided_at=samples.NOON, plan_hash="hash"), **fields
    )  # type: ignore[arg-type]


# Finding


def test_backup_is_found_by_any_unique_beginning(catalog: Catalog) -> None:
    """A whole id, the beginning of one, and the beginning of its last part in any case find a backup."""
    made = catalog.backups.adopt(samples.good(1, id="20261123T120001Z-7f3a1c"))
    catalog.backups.adopt(samples.good(2, id="20261123T120002Z-81b001", source="orders"))
    for reference in (made.id, "20261123T120001", "7f3a1c", "7", "7F3A"):
        assert catalog.backups.find(reference) == made
    assert catalog.backups.find("20261123", "gods") == made
    for unknown in ("", "9", "20261124", "' or 1=1 --", "%", "7f3a1c9"):
        with pytest.raises(UnknownName, match="I don't know a backup"):
            catalog.backups.find(unknown)
    for other in (made.id, "7f3a"):
        with pytest.raises(UnknownName):
            catalog.backups.find(other, "orders")
    with pytest.raises(UnknownName):
        catalog.backups.get("7f3a1c")


def test_whole_id_wins_over_longer_ones(catalog: Catalog) -> None:
    """An id that another begins with is still found by itself."""
    catalog.backups.adopt(samples.good(1, id="a-1"))
    catalog.backups.adopt(samples.good(2, id="a-12"))
    assert catalog.backups.find("a-1").id == "a-1"


def test_ambiguous_reference_names_what_it_matches(catalog: Catalog) -> None:
    """A beginning of several names them with source and time, five at the most."""
    for number in range(1, 3):
        catalog.backups.adopt(samples.good(number, id=f"20261123T12000{number}Z-7f000{number}"))
    with pytest.raises(AmbiguousId) as two:
        catalog.backups.find("7f")
    assert two.value.message == (
        "7f matches 2 backups: 20261123T120002Z-7f0002 (gods, 2026-11-23 12:00 UTC), "
        "20261123T120001Z-7f0001 (gods, 2026-11-23 12:00 UTC)."
    )
    for number in range(3, 9):
        catalog.backups.adopt(samples.good(number, id=f"20261123T12000{number}Z-7f000{number}"))
    with pytest.raises(AmbiguousId, match="matches more than 5 backups") as many:
        catalog.backups.find("2026")
    assert many.value.message.count("UTC") == 5


def test_restore_and_instance_are_found_by_beginnings(catalog: Catalog) -> None:
    """Restores and instances are found like backups, and told apart in the same words."""
    first = catalog.restores.create(samples.restore(1))
    catalog.restores.create(samples.restore(2))
    assert catalog.restores.find("r-00000001") == first == catalog.restores.find("00000001")
    with pytest.raises(AmbiguousId, match=r"matches 2 restores: r-00000002 \(gods, 2026-11-23 12:00 UTC\)"):
        catalog.restores.find("r-")
    made = catalog.instances.create(samples.instance(1))
    assert catalog.instances.find("20261123T120001Z") == made == catalog.instances.find("janus")
    catalog.instances.create(samples.instance(2))
    with pytest.raises(AmbiguousId, match="matches 2 instances"):
        catalog.instances.find("janus")


# Backups


def test_begin_joins_the_open_backup(catalog: Catalog) -> None:
    """A second request joins the one that is open and adds its tiers; the record is told as changed only then."""
    made, created = catalog.backups.begin(samples.backup(1))
    assert created
    assert catalog.leases.held() == (
        Lease(
            "source:gods", made.owner, made.id, made.requested_at, made.requested_at + timedelta(seconds=RUN_SECONDS)
        ),
    )
    same, created = catalog.backups.begin(samples.backup(2))
    assert (same, created) == (made, False)
    joined, created = catalog.backups.begin(samples.backup(3, tiers=frozenset({Tier.DAILY})))
    assert (joined.id, joined.tiers, created) == (made.id, frozenset({Tier.DAILY, Tier.ON_DEMAND}), False)
    assert joined.revision == made.revision + 1
    other, created = catalog.backups.begin(samples.backup(4, source="orders"))
    assert created
    assert other.source == "orders"


def test_begin_is_refused_while_the_source_is_held(catalog: Catalog) -> None:
    """A run of another kind holds the source: nothing is recorded until it ends or its lease runs out."""
    catalog.leases.acquire("source:gods", "other:1:1", "prune:1", samples.NOON, 60)
    with pytest.raises(LeaseHeld, match="gods is in use"):
        catalog.backups.begin(samples.backup(1))
    assert catalog.backups.newest("gods") is None
    assert catalog.backups.begin(samples.backup(61))[1]


def test_taken_ids_are_refused(catalog: Catalog) -> None:
    """An id that is taken changes nothing, alone or in a batch."""
    catalog.backups.adopt(samples.good(1))
    with pytest.raises(KeyError):
        catalog.backups.begin(samples.backup(1))
    with pytest.raises(KeyError):
        catalog.backups.adopt_many([samples.good(2), samples.good(1)])
    assert catalog.leases.held() == ()
    assert catalog.backups.totals() == (1, 1000)
    assert catalog.backups.adopt_many([]) == 0


def test_other_faults_are_not_taken_for_a_taken_id(catalog: Catalog) -> None:
    """A record that lacks what it must have is refused as that."""
    with pytest.raises(sqlite3.IntegrityError, match="NOT NULL"):
        catalog.backups.adopt(samples.good(1, note=None))


def test_move_is_by_compare_and_set(catalog: Catalog) -> None:
    """A move from the wrong state, or of nothing, changes nothing; a right one returns what is stored."""
    made, _ = catalog.backups.begin(samples.backup(1))
    assert catalog.backups.move(made.id, frozenset({BackupState.GOOD}), size=1) is None
    assert catalog.backups.move("nothing", samples.OPEN, size=1) is None
    moved = catalog.backups.move(
        made.id, samples.OPEN, state=BackupState.RUNNING, step=STEP, failure=samples.FAILURE, started_at=samples.NOON
    )
    assert moved is not None
    assert moved == catalog.backups.get(made.id)
    assert (moved.state, moved.step, moved.failure, moved.started_at) == (
        BackupState.RUNNING,
        STEP,
        samples.FAILURE,
        samples.NOON,
    )
    for wrong in ({"sise": 1}, {"id": "x"}):
        with pytest.raises(TypeError, match="can't change"):
            catalog.backups.move(made.id, samples.OPEN, **wrong)
    with pytest.raises(ValueError, match="aware"):
        catalog.backups.move(made.id, samples.OPEN, finished_at=datetime(2026, 1, 1))  # noqa: DTZ001 - what is refused


def test_lease_ends_with_the_run(catalog: Catalog) -> None:
    """The move that ends a run releases its source, and only if that run holds it."""
    made, _ = catalog.backups.begin(samples.backup(1))
    catalog.backups.move(made.id, samples.OPEN, state=BackupState.RUNNING)
    assert len(catalog.leases.held()) == 1
    catalog.backups.move(made.id, samples.OPEN, state=BackupState.GOOD)
    assert catalog.leases.held() == ()
    begun, _ = catalog.backups.begin(samples.backup(2))
    # Who settles a run that a dead process left ends it as its own.
    catalog.backups.move(begun.id, samples.OPEN, owner="settles")
    catalog.backups.move(begun.id, samples.OPEN, state=BackupState.INTERRUPTED)
    assert catalog.leases.held() == ()
    catalog.leases.acquire("source:gods", "o", "another", samples.NOON, 60)
    catalog.backups.move(made.id, frozenset({BackupState.GOOD}), state=BackupState.DAMAGED)
    assert len(catalog.leases.held()) == 1


def test_progress_is_shown_only_while_open(catalog: Catalog) -> None:
    """A late report of a run that has ended changes nothing."""
    made, _ = catalog.backups.begin(samples.backup(1))
    catalog.backups.report(made.id, STEP)
    assert catalog.backups.get(made.id).step == STEP
    catalog.backups.move(made.id, samples.OPEN, state=BackupState.CANCELLED, step=None)
    catalog.backups.report(made.id, STEP)
    assert catalog.backups.get(made.id).step is None


def test_newest_and_lists(catalog: Catalog) -> None:
    """Newest, newest good, last proven, failures and open ones are each the right rows in the right order."""
    assert catalog.backups.newest_good("gods") is None
    assert catalog.backups.last_proven_at("gods") is None
    catalog.backups.adopt(samples.good(1, proven_at=samples.NOON + timedelta(days=1)))
    catalog.backups.adopt(samples.good(2))
    catalog.backups.adopt(samples.backup(3, state=BackupState.FAILED))
    catalog.backups.adopt(samples.backup(4, state=BackupState.CANCELLED))
    catalog.backups.adopt(samples.good(5, state=BackupState.DAMAGED))
    catalog.backups.adopt(samples.backup(6))
    catalog.backups.adopt(samples.good(7, source="orders"))
    good, newest = catalog.backups.newest_good("gods"), catalog.backups.newest("gods")
    assert (good and good.id, newest and newest.id) == (samples.good(2).id, samples.backup(6).id)
    assert catalog.backups.last_proven_at("gods") == samples.NOON + timedelta(days=1)
    assert [b.id for b in catalog.backups.recent_failures(5)] == [samples.good(5).id, samples.good(3).id]
    assert [b.id for b in catalog.backups.open_ones()] == [samples.backup(6).id]


def test_changes_come_in_the_order_they_were_made(catalog: Catalog) -> None:
    """One counter numbers every change of backups, restores and instances; each record stands at its last."""
    made, _ = catalog.backups.begin(samples.backup(1))
    restore = catalog.restores.create(samples.restore(1))
    instance = catalog.instances.create(samples.instance(1))
    catalog.backups.report(made.id, STEP)
    assert (made.revision, restore.revision, instance.revision, catalog.revision()) == (1, 2, 3, 4)
    assert [b.revision for b in catalog.backups.changed_since(1)] == [4]
    assert catalog.restores.changed_since(1) == (restore,)
    assert catalog.instances.changed_since(3) == ()
    assert catalog.backups.changed_since(0, limit=0) == ()


# Restores and instances


def test_restore_comes_back_as_it_was(catalog: Catalog) -> None:
    """A restore with decisions is read back equal to what was put in."""
    given = samples.restore(decisions=(_decision(), _decision(person=samples.ANNA, break_glass=True)), step=STEP)
    kept = catalog.restores.create(given)
    assert kept == catalog.restores.get(given.id) == replace(given, revision=1)
    with pytest.raises(KeyError):
        catalog.restores.create(given)


def test_decisions_of_different_people_add_up(catalog: Catalog) -> None:
    """Each person decides once, while the restore waits; the decision that is enough moves it on."""
    made = catalog.restores.create(samples.restore(approvals_needed=2))
    first = catalog.restores.decide(made.id, _decision(), None)
    assert first is not None
    assert (first.state, len(first.decisions)) == (RestoreState.WAITING, 1)
    assert catalog.restores.decide(made.id, _decision(reason="again"), RestoreState.APPROVED) is None
    enough = catalog.restores.decide(made.id, _decision(person=samples.ANNA), RestoreState.APPROVED)
    assert enough is not None
    assert (enough.state, enough.finished_at) == (RestoreState.APPROVED, None)
    assert [d.person for d in enough.decisions] == [samples.BELA, samples.ANNA]
    third = replace(samples.BELA, id="os:third")
    assert catalog.restores.decide(made.id, _decision(person=third), RestoreState.DENIED) is None
    assert catalog.restores.decide("nothing", _decision(), None) is None
    assert catalog.restores.waiting() == ()


def test_denial_ends_a_restore(catalog: Catalog) -> None:
    """A restore that was denied has ended when it was."""
    made = catalog.restores.create(samples.restore())
    denied = catalog.restores.decide(made.id, _decision(approved=False), RestoreState.DENIED)
    assert denied is not None
    assert denied.finished_at == samples.NOON
    assert catalog.restores.open_ones() == ()


def test_open_restores_in_order(catalog: Catalog) -> None:
    """Restores that wait are those nobody decided on, the oldest first; a report shows only on open ones."""
    second, first = (catalog.restores.create(samples.restore(n)) for n in (2, 1))
    running: Restore | None = catalog.restores.move(second.id, WAITING, state=RestoreState.RUNNING)
    assert running is not None
    assert catalog.restores.waiting() == (first,)
    assert catalog.restores.open_ones() == (first, running)
    catalog.restores.report(second.id, STEP)
    assert catalog.restores.get(second.id).step == STEP
    catalog.restores.move(second.id, frozenset({RestoreState.RUNNING}), state=RestoreState.READY, step=None)
    catalog.restores.report(second.id, STEP)
    assert catalog.restores.get(second.id).step is None


@pytest.mark.parametrize("equal", [None, True, False])
def test_instance_comes_back_as_it_was(catalog: Catalog, equal: bool | None) -> None:  # noqa: FBT001 - a case
    """An instance is read back equal to what was put in; its name is taken for ever."""
    given = samples.instance(fingerprint_equal=equal, checked=("opened", "counted"), seconds=21.5, step=STEP)
    assert not catalog.instances.taken(given.name)
    assert catalog.instances.create(given) == catalog.instances.get(given.name) == replace(given, revision=1)
    assert catalog.instances.taken(given.name)
    with pytest.raises(KeyError):
        catalog.instances.create(given)


def test_instances_now_and_lately(catalog: Catalog) -> None:
    """What was destroyed or failed stands among the recent ones, not among the current ones."""
    for number, state in enumerate(InstanceState):
        catalog.instances.create(samples.instance(number, state=state))
    assert [i.state.value for i in catalog.instances.current()] == ["destroying", "stopped", "ready", "provisioning"]
    assert [i.state.value for i in catalog.instances.recent(2)] == ["destroyed", "destroying"]
    for made in catalog.instances.recent(10):
        catalog.instances.report(made.name, STEP)
    told = {i.state.value for i in catalog.instances.recent(10) if i.step is not None}
    assert told == {"provisioning", "destroying"}
