"""Source write latency with and without a running backup, and how long captures hold the source's lock.

python -m bench.latency [--rounds 3] [--seconds 20]

Rounds without and with backups alternate in one run, so that the machine's moods fall on both alike.
"""

import argparse
import statistics
import tempfile
import threading
import time
from pathlib import Path

from core.bootstrap import SHAPES, Core, build_core
from core.config import read_config
from tests.e2e.conftest import TOML
from tests.support.janus import FILL, GODS, Janus, janus_server
from tests.support.world import ANNA, FixedGroups

WRITE = "g.addV('god').property('name', 'w' + System.nanoTime()).iterate(); g.tx().commit(); 'written'"
WRITERS = 2


def written(server: Janus, seconds: float) -> list[float]:
    """Write for so many seconds with two clients; return the milliseconds of each commit."""
    until, took = time.monotonic() + seconds, list[float]()

    def write() -> None:
        while time.monotonic() < until:
            began = time.monotonic()
            server.run(WRITE)
            took.append((time.monotonic() - began) * 1000)

    threads = [threading.Thread(target=write) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took


def backed_up(core: Core, stop: threading.Event) -> list[float]:
    """Take backup after backup until told to stop; return the milliseconds each held the lock."""
    locks = []
    while not stop.is_set():
        backup = core.create_backup("gods", ANNA).backup
        core.runner.wait(backup.id, 300)
        manifest = core.adapters.vault("local").manifest("gods", backup.id)
        locks.append(manifest.facts["capture"]["lock_seconds"] * 1000)
    return locks


def measured(server: Janus, core: Core, rounds: int, seconds: float) -> tuple[list[float], list[float], list[float]]:
    """Return commit times without and with backups, and lock times, all in milliseconds."""
    quiet, busy, locks = list[float](), list[float](), list[float]()
    written(server, 5)
    for _ in range(rounds):
        quiet += written(server, seconds)
        stop = threading.Event()
        thread = threading.Thread(target=lambda stop=stop: locks.extend(backed_up(core, stop)))
        thread.start()
        busy += written(server, seconds)
        stop.set()
        thread.join()
    return quiet, busy, locks


def percentile(values: list[float], part: int) -> float:
    """Return a percentile of the values."""
    return statistics.quantiles(values, n=100)[part - 1]


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=float, default=20)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, janus_server(Path(folder) / "gods", "gods", {}) as server:
        server.run(GODS)
        server.run(FILL)
        root = Path(folder)
        (root / "vault").mkdir()
        (root / "safehold.toml").write_text(TOML.format(root=root, endpoint=server.endpoint, data=server.data))
        with build_core(read_config(root / "safehold.toml", SHAPES), role="bot", groups=FixedGroups()) as core:
            quiet, busy, locks = measured(server, core, chosen.rounds, chosen.seconds)
    for part in (50, 99):
        without, during = percentile(quiet, part), percentile(busy, part)
        print(f"commit p{part}: {without:.1f} ms without, {during:.1f} ms during backups, ratio {during / without:.2f}")
    print(f"commits: {len(quiet)} without, {len(busy)} during, ratio {len(busy) / len(quiet):.2f}")
    print(f"lock: median {statistics.median(locks):.2f} ms, most {max(locks):.2f} ms, {len(locks)} captures")


if __name__ == "__main__":
    main()
