"""What the catalog costs: the first page and other questions by size, and three ways to keep connections.

Run it with `python -m bench.catalog [--million]`. Medians of milliseconds, in one run on one machine.
"""

import argparse
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlite_utils import Database

from core.catalog import Catalog
from core.catalog.file import CatalogFile
from core.model.backup import Backup, BackupState, Proof, Tier
from core.model.person import Door, Person
from core.model.progress import Step

START = datetime(2000, 1, 1, tzinfo=UTC)
WHO = Person("U0BENCH", "Bench", Door.SLACK)
SOURCES = 20


def main() -> None:
    """Print every figure."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--million", action="store_true", help="also with 1,000,000 backups (about a minute)")
    sizes = [1_000, 100_000] + ([1_000_000] if arguments.parse_args().million else [])
    with tempfile.TemporaryDirectory() as folder:
        print("Milliseconds, medians of 200 (writes: of 50)")
        first_pages = [_questions(Path(folder) / f"{size}.db", size) for size in sizes]
        ratio = first_pages[-1] / first_pages[0]
        print(f"\nThe first page of {sizes[-1]:,} backups takes {ratio:.2f} times that of {sizes[0]:,}")
        print("\nMicroseconds a unit of work by the way connections are kept (median of 300)")
        _connections(Path(folder) / "connections.db")


def _backup(number: int, state: BackupState = BackupState.GOOD) -> Backup:
    at = START + timedelta(minutes=10 * number)
    return Backup(
        id=f"{at:%Y%m%dT%H%M%SZ}-{number * 2654435761 % 2**24:06x}",
        source=f"source{number % SOURCES}",
        engine="janusgraph-berkeleyje",
        vault="local",
        tiers=frozenset({Tier.DAILY}),
        state=BackupState.FAILED if number % 50 == 49 and state is BackupState.GOOD else state,
        proof=Proof.PROVEN,
        requested_by=WHO,
        note="",
        requested_at=at,
        started_at=at,
        finished_at=at,
        size=28_900_000,
        raw_size=49_000_000,
        archive_name="archive.tar.zst",
        archive_sha256="9c" * 32,
        timings={"capture": 0.02, "store": 9.1, "verify": 2.4, "prove": 29.5},
        versions={"janusgraph": "1.1.0", "je": "18.3.12"},
        counts={"vertices": {"god": 3, "titan": 1}, "edges": {"father": 2}},
        fingerprint="e2" * 32,
        verified_at=at,
        proven_at=at,
    )


def _questions(path: Path, size: int) -> float:
    """Print what each question costs; return the seconds of a first page."""
    began = time.perf_counter()
    with Catalog.open(path) as catalog:
        _fill(catalog, size)
        filled, middle = time.perf_counter() - began, catalog.backups.find(_backup(size // 2).id[:15])
        print(f"\n{size:>9,} backups, {path.stat().st_size / 1e6:,.0f} MB, made in {filled:.1f} s")
        asked: dict[str, Callable[[], object]] = {
            "first page, all sources": lambda: catalog.backups.page(None),
            "first page, one source": lambda: catalog.backups.page("source7"),
            "page in the middle": lambda: catalog.backups.page(None, older_than=middle.id),
            "find by its beginning": lambda: catalog.backups.find(middle.id[:15]),
            "newest good": lambda: catalog.backups.newest_good("source7"),
            "changed since": lambda: catalog.backups.changed_since(size - 1),
            "revision": catalog.revision,
        }
        took = {name: _median(ask, 200) for name, ask in asked.items()}
        for name, seconds in took.items():
            print(f"  {name:<26}{seconds * 1e3:9.3f}")
        numbers = iter(range(size, size + 1000))
        print(f"  {'begin, report, end':<26}{_median(lambda: _life(catalog, next(numbers)), 50) * 1e3:9.3f}")
    return took["first page, all sources"]


def _fill(catalog: Catalog, size: int) -> None:
    """Insert the first backups one by one, and copies of them in SQL, with the indexes made afterwards."""
    written = min(size, 10_000)
    catalog.backups.adopt_many(_backup(number) for number in range(written))
    with catalog.write() as db:
        kept = db.execute(
            "select type, name, sql from sqlite_master "
            "where tbl_name = 'backups' and sql is not null and type <> 'table'"
        ).fetchall()
        for kind, name, _ in kept:
            db.execute(f"drop {kind} {name}")
        columns = [name for (_, name, *_) in db.execute("pragma table_info(backups)")]
        changed = {
            "id": "strftime('%Y%m%dT%H%M%SZ-', ?1 + rowid * 600, 'unixepoch') || suffix",
            "requested_at": "strftime('%Y-%m-%dT%H:%M:%S.000000+00:00', ?1 + rowid * 600, 'unixepoch')",
            "revision": "revision + ?2",
        }
        values = ", ".join(changed.get(name, name) for name in columns)
        for copied in range(written, size, written):
            start = int(START.timestamp()) + 600 * (copied - 1)
            db.execute(
                f"insert into backups ({', '.join(columns)}) select {values} from backups where rowid <= ?3",  # noqa: S608 - names of columns
                (start, copied, written),
            )
        db.execute("update revision set value = ?", (size,))
        db.execute("update totals set count = count * ?1, bytes = bytes * ?1", (size // written,))
        for _, _, sql in kept:
            db.execute(sql)


def _life(catalog: Catalog, number: int) -> None:
    made, _ = catalog.backups.begin(_backup(number, BackupState.PENDING))
    catalog.backups.report(made.id, Step("storing", 1, 2))
    catalog.backups.move(made.id, frozenset({BackupState.PENDING}), state=BackupState.GOOD)


def _connections(path: Path) -> None:
    Catalog.open(path).close()
    ways: dict[str, Callable[[CatalogFile], Callable[[], object]]] = {
        "a fresh one each time": _fresh,
        "one for each thread": _by_thread,
        "borrowed and given back": _borrowed,
    }
    for name, way in ways.items():
        file = CatalogFile(path)
        work = way(file)
        reading = _median(lambda work=work: work(), 300)  # type: ignore[misc]
        print(f"  {name:<26}{reading * 1e6:9.0f}")
        file.close()


def _fresh(file: CatalogFile) -> Callable[[], object]:
    return lambda: _ask(file.connect)


def _ask(connect: Callable[[], Database]) -> None:
    with _closing(connect()) as db:
        _read(db)


def _by_thread(file: CatalogFile) -> Callable[[], object]:
    own = threading.local()

    def work() -> None:
        if not hasattr(own, "db"):
            own.db = file.connect()
        _read(own.db)

    return work


def _borrowed(file: CatalogFile) -> Callable[[], object]:
    def work() -> None:
        with file.read() as db:
            db.execute("select value from revision").fetchone()

    return work


def _read(db: Database) -> None:
    db.execute("begin")
    db.execute("select value from revision").fetchone()
    db.execute("commit")


@contextmanager
def _closing(db: Database) -> Iterator[Database]:
    try:
        yield db
    finally:
        db.close()


def _median(work: Callable[[], object], times: int) -> float:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


if __name__ == "__main__":
    print(f"SQLite {sqlite3.sqlite_version}")
    main()
