"""Extending a lease: refused, twice, and by people at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from core.errors import NotAllowed, Stale, UsageError
from core.model.instance import Instance
from core.services.plan_restore import LONGEST_LIFE
from tests.services.asking import approved
from tests.support.world import ANNA, CARL, GITA, World

HOUR = 3_600


def ready(world: World) -> Instance:
    """Return an instance that was just restored."""
    return world.core.catalog.instances.get(approved(world).plan.instance)


def ends(world: World, instance: Instance) -> timedelta:
    """Return by how much its lease was lengthened."""
    return world.core.catalog.instances.get(instance.name).lease_ends_at - instance.lease_ends_at


def test_extensions_at_once_all_count(world: World) -> None:
    """Of eight people's hours in the same moment none overwrites another, and the record names each end."""
    instance, gate = ready(world), threading.Barrier(8)

    def extend(_: int) -> None:
        gate.wait()
        world.core.extend_instance(instance.name, ANNA, HOUR)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(extend, range(8)))
    assert ends(world, instance) == timedelta(hours=8)
    told = {entry.detail["until"] for entry in world.core.catalog.audit.entries() if entry.act == "extend"}
    assert len(told) == 8


def test_of_two_presses_beside_one_shown_end_one_counts(world: World) -> None:
    """Who presses Extend a moment later is told the new end, and nothing is added twice."""
    instance, gate = ready(world), threading.Barrier(2)

    def press(person: str) -> str:
        gate.wait()
        try:
            who = ANNA if person == "anna" else CARL
            world.core.extend_instance(instance.name, who, HOUR, shown=instance.lease_ends_at)
        except Stale as error:
            return error.message
        return "extended"

    with ThreadPoolExecutor(2) as pool:
        told = sorted(pool.map(press, ("anna", "carl")), reverse=True)
    assert ends(world, instance) == timedelta(hours=1)
    until = world.core.catalog.instances.get(instance.name).lease_ends_at
    assert told[0] == "extended"
    assert f"lives until {until:%Y-%m-%d %H:%M} UTC. Nothing was changed." in told[1]


def test_a_refused_extension_changes_nothing(world: World) -> None:
    """A guest, a negative time, and an instance that is gone are refused; thirty days from now is the most."""
    instance = ready(world)
    with pytest.raises(NotAllowed):
        world.core.extend_instance(instance.name, GITA, HOUR)
    with pytest.raises(UsageError):
        world.core.extend_instance(instance.name, ANNA, -HOUR)
    assert ends(world, instance) == timedelta(0)
    for _ in range(2):
        world.core.extend_instance(instance.name, ANNA, LONGEST_LIFE)
    most = world.clock.now() + timedelta(seconds=LONGEST_LIFE)
    assert world.core.catalog.instances.get(instance.name).lease_ends_at <= most
    world.core.destroy_instance(instance.name, ANNA)
    with pytest.raises(Stale, match="can't be extended"):
        world.core.extend_instance(instance.name, ANNA, HOUR)
    world.settled(f"destroy:{instance.name}")
