"""Units of work: what is together, what is alone, and what many do at once."""

import multiprocessing
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.catalog import Catalog
from core.catalog.file import CatalogFile
from core.errors import BusyError
from core.model.backup import BackupState
from tests.catalog import samples


def test_begin_and_audit_are_one(catalog: Catalog) -> None:
    """What is done inside one write is kept together or not at all."""
    with pytest.raises(ZeroDivisionError):
        _initiate(catalog, lambda: 1 // 0)
    assert catalog.backups.page(None).total == 0
    assert catalog.leases.held() == ()
    assert catalog.audit.entries() == ()
    _initiate(catalog, lambda: 1)
    assert (catalog.backups.page(None).total, len(catalog.audit.entries())) == (1, 1)


def test_inner_failure_leaves_the_outer_whole(catalog: Catalog) -> None:
    """A part that fails inside a write is undone alone when the rest catches it."""
    with catalog.write():
        catalog.marks.put("outer", "kept")
        with pytest.raises(KeyError):
            _put_and_fail(catalog)
    assert (catalog.marks.get("outer"), catalog.marks.get("inner")) == ("kept", None)


def test_reader_sees_one_moment(catalog: Catalog) -> None:
    """Inside one read nothing changes; a write in the middle of it is seen by the next."""
    with catalog.read():
        before = catalog.revision()
        catalog.backups.adopt(samples.good())
        with catalog.read():
            assert catalog.revision() == before
    assert catalog.revision() == before + 1


def test_writer_sees_its_own_changes(catalog: Catalog) -> None:
    """A read inside a write sees what was written so far, and no other thread does."""
    with catalog.write(), ThreadPoolExecutor(1) as other:
        catalog.marks.put("a", "1")
        assert catalog.marks.get("a") == "1"
        assert other.submit(catalog.marks.get, "a").result() is None


def test_connections_are_reused_and_bounded(catalog: Catalog) -> None:
    """Many threads at once get a connection each; only a few are kept."""
    everyone = threading.Barrier(12)

    def read() -> int:
        with catalog.read():
            everyone.wait(30)
            return catalog.revision()

    with ThreadPoolExecutor(12) as pool:
        assert [future.result() for future in [pool.submit(read) for _ in range(12)]] == [0] * 12
    assert len(catalog._file._idle) == 8


def test_our_own_faults_pass_unchanged(catalog: Catalog) -> None:
    """A fault in SQL is not dressed up as a fault of the disk, and the next unit of work is not harmed."""
    with pytest.raises(sqlite3.OperationalError, match="no such table"), catalog.write() as db:
        db.execute("insert into nowhere values (1)")
    catalog.marks.put("a", "1")


def test_threads_lose_no_insert(catalog: Catalog) -> None:
    """360 inserts from 12 threads all arrive, each with its own revision, and the totals count them."""
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(catalog.backups.adopt, (samples.good(n) for n in range(360))))
    assert catalog.backups.totals("gods") == (360, 360_000)
    assert catalog.revision() == 360
    assert {b.revision for b in catalog.backups.changed_since(0, 1000)} == set(range(1, 361))


def _insert_from_process(path: Path, start: int) -> None:
    with Catalog.open(path) as catalog:
        for number in range(start, start + 60):
            catalog.backups.adopt(samples.good(number))


def test_processes_lose_no_insert(path: Path) -> None:
    """360 inserts from 6 processes that also create and migrate the catalog at the same time all arrive."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_insert_from_process, args=(path, 60 * n)) for n in range(6)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * 6
    with Catalog.open(path) as catalog:
        assert catalog.backups.totals() == (360, 360_000)
        assert catalog.revision() == 360


def test_who_waits_too_long_is_told(catalog: Catalog, path: Path) -> None:
    """Behind a write that does not end, of this process or of another, a writer is told that it is busy."""
    impatient, other = CatalogFile(path, busy_seconds=0.01), CatalogFile(path)
    with ThreadPoolExecutor(1) as beside:
        for holding in (impatient, other):
            with holding.write(), pytest.raises(BusyError, match="keeps writing"):
                beside.submit(_write, impatient).result()
    _write(impatient)
    for file in (impatient, other):
        file.close()


def _write(file: CatalogFile) -> None:
    with file.write() as db:
        db.execute("insert or replace into marks (name, value) values ('a', 'b')")


def _initiate(catalog: Catalog, then: Callable[[], object]) -> None:
    with catalog.write():
        catalog.backups.begin(samples.backup())
        catalog.audit.append(samples.NOON, samples.ANNA, "backup", "x", "initiated", {})
        then()


def _put_and_fail(catalog: Catalog) -> None:
    with catalog.write():
        catalog.marks.put("inner", "undone")
        raise KeyError


def _winners(race: Callable[[int], bool], threads: int = 20) -> int:
    everyone = threading.Barrier(threads)

    def run(number: int) -> bool:
        everyone.wait(30)
        return race(number)

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(run, range(threads)))


def test_a_move_has_one_winner(catalog: Catalog) -> None:
    """Of twenty who move a backup from one state at the same time exactly one does."""
    made, _ = catalog.backups.begin(samples.backup())
    won = _winners(
        lambda n: catalog.backups.move(made.id, samples.PENDING, state=BackupState.RUNNING, owner=f"o{n}") is not None
    )
    assert won == 1
    assert catalog.backups.get(made.id).state is BackupState.RUNNING


def test_a_lease_has_one_holder(catalog: Catalog) -> None:
    """Of twenty who acquire a lease at the same time exactly one gets it."""
    assert _winners(lambda n: catalog.leases.acquire("source:gods", f"o{n}", f"run{n}", samples.NOON, 60)) == 1
    assert len(catalog.leases.held()) == 1


def test_a_source_has_one_open_backup(catalog: Catalog) -> None:
    """Of twenty who ask for a backup of one source at the same time one starts it and the others join it."""
    assert _winners(lambda n: catalog.backups.begin(samples.backup(n))[1]) == 1
    assert len(catalog.backups.open_ones()) == 1
