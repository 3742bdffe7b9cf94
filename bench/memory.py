"""Measure the peak memory of storing, verifying and unpacking, each in a process of its own.

Usage: python -m bench.memory [--sizes 200m,2g] [--work DIRECTORY]. Linux only: reads VmHWM of /proc/self/status.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.generated import BACKUP, SOURCE, generate, image_of, manifest_of, size_of
from core.model.progress import silent
from core.vaults.directory import DirectoryVault

VERBS = ("nothing", "put", "verify", "unpack")


def peak() -> int:
    """Return the most memory this process ever held, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    if not found:
        sys.exit("This system does not tell the peak memory of a process: VmHWM is missing.")
    return int(found[1]) * 1024


def child(verb: str, work: Path) -> None:
    """Do one verb and print the peak."""
    vault = DirectoryVault("bench", work / "vault")
    if verb == "put":
        vault.commit(manifest_of(vault.put(SOURCE, BACKUP, image_of(work / "data"), silent)))
    elif verb == "verify":
        vault.verify(SOURCE, BACKUP, vault.manifest(SOURCE, BACKUP).archive, silent)
    elif verb == "unpack":
        (work / "out").mkdir()
        vault.unpack(vault.manifest(SOURCE, BACKUP), work / "out", silent)
    print(peak())


def measure(size: int, parent: Path | None) -> dict[str, int]:
    """Return the peak bytes of each verb at that size."""
    with tempfile.TemporaryDirectory(dir=parent, prefix="safehold-bench-") as directory:
        work = Path(directory)
        generate(work / "data", size)
        (work / "vault").mkdir()
        argv = [sys.executable, "-m", "bench.memory", "--work", str(work), "--child"]
        return {verb: int(subprocess.run([*argv, verb], check=True, capture_output=True).stdout) for verb in VERBS}


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="200m,2g")
    parser.add_argument("--work", type=Path)
    parser.add_argument("--child", choices=VERBS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child, arguments.work)
        return
    print(f"| Size | {' | '.join(VERBS)} |\n|---|{'---|' * len(VERBS)}")
    for size in map(size_of, arguments.sizes.split(",")):
        peaks = measure(size, arguments.work)
        print(f"| {size / 1e6:.0f} MB | {' | '.join(f'{peaks[verb] / 1e6:.0f} MB' for verb in VERBS)} |", flush=True)


if __name__ == "__main__":
    main()
