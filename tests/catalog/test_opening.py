"""Opening a catalog: new, old, newer, damaged, of something else."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from sqlite_utils import Database

from core.catalog import Catalog
from core.catalog.failures import translated
from core.catalog.file import CatalogFile, use_wal
from core.errors import BusyError, CatalogCorrupt, NotEnoughSpace, UnavailableError, UnsupportedVersion
from tests.catalog import samples


def test_new_catalog_is_private_and_durable(path: Path) -> None:
    """A new catalog is readable by its owner alone, and a commit is on disk when it returns."""
    with Catalog.open(path) as catalog, catalog.write() as db:
        catalog.marks.put("a", "b")
        assert db.execute("pragma synchronous").fetchone() == (2,)
        assert db.execute("pragma journal_mode").fetchone() == ("wal",)
        assert db.execute("pragma busy_timeout").fetchone() == (30_000,)
        assert path.parent.stat().st_mode & 0o777 == 0o700
        assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}


def test_opening_twice_changes_nothing(path: Path) -> None:
    """A second opening applies no migration again and keeps every record."""
    with Catalog.open(path) as first:
        first.backups.adopt(samples.good())
        with Catalog.open(path) as second:
            assert second.backups.get(samples.good().id).id == samples.good().id
            with second.read() as db:
                assert db.execute("select count(*) from _sqlite_migrations").fetchone() == (2,)


def test_empty_file_becomes_a_catalog(path: Path) -> None:
    """An empty file is migrated from nothing."""
    path.parent.mkdir()
    path.touch(mode=0o644)
    with Catalog.open(path) as catalog:
        assert catalog.revision() == 0
    assert path.stat().st_mode & 0o777 == 0o600


def test_newer_catalog_is_refused_and_left_alone(path: Path) -> None:
    """A catalog with a migration this version does not know is refused by name."""
    Catalog.open(path).close()
    with sqlite3.connect(path) as raw:
        raw.execute(
            "insert into _sqlite_migrations (migration_set, name, applied_at) values ('safehold', 'later', 'now')"
        )
    raw.close()
    with pytest.raises(UnsupportedVersion, match="it has later"):
        Catalog.open(path)


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to look at" * 40, b"SQLite format 3\0" + b"x" * 4096]
)
def test_something_else_is_corrupt(path: Path, content: bytes) -> None:
    """A file that is no SQLite database is named as damaged, with the next step, and is not overwritten."""
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(CatalogCorrupt, match="safehold catalog rebuild"):
        Catalog.open(path)
    assert path.read_bytes() == content


def test_a_refused_file_is_let_go(path: Path) -> None:
    """A file that is no catalog is closed again at once, not when its error is forgotten: it can be moved aside."""
    path.parent.mkdir()
    path.write_bytes(b"no catalog" * 1_000)
    with pytest.raises(CatalogCorrupt) as refused:
        Catalog.open(path)
    assert str(path) not in {file.path for file in psutil.Process().open_files()}, refused


def test_another_programs_database_is_refused(path: Path) -> None:
    """An SQLite file of another program gets none of our tables."""
    path.parent.mkdir()
    with sqlite3.connect(path) as raw:
        raw.execute("create table album (title text)")
    raw.close()
    with pytest.raises(CatalogCorrupt, match="another program"):
        Catalog.open(path)


def test_damage_found_later_is_named(path: Path) -> None:
    """Pages that were overwritten are reported as a damaged catalog by whatever reads them."""
    with Catalog.open(path) as catalog:
        catalog.backups.adopt_many(samples.good(n) for n in range(200))
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(CatalogCorrupt), Catalog.open(path) as catalog:
        catalog.backups.page(None)


def test_damage_that_was_met_is_remembered(path: Path) -> None:
    """Whoever answered for it may have forgotten it: the catalog says until its end that it is damaged."""
    with Catalog.open(path) as catalog:
        catalog.backups.adopt_many(samples.good(n) for n in range(200))
        with catalog.read() as db:
            (page,) = db.execute("select rootpage from sqlite_master where name = 'backups_by_time'").fetchone()
            (size,) = db.execute("pragma page_size").fetchone()
        catalog.check()
        catalog.close_whole()
    whole = bytearray(path.read_bytes())
    whole[(page - 1) * size : page * size] = b"\xff" * size
    path.write_bytes(whole)
    with Catalog.open(path) as catalog:
        assert not catalog.damaged
        with pytest.raises(CatalogCorrupt):
            catalog.check()
        assert catalog.damaged


def test_place_that_cannot_be_written(tmp_path: Path) -> None:
    """A folder in the file's place, or a file in its folder's place, is told with the path."""
    (tmp_path / "file").touch()
    for place in (tmp_path, tmp_path / "file" / "catalog.db"):
        with pytest.raises(UnavailableError, match="can't be opened or written"):
            Catalog.open(place)


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (sqlite3.SQLITE_BUSY, BusyError),
        (sqlite3.SQLITE_FULL, NotEnoughSpace),
        (sqlite3.SQLITE_READONLY, UnavailableError),
        (sqlite3.SQLITE_CORRUPT, CatalogCorrupt),
        (sqlite3.SQLITE_ERROR, sqlite3.OperationalError),
    ],
)
def test_what_sqlite_says_is_translated(path: Path, code: int, meaning: type[Exception]) -> None:
    """Each failure of the file is the error whose reader knows what to do; faults of our SQL stay what they are."""
    said = sqlite3.OperationalError("as SQLite says it")
    said.sqlite_errorcode = code | 0x100
    with pytest.raises(meaning), translated(path):
        raise said


def test_full_disk_loses_nothing_old(catalog: Catalog, path: Path) -> None:
    """A write that finds no room is refused as such, and what was there stays."""
    catalog.backups.adopt(samples.good(1))
    with pytest.raises(NotEnoughSpace):
        _write_too_much(CatalogFile(path))
    assert catalog.backups.get(samples.good(1).id).size == 1000
    assert catalog.marks.get("big") is None


def _write_too_much(file: CatalogFile) -> None:
    with file.write() as db:
        (pages,) = db.execute("pragma page_count").fetchone()
        db.execute(f"pragma max_page_count = {pages}")
        db.execute("insert into marks (name, value) values ('big', zeroblob(1000000))")


def test_an_index_that_says_something_else_is_found_where_asked(tmp_path: Path) -> None:
    """Rows that an index does not know pass the quick look, and not the one before a rebuild is refused as needless."""
    path = tmp_path / "catalog.db"
    with Catalog.open(path) as catalog:
        catalog.marks.put("a mark", "x")
    with sqlite3.connect(path) as db:
        db.execute("create index by_value on marks (value)")
        db.execute("pragma writable_schema = 1")
        (sql,) = db.execute("select sql from sqlite_master where name = 'by_value'").fetchone()
        db.execute("update sqlite_master set sql = ? where name = 'by_value'", (sql.replace("(value)", "(name)"),))
    db.close()
    with Catalog.open(path) as catalog:
        catalog.check()
        with pytest.raises(CatalogCorrupt):
            catalog.check(indexes=True)


def test_who_makes_a_catalog_beside_another_waits_where_sqlite_does_not(tmp_path: Path) -> None:
    """A change to the write-ahead log that is refused at once is tried again until the other one has made its own."""
    path = tmp_path / "catalog.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("begin immediate")
    other.execute("create table made (by text)")
    done = threading.Timer(0.2, other.execute, ["commit"])
    done.start()
    with closing(Database(sqlite3.connect(path, timeout=0))) as db:
        use_wal(db)
        assert db.execute("pragma journal_mode").fetchone() == ("wal",)
    done.join()
    other.close()
