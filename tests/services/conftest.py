"""Worlds for service tests."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.world import World, build_world

PROJECT = Path(__file__).parents[2]
LIVING = "from core.runtime.identity import ProcessIdentity as P; print(P.current().owner, flush=True); input()"


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


@pytest.fixture
def stranger() -> Iterator["subprocess.Popen[str]"]:
    """Give another living process; its first line is its owner text."""
    process = subprocess.Popen(
        [sys.executable, "-c", LIVING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT
    )
    yield process
    process.kill()
    process.communicate()
