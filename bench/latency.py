"""Source write latency with and without a running backup, and how long captures hold the source's lock.

python -m bench.latency [--rounds 4] [--seconds 10]

Each spell of work stands between two without, half as long, so that the machine's moods and the source's warming up
fall on both alike; the ways take turns, there and back. Medians of the rounds' ratios are printed. `floor` is what any
work costs: two loops that do nothing, at the lowest priority that Linux has, one a core.
"""

import argparse
import itertools
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from core.bootstrap import SHAPES, Core, build_core
from core.config import read_config
from core.model.backup import Tier
from tests.e2e.conftest import TOML
from tests.support.janus import FILL, GODS, Janus, janus_server
from tests.support.world import ANNA, FixedGroups

WRITE = "g.addV('god').property('name', UUID.randomUUID().toString()).iterate(); g.tx().commit(); 'written'"
WRITERS = 2
PARTS = (50, 99)
UNPROVEN = """
[sources.unproven]
engine = "janusgraph-berkeleyje"
endpoint = "{endpoint}"
directory = "{data}"
prove = "never"
"""
LOOP = """
import os
os.setpriority(os.PRIO_PROCESS, 0, 19)
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
if os.path.exists("/proc/self/autogroup"):
    open("/proc/self/autogroup", "w").write("19")
while True:
    pass
"""


def written(server: Janus, seconds: float) -> list[float]:
    """Write for so many seconds with two clients; return the milliseconds of each commit."""
    until = time.monotonic() + seconds

    def write(_: int) -> list[float]:
        took = list[float]()
        while time.monotonic() < until:
            began = time.monotonic()
            server.run(WRITE)
            took.append((time.monotonic() - began) * 1000)
        return took

    with ThreadPoolExecutor(WRITERS) as pool:
        return list(itertools.chain.from_iterable(pool.map(write, range(WRITERS))))


@contextmanager
def backups(core: Core, source: str, tier: Tier, locks: list[float]) -> Iterator[None]:
    """Take backup after backup while the block lasts; note the milliseconds each held the lock."""
    stop = threading.Event()

    def take() -> None:
        while not stop.is_set():
            backup = core.create_backup(source, ANNA, tiers=frozenset({tier})).backup
            core.runner.wait(backup.id, 300)
            manifest = core.adapters.vault("local").manifest(source, backup.id)
            locks.append(manifest.facts["capture"]["lock_seconds"] * 1000)

    with ThreadPoolExecutor(1) as pool:
        taking = pool.submit(take)
        try:
            yield
        finally:
            stop.set()
        taking.result()


@contextmanager
def floor() -> Iterator[None]:
    """Keep every core busy at the lowest priority while the block lasts."""
    loops = [subprocess.Popen([sys.executable, "-c", LOOP], start_new_session=True) for _ in range(2)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


Ratios = dict[str, list[tuple[list[float], list[float]]]]


def measured(server: Janus, core: Core, chosen: argparse.Namespace) -> tuple[Ratios, list[float]]:
    """Return the commit times of each round, without and during each kind of work, and lock times, in milliseconds."""
    locks = list[float]()
    ways: dict[str, Callable[[], AbstractContextManager[None]]] = {
        "scheduled": lambda: backups(core, "gods", Tier.DAILY, locks),
        "scheduled, not proven": lambda: backups(core, "unproven", Tier.DAILY, locks),
        "asked for": lambda: backups(core, "gods", Tier.ON_DEMAND, locks),
        "floor": floor,
    }
    found: Ratios = {name: [] for name in ways}
    written(server, chosen.seconds)
    before = written(server, chosen.seconds / 2)
    for number in range(chosen.rounds):
        for name in list(ways)[:: 1 if number % 2 == 0 else -1]:
            with ways[name]():
                during = written(server, chosen.seconds)
            after = written(server, chosen.seconds / 2)
            found[name].append((before + after, during))
            before = after
    return found, locks


def percentile(values: list[float], part: int) -> float:
    """Return a percentile of the values."""
    return statistics.quantiles(values, n=100)[part - 1]


def show(name: str, rounds: list[tuple[list[float], list[float]]]) -> None:
    """Print what one kind of work does to commits."""
    for part in PARTS:
        without, during = ([percentile(each[n], part) for each in rounds] for n in (0, 1))
        ratios = [b / a for a, b in zip(without, during, strict=True)]
        print(
            f"{name}, p{part}: {statistics.median(without):.1f} ms without, {statistics.median(during):.1f} ms during, "
            f"ratio {statistics.median(ratios):.2f} ({', '.join(f'{ratio:.2f}' for ratio in ratios)})"
        )


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=4)
    options.add_argument("--seconds", type=float, default=10)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, janus_server(Path(folder) / "gods", "gods", {}) as server:
        server.run(GODS)
        server.run(FILL)
        root = Path(folder)
        (root / "vault").mkdir()
        text = (TOML + UNPROVEN).format(root=root, endpoint=server.endpoint, data=server.data)
        (root / "safehold.toml").write_text(text)
        with build_core(read_config(root / "safehold.toml", SHAPES), role="bot", groups=FixedGroups()) as core:
            found, locks = measured(server, core, chosen)
    for name, rounds in found.items():
        show(name, rounds)
    print(f"lock: median {statistics.median(locks):.2f} ms, most {max(locks):.2f} ms, {len(locks)} captures")


if __name__ == "__main__":
    main()
