"""Capture a JanusGraph under writes and log cleaning, and check each image transaction by transaction."""

import argparse
import json
import shutil
import signal
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.engines.janusgraph_berkeleyje import JanusGraphBerkeleyJE
from core.engines.janusgraph_berkeleyje.jvm import Tool
from core.engines.janusgraph_berkeleyje.place import graph_settings, write_properties
from core.model.image import Image
from core.model.manifest import Manifest
from core.model.place import Place
from core.model.progress import silent
from core.model.source import Source
from core.vaults.directory import DirectoryVault
from tests.support.engines import RealClock, manifest_of, new_backup_id
from tests.support.janus import CACHE, CLEANING, Janus, free_port, janus_server, java_or_skip
from tests.support.numbered_writer import KEPT, SCHEMA, WRITERS, Writer

BATCH = 10
NAIVE_BYTES_A_SECOND = 2_000_000
"""A small graph is copied before anything can happen; at this speed the naive copy meets what a big one meets."""
MEMORY = 512 << 20
SETTINGS = {**CLEANING, "storage.berkeleyje.ext.je.checkpointer.bytesInterval": "2000000"}


@dataclass(slots=True)
class Figures:
    """What the run counted."""

    captures: int = 0
    ok: int = 0
    torn: int = 0
    missing: int = 0
    unopened: int = 0
    naive_failures: int = 0
    naive: dict[str, int] = field(default_factory=dict)
    lock_milliseconds: list[float] = field(default_factory=list)
    windows: list[tuple[float, float]] = field(default_factory=list)
    fingerprints_equal: int = 0
    fingerprints: int = 0
    different: set[str] = field(default_factory=set)

    def judge(self, name: str, verdict: str) -> None:
        """Count one image's verdict."""
        if name.startswith("naive"):
            self.naive_failures += verdict != "ok"
            self.naive[verdict] = self.naive.get(verdict, 0) + 1
            return
        self.ok += verdict == "ok"
        self.torn += verdict == "torn"
        self.missing += verdict == "missing"
        self.unopened += verdict == "unopened"


def verdict_of(answer: dict[str, Any], acknowledged: Sequence[int], kept: int = KEPT) -> str:
    """Judge one image: ok, unopened, torn (half of a transaction), or missing (an acknowledged one isn't there).

    Each writer's transactions are numbered, so what an image has to hold is known exactly: with the accounts at
    `last`, the items of the newest `kept` transactions up to `last`, each whole, and no others.
    """
    if "error" in answer:
        return "unopened"
    expected: dict[str, list[list[int]]] = {}
    for writer in range(WRITERS):
        versions = set(answer["versions"].get(str(writer), []))
        if len(versions) != 1 or len(answer["versions"][str(writer)]) != len("abc"):
            return "torn"
        last = versions.pop()
        if last < acknowledged[writer]:
            return "missing"
        whole = [[0, 1], [1, 1], [2, 0]]
        expected |= {f"{writer}-{number}": whole for number in range(max(1, last - kept + 1), last + 1)}
    found = {name: sorted(parts) for name, parts in answer["items"].items()}
    return "ok" if found == expected else "torn"


