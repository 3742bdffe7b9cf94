"""What time costs with very many sources: waking schedules, judging ages and the reconcile at a start.

Run it with `python -m bench.scheduler [--sources 10000]`. Each is compared with a bare loop that reads the newest
backup of every source from the same SQLite file. Medians, in one run on one machine; files in the temporary folder.
"""

import argparse
import logging
import random
import sqlite3
import statistics
import tempfile
import time as stopwatch
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tabulate import tabulate

from bench.model_clock import SetClock
from bench.model_mortal import Fate, Hooks, MortalVault, QuickEngine
from bench.model_process import Outside, Process, begin
from core.catalog import Catalog
from core.model.backup import Backup, BackupState, Proof, Tier
from core.model.expected import ExpectedRun, ExpectedState
from core.model.person import SYSTEM
from core.model.source import Prove, Source
from core.model.verdict import EVERY_LOCK

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)
DAYS = 30
"""How many backups, and runs in the ledger, each source has had."""
OPEN = 200
"""How many runs a process that was killed has left open."""


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=int, default=10_000)
    count = parser.parse_args().sources
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        outside = many_sources(Path(folder), count)
        began = stopwatch.perf_counter()
        _fill(outside)
        made, size = stopwatch.perf_counter() - began, outside.catalog.stat().st_size / 1e6
        print(f"{count:,} sources, {count * DAYS:,} backups, as many runs: {size:,.0f} MB, made in {made:.0f} s")
        _measure(outside)


def _measure(outside: Outside) -> None:
    bare = _median(lambda: _bare(outside), 5)
    rows: list[tuple[str, float]] = [("a bare loop over the newest backup of each", bare)]
    bot = begin(outside, 1)
    wake, judge = (duty.do for duty in bot.time.duties[:2])
    rows += [
        ("reconcile at the start, nothing open", _once(lambda: bot.reconcile(take_over=True))),
        ("first wake: every schedule is looked at", _once(lambda: wake(NOW))),
        ("a wake, nothing due", _median(lambda: wake(NOW), 50)),
        ("first judging of ages", _once(lambda: judge(NOW))),
        ("judging of ages, nothing changed", _median(lambda: judge(NOW), 10)),
    ]
    bot.catalog.backups.create(_backup("s00000", NOW))
    rows.append(("judging of ages, one backup more", _once(lambda: judge(NOW))))
    rows.append((f"reconcile at the start, {OPEN} runs of a dead process", _reconcile(outside, bot)))
    table = [(name, f"{seconds * 1e3:,.2f}", f"{seconds / bare:.4f}") for name, seconds in rows]
    print(tabulate(table, headers=["", "ms", "to the bare loop"], colalign=("left", "right", "right")))


def _reconcile(outside: Outside, dead: Process) -> float:
    """Leave runs open, as a kill does, and have the next process settle them."""
    for name in list(outside.sources)[:OPEN]:
        dead.create(name, SYSTEM)
    dead.catalog.close()
    bot = begin(outside, 2)
    took = _once(lambda: bot.reconcile(take_over=True))
    left = bot.catalog.backups.open_ones()
    bot.catalog.close()
    if left:
        raise RuntimeError(f"{len(left)} runs are still open")
    return took


def many_sources(root: Path, count: int) -> Outside:
    """Return an installation with so many sources and no backup yet."""
    (root / "vault").mkdir()
    chance, clock = random.Random(1), SetClock(NOW)
    hooks = Hooks(Fate(), chance, lambda: None, lambda *_: None, lambda *_: None)
    sources = {f"s{n:05}": Source(f"s{n:05}", "quick", "local", "here", Prove.NEVER) for n in range(count)}
    engine = QuickEngine(root / "stage", clock, chance, hooks.fate)
    return Outside(root, clock, sources, engine, MortalVault("local", root / "vault", hooks), EVERY_LOCK)


def _fill(outside: Outside) -> None:
    """Record a good backup and a run of each source for each of the days before."""
    moments = [NOW.replace(hour=3) - DAY * day for day in range(DAYS)]
    with Catalog.open(outside.catalog) as catalog:
        for at in moments:
            catalog.backups.adopt_many(_backup(name, at) for name in outside.sources)
            with catalog.write():
                run = ExpectedRun("", at, at.date(), frozenset({Tier.DAILY}), ExpectedState.DONE, at)
                for name in outside.sources:
                    catalog.expected.note(replace(run, source=name))


def _backup(name: str, at: datetime) -> Backup:
    return Backup(
        id=f"{at:%Y%m%dT%H%M%SZ}-{int(name[1:]):06x}",
        source=name,
        engine="quick",
        vault="local",
        tiers=frozenset({Tier.DAILY}),
        state=BackupState.GOOD,
        proof=Proof.VERIFIED,
        requested_by=SYSTEM,
        note="",
        requested_at=at,
        started_at=at,
        finished_at=at,
        size=28_900_000,
        counts={"vertices": {"god": 3, "titan": 1}, "edges": {"father": 2}},
        timings={"capture": 0.02, "store": 9.1, "verify": 2.4},
    )


def _bare(outside: Outside) -> None:
    db = sqlite3.connect(outside.catalog)
    sql = "select * from backups where source = ? and state = 'good' order by requested_at desc, id desc limit 1"
    for name in outside.sources:
        db.execute(sql, (name,)).fetchone()
    db.close()


def _once(work: Callable[[], object]) -> float:
    began = stopwatch.perf_counter()
    work()
    return stopwatch.perf_counter() - began


def _median(work: Callable[[], object], times: int) -> float:
    return statistics.median(_once(work) for _ in range(times))


if __name__ == "__main__":
    main()
