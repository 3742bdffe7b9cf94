"""Ask for a restore and see it through, as several tests begin."""

from core.model.person import Person
from core.model.restore import Restore
from tests.support.world import ANNA, BEN, World


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