@dataclass(slots=True)
class Torture:
    """One run against one server."""

    server: Janus
    root: Path
    engine: JanusGraphBerkeleyJE
    writers: list[Writer]
    vault: DirectoryVault
    kept: int = KEPT
    figures: Figures = field(default_factory=Figures)
    acknowledged: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def batch(self, numbers: range, compare_each: int) -> None:
        """Take some captures, each with a naive copy beside it, then check all of them in one JVM."""
        images = self.root / "images"
        images.mkdir()
        for number in numbers:
            self._progress(30)
            if number % 2:
                self._naive(images / f"naive-{number}")
            self._capture(images / f"exact-{number}", compare=number % compare_each == 0)
            if not number % 2:
                self._naive(images / f"naive-{number}")
        tool = Tool(*java_or_skip(), MEMORY)
        settings = {"storage.directory": str(images)}
        script = str(Path(__file__).with_suffix(""))
        with self._at_rest():
            answers = tool.run(script, self.root / "check", settings, silent, verify=False)
        for name, answer in sorted(answers.items()):
            verdict = verdict_of(answer, self.acknowledged[name], self.kept)
            self.figures.judge(name, verdict)
            if verdict != "ok" and name.startswith("exact"):
                print(name, verdict, json.dumps(answer)[:2000])
        shutil.rmtree(images)

    def _progress(self, transactions: int) -> None:
        """Wait until the writers have committed some more."""
        goal = sum(writer.acknowledged for writer in self.writers) + transactions
        while sum(writer.acknowledged for writer in self.writers) < goal:
            failed = [writer.failure for writer in self.writers if writer.failure]
            if failed:
                raise RuntimeError(failed[0])
            time.sleep(0.01)

    @contextmanager
    def _at_rest(self) -> Iterator[None]:
        """Let the writers rest while what was captured is looked at: it takes the longer, the more they do."""
        with ExitStack() as turns:
            for writer in self.writers:
                turns.enter_context(writer.turn)
            yield

    def _note(self, target: Path) -> None:
        self.acknowledged[target.name] = tuple(writer.acknowledged for writer in self.writers)

    def _capture(self, target: Path, *, compare: bool) -> None:
        options = {"endpoint": self.server.endpoint, "directory": self.server.data}
        source = Source("tortured", self.engine.name, "", "", options=options)
        backup = new_backup_id()
        self._note(target)
        began = time.monotonic()
        image = self.engine.capture(source, backup, silent)
        self.figures.windows.append((began, time.monotonic()))
        self.figures.captures += 1
        self.figures.lock_milliseconds.append(image.facts["capture"]["lock_seconds"] * 1000)
        manifest = self._archived(image, backup)
        self.engine.discard(source, backup)
        shutil.move(self._unpacked(manifest, self.root / "judged"), target)
        self._graph(target)
        if compare:
            with self._at_rest():
                self._compare(manifest)
        shutil.rmtree(self.vault.path / manifest.source / backup)

    def _archived(self, image: Image, backup: str) -> Manifest:
        """Store an image as a backup is stored: archive, read back, manifest."""
        manifest = replace(manifest_of(self.engine, image), source="tortured", backup_id=backup)
        archive = self.vault.put(manifest.source, backup, image, silent)
        self.vault.verify(manifest.source, backup, archive, silent)
        manifest = replace(manifest, archive=archive)
        self.vault.commit(manifest)
        return manifest

    def _unpacked(self, manifest: Manifest, into: Path) -> Path:
        into.mkdir(parents=True, exist_ok=True)
        return self.vault.unpack(manifest, into, silent)

    def _naive(self, target: Path) -> None:
        self._note(target)
        try:
            ignored = shutil.ignore_patterns("*.lck", "je.info*", "*.csv")
            shutil.copytree(self.server.data, target / "je", ignore=ignored, copy_function=_copy_slowly)
        except (shutil.Error, OSError):
            shutil.rmtree(target)
            self.figures.judge(target.name, "a file vanished")
            return
        self._graph(target)

    def _graph(self, target: Path) -> None:
        write_properties(
            target / "graph.properties", graph_settings(target, name=f"check-{target.name}", indexes=("search",))
        )

    def _compare(self, manifest: Manifest) -> None:
        """Prove the backup and prepare an instance of it, each from the archive: fingerprints and counts are equal."""
        proof = self.engine.prove(self._unpacked(manifest, self.root / "proof"), manifest, silent)
        place = Place("tortured-restore", self.root / "place", "127.0.0.1", free_port())
        unpacked = self._unpacked(manifest, place.directory / "unpacked")
        prepared = self.engine.prepare(unpacked, manifest.proven(proof), place, silent)
        self.figures.fingerprints += 1
        equal = (prepared.fingerprint, prepared.counts) == (proof.fingerprint, proof.counts)
        self.figures.fingerprints_equal += equal
        self.figures.different.add(proof.fingerprint)
        shutil.rmtree(self.root / "proof")
        shutil.rmtree(place.directory)


