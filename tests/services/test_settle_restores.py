"""A restore whose process died is settled at once; what it made is removed beside that, by one process at a time."""

import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from core.catalog.leases import RUN_SECONDS
from core.model.instance import InstanceState
from core.model.restore import Restore, RestoreState
from core.services.instances import destroy_run
from tests.catalog import samples
from tests.support.waiting import until
from tests.support.world import World

NAME = "janusgraph-restore-1"


@dataclass
class Patient:
    """A provisioner whose removals take until they are let go."""

    begun: list[str] = field(default_factory=list)
    let_go: threading.Event = field(default_factory=threading.Event)

    def destroy(self, name: str) -> None:
        """Wait."""
        self.begun.append(name)
        assert self.let_go.wait(60)


@pytest.fixture
def place(world: World) -> Iterator[Patient]:
    """Return the provisioner of the instance; at the end it lets go."""
    patient = Patient()
    world.core.adapters.provisioners["here"] = patient  # type: ignore[index]
    yield patient
    patient.let_go.set()


@pytest.fixture
def left(world: World) -> Restore:
    """Return a restore that a dead process left half-way."""
    catalog = world.core.catalog
    catalog.backups.adopt(samples.good(1))
    restore = catalog.restores.create(samples.restore(1, state=RestoreState.RUNNING, owner=""))
    catalog.instances.create(samples.instance(name=NAME, restore_id=restore.id))
    return restore


def state(world: World) -> InstanceState:
    """Return how the instance stands."""
    return world.core.catalog.instances.get(NAME).state


def test_a_pass_does_not_wait_for_the_removal(world: World, place: Patient, left: Restore) -> None:
    """People are told at once, passes go on, none of them begins the removal again, and it comes to its end."""
    for _ in range(3):
        world.core.reconcile()
        until(lambda: place.begun == [NAME])
        ended = world.core.catalog.restores.get(left.id)
        assert (ended.state, state(world)) == (RestoreState.INTERRUPTED, InstanceState.DESTROYING)
    assert ended.failure is not None
    place.let_go.set()
    world.settled(destroy_run(NAME))
    assert state(world) is InstanceState.DESTROYED
    assert place.begun == [NAME]
    assert world.core.catalog.leases.held() == ()


def test_a_removal_whose_process_is_killed_is_taken_up(
    world: World, place: Patient, left: Restore, stranger: "subprocess.Popen[str]"
) -> None:
    """As long as it lives nobody else begins; once it is dead any process does, the command line too."""
    assert stranger.stdout is not None
    catalog, run, owner = world.core.catalog, destroy_run(NAME), stranger.stdout.readline().strip()
    catalog.restores.move(left.id, frozenset({RestoreState.RUNNING}), state=RestoreState.INTERRUPTED)
    catalog.instances.move(NAME, frozenset({InstanceState.PROVISIONING}), state=InstanceState.DESTROYING)
    assert catalog.leases.acquire(run, owner, run, world.clock.now(), RUN_SECONDS)
    world.core.reconcile()
    assert (world.core.runner.under_way(), place.begun) == ({}, [])
    stranger.kill()
    stranger.wait()
    place.let_go.set()
    world.core.reconciler(take_over=False)
    world.settled(run)
    assert state(world) is InstanceState.DESTROYED
    assert catalog.leases.held() == ()


def test_an_instance_of_another_restore_is_not_touched(world: World, place: Patient, left: Restore) -> None:
    """Two restores of one second may have planned the same name: only what a restore made itself goes with it."""
    catalog = world.core.catalog
    other = catalog.restores.create(
        samples.restore(2, plan=left.plan, state=RestoreState.RUNNING, owner=world.core.owner)
    )
    catalog.instances.move(NAME, frozenset({InstanceState.PROVISIONING}), restore_id=other.id)
    world.core.reconcile()
    assert catalog.restores.get(left.id).state is RestoreState.INTERRUPTED
    assert (state(world), place.begun) == (InstanceState.PROVISIONING, [])
