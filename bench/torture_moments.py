"""Kill Safehold at random moments of what it does by itself, start it again, and look for anything untrue or left.

python -m bench.torture_moments [--kills 200] [--seed N]

Backups (capture, store, verify), letting go, deleting, sweeps of the vault and rebuilds of the catalog take turns, day
after day of a clock that the run drives. Each kill -9 falls up to 6 ms after a random opening, renaming,
linking or removing of a file. After each, Safehold starts again and has a minute for the truth: then every good backup
is read back byte by byte.
"""

import argparse
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tabulate import tabulate

from tests.support.struck import ACTS, Blow, Struck

SETTLE_SECONDS = 60.0


def strike(root: Path, kills: int, seed: int) -> list[Blow]:
    """Kill so many times, and say each fault at once."""
    struck, blows = Struck(root, random.Random(seed)), list[Blow]()
    struck.prepare()
    for number in range(kills):
        blow = struck.strike(ACTS[number % len(ACTS)])
        if blow.settled > SETTLE_SECONDS:
            blow.faults.append(f"the truth took {blow.settled:.0f} s")
        for fault in blow.faults:
            print(f"kill {number + 1}, {blow.act} at event {blow.event}, {blow.step}: {fault}", flush=True)
        blows.append(blow)
    return blows


def main() -> None:
    """Run and print."""
    options = argparse.ArgumentParser()
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    chosen = options.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        blows = strike(Path(folder), chosen.kills, chosen.seed)
    hits = Counter((blow.act, blow.step) for blow in blows)
    print(tabulate([[*key, count] for key, count in sorted(hits.items())], ["act", "killed while", "kills"], "github"))
    faults = sum(len(blow.faults) for blow in blows)
    slowest = max(blow.settled for blow in blows)
    print(f"{len(blows)} kills, {faults} faults, slowest settled and read back after {slowest:.1f} s")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
