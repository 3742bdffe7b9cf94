"""What a minute costs in which thousands of sources are due at once, and whether all else goes on meanwhile.

Run it with `python -m bench.rush [--sources 10000] [--due 5000] [--minutes 12]`. All of it is what a bot has but Slack:
SQLite sources of one small table, a vault in a folder, a catalog, the runner with its two threads, duties, reconcile
and heartbeat, each in its own thread. Proofs are off. In one run on one machine; files in the temporary folder.
"""

import argparse
import logging
import shutil
import sqlite3
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from functools import partial
from itertools import pairwise
from pathlib import Path

from tabulate import tabulate

from bot.__main__ import SECONDS_BETWEEN_RECONCILES
from core.bootstrap import SHAPES, Core, build_core
from core.config import Config, read_config
from core.model.backup import BackupState
from core.model.person import SYSTEM
from core.model.source import Prove
from core.runtime.clock import SystemClock
from core.runtime.waker import Waker
from core.services.timekeeping import WAKE

TOML = """
[state]
directory = "{root}/state"
[catalog]
path = "{root}/state/catalog.db"
[sources.first]
engine = "sqlite"
path = "{root}/first.db"
[vaults.local]
type = "directory"
path = "{root}/vault"
[provisioners.here]
type = "process"
directory = "{root}/instances"
"""
EVE = timedelta(seconds=20)
"""So long before they are due the bot is started."""
PROBE_SECONDS = 0.1


@dataclass
class Moved:
    """The real time, moved."""

    offset: timedelta

    def now(self) -> datetime:
        """Return the moved time."""
        return datetime.now(UTC) + self.offset

    def monotonic(self) -> float:
        """Return the real one."""
        return time.monotonic()


@dataclass
class NoGroups:
    """Nobody is in a group."""

    def members(self, _group: str) -> frozenset[str]:
        """Return nobody."""
        return frozenset()


@dataclass
class Passes:
    """How long each pass of each piece of work took, and when it began."""

    taken: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))

    def timed(self, name: str, work: Callable[[], object]) -> None:
        """Do it."""
        began = time.monotonic()
        work()
        self.taken[name].append((began, time.monotonic() - began))

    def row(self, name: str, since: float, until: float) -> tuple[str, int, str, str, str]:
        """Return of what went on in that time count, median, longest, and the longest time between two beginnings."""
        found = [(began, took) for began, took in self.taken[name] if began <= until and began + took >= since]
        begins = [since, *(max(since, began) for began, _ in found), until]
        gap = max(later - earlier for earlier, later in pairwise(begins))
        lengths = [took for _, took in found] or [0.0]
        median, longest = statistics.median(lengths), max(lengths)
        return name, len(found), f"{median * 1e3:,.1f}", f"{longest * 1e3:,.1f}", f"{gap:.1f}"


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=int, default=10_000)
    parser.add_argument("--due", type=int, default=5_000)
    parser.add_argument("--minutes", type=float, default=12.0)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        config = _configured(Path(folder), given.sources, given.due)
        day = datetime.now(UTC).date() + timedelta(days=1)
        due_at = datetime.combine(day, time_of_day(3), UTC)
        clock = Moved(due_at - EVE - datetime.now(UTC))
        with build_core(config, role="bot", groups=NoGroups(), clock=clock) as core:
            _rush(core, clock, due_at, given.due, time.monotonic() + 60 * given.minutes)


def _configured(root: Path, count: int, due: int) -> Config:
    """Return a configuration of so many sources, each with a file of its own; the others are due twelve hours later."""
    with sqlite3.connect(root / "first.db") as db:
        db.execute("create table things (id integer primary key, name text)")
        db.executemany("insert into things (name) values (?)", [("thing",)] * 20)
    db.close()
    (root / "vault").mkdir()
    (root / "safehold.toml").write_text(TOML.format(root=root))
    config = read_config(root / "safehold.toml", SHAPES)
    first = replace(config.sources["first"], prove=Prove.NEVER)
    later, sources = replace(first.schedule, at=time_of_day(15)), {}
    for number in range(count):
        name = f"s{number:05}"
        path = root / f"{name}.db"
        shutil.copyfile(root / "first.db", path)
        schedule = first.schedule if number < due else later
        sources[name] = replace(first, name=name, options={**first.options, "path": path}, schedule=schedule)
    return replace(config, sources=sources)


