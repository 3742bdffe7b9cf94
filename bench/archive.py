"""Times the backup and the restore path against `tar | zstd -3 -T0` and `restic backup` on the same directory.

Usage: python -m bench.archive [--size 2g] [--runs 3] [--parts] [--work DIRECTORY] [--json FILE]. Ratios are medians of
the ratios within one run; every way starts with all earlier writes on the disk, its input in memory, and as much memory
just freed as it can fill: a virtual machine takes seconds to get that from its host, and the first to ask would
pay for all. With --parts hashing, compressing and writing are timed alone as well.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from bench import parts
from bench.generated import BACKUP, SOURCE, generate, manifest_of, size_of
from core.model.progress import silent
from core.runtime.files import remove_tree, tree_size
from core.vaults.directory import DirectoryVault

T = TypeVar("T")
RATIOS = (
    ("put", "tar+zstd, then sync"),
    ("put", "tar+zstd"),
    ("put + verify", "tar+zstd, then sync"),
    ("put + verify", "restic backup"),
    ("put", "restic backup"),
    ("unpack", "zstd -d+tar x"),
)


@dataclass
class Bench:
    """One directory, stored and restored in several ways."""

    work: Path
    size: int
    with_parts: bool = False
    seconds: dict[str, list[float]] = field(default_factory=dict)
    processor: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Generate the data and make an empty vault."""
        self.data = self.work / "data"
        self.image = generate(self.data, self.size)
        (self.work / "vault").mkdir()
        self.vault = DirectoryVault("bench", self.work / "vault")

    def run(self) -> None:
        """Time every way once."""
        archive = self.work / "plain.tar.zst"
        tar = f"tar -C {self.work} -cf - data | zstd -q -3 -T0 -f -o {archive}"
        self._timed("tar+zstd", lambda: _shell(tar))
        self._timed("tar+zstd, then sync", lambda: _shell(f"{tar} && sync {archive}"))
        self._ours()
        out = self._fresh("out")
        self._timed("zstd -d+tar x", lambda: _shell(f"zstd -q -d -c {archive} | tar -C {out} -xf -"))
        remove_tree(out)
        self.plain_size = archive.stat().st_size
        if self.with_parts:
            self._parts(archive)
        archive.unlink()
        if shutil.which("restic"):
            self._restic()

    def _ours(self) -> None:
        stored = self._timed("put", lambda: self.vault.put(SOURCE, BACKUP, self.image, silent))
        self._timed("verify", lambda: self.vault.verify(SOURCE, BACKUP, stored, silent))
        both = self.seconds["put"][-1] + self.seconds["verify"][-1]
        self.seconds.setdefault("put + verify", []).append(both)
        worked = self.processor["put"][-1] + self.processor["verify"][-1]
        self.processor.setdefault("put + verify", []).append(worked)
        self.ours_size = stored.size
        out = self._fresh("out")
        self._timed("unpack", lambda: self.vault.unpack(manifest_of(stored), out, silent))
        remove_tree(out)
        self.vault.discard(SOURCE, BACKUP)

    def _parts(self, archive: Path) -> None:
        for name, work in parts.parts(self.data, archive, self.work / "written"):
            if "sync" in name:  # of what the part before it wrote
                self._clocked(name, work)
            else:
                self._timed(name, work)

    def _restic(self) -> None:
        repository = self.work / "restic"
        environment = {**os.environ, "RESTIC_PASSWORD": "bench", "RESTIC_REPOSITORY": str(repository)}
        _shell("restic init -q", environment)
        self._timed("restic backup", lambda: _shell(f"restic backup -q --no-cache {self.data}", environment))
        self.restic_size = tree_size(repository)
        remove_tree(repository)

    def _timed(self, name: str, work: Callable[[], T]) -> T:
        spare = self.work / "spare"
        parts.fill(spare, self.size)
        spare.unlink()
        os.sync()
        return self._clocked(name, work)

    def _clocked(self, name: str, work: Callable[[], T]) -> T:
        before, started = sum(os.times()[:4]), time.perf_counter()
        result = work()
        self.seconds.setdefault(name, []).append(time.perf_counter() - started)
        self.processor.setdefault(name, []).append(sum(os.times()[:4]) - before)
        return result

    def _fresh(self, name: str) -> Path:
        path = self.work / name
        path.mkdir()
        return path


def _shell(command: str, environment: dict[str, str] | None = None) -> None:
    subprocess.run(["bash", "-euo", "pipefail", "-c", command], check=True, env=environment)


def _ratios(ours: list[float], other: list[float]) -> list[float]:
    return [one / another for one, another in zip(ours, other, strict=True)]


def report(bench: Bench) -> dict[str, object]:
    """Print the figures as Markdown tables and return them."""
    print(
        f"\n{bench.size / 1e9:.2f} GB in {len(bench.image.files)} files, median of {len(bench.seconds['put'])} runs\n"
    )
    print("| Way | Seconds | MB/s | Processor seconds |\n|---|---|---|---|")
    middle = {name: statistics.median(times) for name, times in bench.seconds.items()}
    for name, seconds in middle.items():
        worked = statistics.median(bench.processor[name])
        print(f"| {name} | {seconds:.2f} | {bench.size / 1e6 / seconds:.0f} | {worked:.2f} |")
    print("\n| Ratio | Median | Range | Of processor seconds |\n|---|---|---|---|")
    ratios = {}
    for ours, other in RATIOS:
        if other in bench.seconds:
            each, cost = (_ratios(times[ours], times[other]) for times in (bench.seconds, bench.processor))
            ratios[f"{ours} / {other}"] = statistics.median(each)
            spread = f"{min(each):.2f} to {max(each):.2f}"
            print(f"| {ours} / {other} | {statistics.median(each):.2f} | {spread} | {statistics.median(cost):.2f} |")
    sizes = {"safehold": bench.ours_size, "tar+zstd": bench.plain_size, "restic": getattr(bench, "restic_size", 0)}
    print("\nCompression:", ", ".join(f"{name} {bench.size / size:.2f} x" for name, size in sizes.items() if size))
    return {
        "size": bench.size,
        "seconds": bench.seconds,
        "processor": bench.processor,
        "ratios": ratios,
        "stored": sizes,
    }


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="2g")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--parts", action="store_true", help="time hashing, compressing and writing alone as well")
    parser.add_argument("--work", type=Path, help="a directory on the disk to measure")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.work, prefix="safehold-bench-") as work:
        bench = Bench(Path(work), size_of(arguments.size), arguments.parts)
        for number in range(arguments.runs):
            print(f"run {number + 1} of {arguments.runs}, load {os.getloadavg()[0]:.1f}", flush=True)
            bench.run()
            figures = report(bench)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
