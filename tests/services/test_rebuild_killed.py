"""A rebuild or a copy that is killed: there is the old catalog or the new one, never none, and the next one sweeps."""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.catalog import Catalog
from core.model.naming import CATALOG_SOURCE
from tests.support.mortal import unmeasured
from tests.support.rebuilding import copied, filled, rebuilder, records
from tests.support.world import ANNA, World

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[2]
STEPS_OF_THE_SWAP = 20
"""More than there are from the first link to the last sweep."""
KILLED = """
import sys
from pathlib import Path

from core.services.rebuild_catalog import Wish
from tests.support.mortal import Killer
from tests.support.rebuilding import rebuilder
from tests.support.world import ANNA
rebuilding = rebuilder(Path(sys.argv[1]))
killer = Killer(int(sys.argv[2]))
sys.addaudithook(killer)
rebuilding(ANNA, Wish(manifests_only=sys.argv[3] == "manifests"))
print(killer.seen)
"""
COPYING = """
import os, sys
from pathlib import Path
from core.bootstrap import SHAPES, build_core
from core.config import read_config
from core.model.person import SYSTEM
from tests.support.world import FixedGroups
core = build_core(read_config(Path(sys.argv[1]) / "safehold.toml", SHAPES), role="bot", groups=FixedGroups())
print("ready", flush=True)
while True:
    core.catalog.audit.append(core.clock.now(), SYSTEM, "test", "", "done", {})
    core.catalog.marks.put("catalog copies", "{}")
    core.copy_catalog(core.clock.now())
"""


def killed_at(world: World, event: int, what: str) -> int:
    """Rebuild in another process that is killed at that event; return how many there were where it came to its end."""
    argv = [sys.executable, "-c", KILLED, str(world.root), str(event), what]
    ended = subprocess.run(argv, cwd=ROOT, env=unmeasured(), capture_output=True, text=True, check=False)
    assert ended.returncode in {0, -9}, ended.stderr
    return int(ended.stdout or 0)


@pytest.mark.parametrize("what", ["copy", "manifests"])
def test_a_killed_rebuild_leaves_one_catalog(world: World, what: str) -> None:
    """Killed at events all over a rebuild, before the swap and after it: everything listed is still listed."""
    filled(world)
    copied(world)
    path = world.core.config.catalog_path
    before = {key: record.state for key, record in records(path).items()}
    world.core.close()
    chance, event, swapped, kills = random.Random(5), 1, 0, 0
    while not killed_at(world, event, what):
        kills += 1
        with Catalog.open(path) as catalog:
            catalog.check()
            assert catalog.audit.check().broken is None
            swapped += any(entry.act == "catalog-rebuilt" for entry in catalog.audit.entries(limit=1000))
        assert {key: record.state for key, record in records(path).items()} == before
        event += chance.randrange(1, 9)
    assert kills > 9
    assert swapped
    rebuilder(world.root)(ANNA)
    left = [file.name for file in path.parent.glob("catalog.db*") if ".aside-" not in file.name]
    assert sorted(left) == ["catalog.db", "catalog.db.lock"]


def test_the_swap_itself_is_killed_at_each_of_its_steps(world: World) -> None:
    """Killed at every single one of the last events, around the swap, the file in place is whole, old or new."""
    filled(world)
    path = world.core.config.catalog_path
    before = {key: record.state for key, record in records(path).items()}
    world.core.close()
    events = killed_at(world, 0, "manifests")
    assert events > STEPS_OF_THE_SWAP
    for event in range(events - STEPS_OF_THE_SWAP, events + 1):
        assert not killed_at(world, event, "manifests")
        assert {key: record.state for key, record in records(path).items()} == before


def test_a_killed_copy_costs_nothing(make_world: Callable[..., World]) -> None:
    """Killed at random moments of copying: the catalog is whole, so is the newest copy, and leftovers are swept."""
    world = make_world()
    filled(world)
    world.core.close()
    chance = random.Random(3)
    for _ in range(6):
        argv = [sys.executable, "-c", COPYING, str(world.root)]
        with subprocess.Popen(argv, cwd=ROOT, env=unmeasured(), stdout=subprocess.PIPE, text=True) as copying:
            assert copying.stdout is not None
            assert copying.stdout.readline() == "ready\n"
            deadline = time.monotonic() + chance.uniform(0.05, 0.6)
            while time.monotonic() < deadline:
                assert copying.poll() is None
            copying.kill()
        with Catalog.open(world.core.config.catalog_path) as catalog:
            catalog.check()
            assert catalog.audit.check().broken is None
    made = rebuilder(world.root)(ANNA)
    assert made.copy is not None
    assert made.tally.untrusted_count == 0
    copied(make_world())
    shelves = [*(world.root / "vault" / CATALOG_SOURCE).iterdir()]
    assert all((shelf / "manifest.json").exists() for shelf in shelves)
    assert len(shelves) <= 4
    assert not (world.root / "state" / "catalog-copy").exists()