def _rush(core: Core, clock: Moved, due_at: datetime, due: int, deadline: float) -> None:
    passes, waker, stopped = Passes(), Waker(SystemClock(), lambda _: None), threading.Event()
    work = {duty.name: (duty.seconds, partial(core.duties.run, duty)) for duty in core.duties.all}
    work["reconcile"] = (SECONDS_BETWEEN_RECONCILES, core.reconcile)
    work["watch runs"] = (SECONDS_BETWEEN_RECONCILES, core.watch_runs)
    for name, (seconds, do) in work.items():
        waker.every(seconds, partial(passes.timed, name, do), name)
    probe = threading.Thread(target=_probe, args=(core, passes, stopped))
    probe.start()
    waker.start()
    try:
        while clock.now() < due_at:
            time.sleep(0.1)
        print(f"before: the first wake took {passes.taken[WAKE][0][1]:.2f} s")
        _follow(core, due, deadline, passes)
    finally:
        stopped.set()
        probe.join()
        waker.stop()


def _probe(core: Core, passes: Passes, stopped: threading.Event) -> None:
    """Do now and then what a click does: read a page, and write something small."""
    while not stopped.wait(PROBE_SECONDS):
        passes.timed("a page of the list", lambda: core.list_backups(None))
        passes.timed("a small write", lambda: core.catalog.marks.put("probe", "x"))


def _follow(core: Core, due: int, deadline: float, passes: Passes) -> None:
    """Look every half second how far it is, until every backup has ended or time is up; then print it.

    Once all are recorded somebody asks for one more.
    """
    began, recorded, most = time.monotonic(), 0.0, 0
    asking = threading.Thread(target=passes.timed, args=("a backup that somebody asks for", partial(_ask, core)))
    while True:
        states = _states(core)
        most = max(most, states.get(BackupState.RUNNING, 0))
        if not recorded and sum(states.values()) >= due:
            recorded = time.monotonic()
            asking.start()
        ended = sum(count for state, count in states.items() if not BackupState(state).open)
        if ended > due or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    until = time.monotonic()
    _table(f"while {due:,} runs are recorded", passes, began, recorded or until)
    _table(f"while they run: {ended:,} of {due + 1:,} ended, at most {most} at once", passes, recorded or until, until)
    print(f"states: {states}, runs: {_runs(core)}, of {_sources(core):,} sources")


def _ask(core: Core) -> None:
    """Take a backup of the last source, which is not due, to its end."""
    core.runner.wait(core.create_backup(list(core.adapters.sources)[-1], SYSTEM).backup.id)


def _table(title: str, passes: Passes, since: float, until: float) -> None:
    names = sorted(name for name in passes.taken if passes.taken[name])
    print(f"\n{title}: {until - since:.1f} s")
    rows = [passes.row(name, since, until) for name in names]
    print(tabulate(rows, headers=["", "passes", "median, ms", "longest, ms", "s between beginnings at most"]))


def _states(core: Core) -> dict[str, int]:
    with core.catalog.read() as db:
        return dict(db.execute("select state, count(*) from backups group by state").fetchall())


def _runs(core: Core) -> dict[str, int]:
    with core.catalog.read() as db:
        return dict(db.execute("select state, count(*) from expected group by state").fetchall())


def _sources(core: Core) -> int:
    with core.catalog.read() as db:
        return int(db.execute("select count(distinct source) from backups").fetchone()[0])


if __name__ == "__main__":
    main()
