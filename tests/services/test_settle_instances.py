"""Instances are settled by what is true when it is written, not by what a pass read at its beginning."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from core.model.backup import Failure
from core.model.instance import Instance, InstanceState
from core.model.restore import RestoreState
from core.services.instances import destroy_run
from tests.catalog import samples
from tests.services.asking import approved
from tests.support.world import ANNA, MovableClock, World

HOUR = 3_600
SECONDS_A_LOOK = 3.0


def ready(world: World) -> Instance:
    """Return an instance that was just restored."""
    return world.core.catalog.instances.get(approved(world).plan.instance)


def state_of(world: World, instance: Instance) -> InstanceState:
    """Return the state of an instance now."""
    world.settled(destroy_run(instance.name))
    return world.core.catalog.instances.get(instance.name).state


def test_an_instance_that_became_ready_during_a_pass_stays(world: World) -> None:
    """The pass knows it as provisioning, and its restore as ended: it is ready by then."""
    instance = ready(world)
    world.core.reconciler._look_at(replace(instance, state=InstanceState.PROVISIONING))
    assert state_of(world, instance) is InstanceState.READY
    assert world.core.adapters.provisioner("here").names() == (instance.name,)


def test_an_instance_whose_restore_failed_without_it_is_removed(world: World) -> None:
    """Its folder goes, and the audit record says why."""
    instance = ready(world)
    failure = Failure("internal", "Something broke.", "Look.", "ab12")
    catalog = world.core.catalog
    catalog.instances.move(instance.name, frozenset({InstanceState.READY}), state=InstanceState.PROVISIONING)
    catalog.restores.move(
        instance.restore_id, frozenset({RestoreState.READY}), state=RestoreState.FAILED, failure=failure
    )
    world.core.reconcile()
    assert state_of(world, instance) is InstanceState.DESTROYED
    assert world.core.adapters.provisioner("here").names() == ()
    assert ("destroy", "its restore is failed") in [(entry.act, entry.outcome) for entry in catalog.audit.entries()]


def test_an_instance_that_was_extended_during_a_pass_stays(world: World) -> None:
    """Who was told that it lives longer keeps it, though the pass read the old end of its lease."""
    seen = ready(world)
    world.clock.offset += seen.lease_ends_at - world.clock.now() - timedelta(seconds=5)
    world.core.extend_instance(seen.name, ANNA, HOUR)
    world.clock.offset += timedelta(seconds=10)
    world.core.reconciler._destroy_due(seen)
    assert state_of(world, seen) is InstanceState.READY
    world.clock.offset += timedelta(hours=1)
    world.core.reconcile()
    assert state_of(world, seen) is InstanceState.DESTROYED


@dataclass
class Slow:
    """A provisioner that takes three seconds to say how an instance is."""

    clock: MovableClock
    asked: list[str] = field(default_factory=list)

    def status(self, name: str) -> InstanceState:
        """Say that it is there."""
        self.clock.passed += SECONDS_A_LOOK
        self.asked.append(name)
        return InstanceState.READY


def test_slow_provisioners_do_not_hold_up_a_pass(world: World) -> None:
    """A pass looks at what it has time for; the next one goes on where it ended, and all are seen in turn."""
    slow = Slow(world.clock)
    world.core.adapters.provisioners["slow"] = slow  # type: ignore[index]
    ends = world.clock.now() + timedelta(days=1)
    for number in range(6):
        name = f"sqlite-restore-20260101T00000{number}Z"
        world.core.catalog.instances.create(
            samples.instance(name=name, state=InstanceState.READY, provisioner="slow", lease_ends_at=ends)
        )
    world.core.reconcile()
    assert len(slow.asked) == 2
    for _ in range(2):
        world.core.reconcile()
    assert len(set(slow.asked)) == 6
