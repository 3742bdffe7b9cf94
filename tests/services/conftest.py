"""Worlds for service tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.world import World, build_world


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Make started worlds; close them afterwards."""
    made: list[World] = []

    def make(**settings: str | int) -> World:
        world = build_world(tmp_path, **settings)  # type: ignore[arg-type]
        world.core.start()
        made.append(world)
        return world

    yield make
    for world in made:
        world.core.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """Return a started world."""
    return make_world()