def _copy_slowly(source: str, target: str) -> str:
    copied = shutil.copyfile(source, target)
    time.sleep(Path(copied).stat().st_size / NAIVE_BYTES_A_SECOND)
    return copied


def torture(captures: int, root: Path, *, compare_each: int = 1, kept: int = KEPT) -> dict[str, Any]:
    """Run it and return the figures. Of every `compare_each` captures one is restored and compared as well.

    Each transaction deletes the one `kept` before it: with fewer the graph stays smaller.
    """
    with janus_server(root / "source", "tortured", SETTINGS) as server:
        server.run(SCHEMA)
        stop = threading.Event()
        writers = [Writer(server.endpoint, number, stop, kept) for number in range(WRITERS)]
        threads = [threading.Thread(target=writer.run) for writer in writers]
        for thread in threads:
            thread.start()
        engine = JanusGraphBerkeleyJE(root / "scratch", RealClock(), CACHE, MEMORY)
        vault = DirectoryVault("tortured", root / "vault")
        vault.path.mkdir()
        run = Torture(server, root, engine, writers, vault, kept)
        try:
            run._progress(2 * kept)  # noqa: SLF001  our own: until transactions delete
            for first in range(0, captures, BATCH):
                run.batch(range(first, min(captures, first + BATCH)), compare_each)
                print(datetime.now(UTC).time().replace(microsecond=0), _summary(run), flush=True)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        return _summary(run)


def _summary(run: Torture) -> dict[str, Any]:
    figures = run.figures
    present = sorted(int(path.stem, 16) for path in run.server.data.glob("*.jdb"))
    beside, during = _latencies(run)
    return {
        "captures": figures.captures,
        "ok": figures.ok,
        "torn": figures.torn,
        "missing": figures.missing,
        "unopened": figures.unopened,
        "naive_failures": figures.naive_failures,
        "naive": figures.naive,
        "fingerprints_equal": f"{figures.fingerprints_equal} of {figures.fingerprints}",
        "fingerprints_different_of_captures": len(figures.different),
        "lock_ms_median": round(statistics.median(figures.lock_milliseconds), 2),
        "lock_ms_max": round(max(figures.lock_milliseconds), 2),
        "files_cleaned": present[-1] + 1 - len(present),
        "files_present": len(present),
        "transactions": sum(writer.acknowledged for writer in run.writers),
        "retries": sum(writer.retries for writer in run.writers),
        "write_ms_p50_p99": beside,
        "write_ms_p50_p99_during_captures": during,
    }


def _latencies(run: Torture) -> tuple[list[float], list[float]]:
    beside, during = [], []
    for writer in run.writers:
        for began, ended in list(writer.spans):
            overlaps = any(began < until and ended > since for since, until in run.figures.windows)
            (during if overlaps else beside).append((ended - began) * 1000)
    return _percentiles(beside), _percentiles(during)


def _percentiles(values: list[float]) -> list[float]:
    ordered = sorted(values)
    return [round(ordered[int(len(ordered) * share)], 1) for share in (0.5, 0.99)] if ordered else []


def main() -> int:
    """Run the torture and print its figures as JSON; 0 only where every capture is exact."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--captures", type=int, default=50)
    parser.add_argument("--compare-each", type=int, default=1, help="restore one of so many captures")
    parser.add_argument("--keep", action="store_true", help="leave the files where they are")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the server ends with us
    root = Path(tempfile.mkdtemp(prefix="safehold-torture-"))
    try:
        figures = torture(arguments.captures, root, compare_each=arguments.compare_each)
    finally:
        if not arguments.keep:
            shutil.rmtree(root)
    print(json.dumps(figures, indent=2))
    exact = figures["ok"] == figures["captures"] == arguments.captures
    return 0 if exact and len(set(figures["fingerprints_equal"].split(" of "))) == 1 else 1


if __name__ == "__main__":
    raise SystemExit(main())
