"""What the SQLite engine does with odd files, busy writers and damage."""

import dataclasses
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from core.engines.sqlite import SQLite
from core.engines.sqlite.engine import FILE
from core.errors import ProofFailed, RestoreFailed, SourceUnavailable, UnsafeSource, UnsupportedVersion
from core.model.manifest import Manifest, ProofRecord
from core.model.place import Place
from core.model.progress import Step, silent
from core.model.source import Source
from tests.support.engines import RealClock, flip, manifest_of, new_backup_id, stored


@pytest.fixture(name="engine")
def _engine(tmp_path: Path) -> SQLite:
    return SQLite(tmp_path / "scratch", RealClock())


def _source(path: Path) -> Source:
    return Source("orders", "sqlite", "local", "here", options={"path": path})


def _proven(engine: SQLite, path: Path, folder: Path) -> tuple[ProofRecord, Manifest]:
    backup = new_backup_id()
    image = engine.capture(_source(path), backup, silent)
    manifest = manifest_of(engine, image)
    proof = engine.prove(stored(image, folder), manifest, silent)
    engine.discard(_source(path), backup)
    return proof, manifest


def _made(path: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(path)) as database, database:
        for statement in statements:
            database.execute(statement)
    return path


def test_any_table_name_and_kind_is_counted(engine: SQLite, tmp_path: Path) -> None:
    """Names with quotes, tables without rowid, views and virtual tables: each counted as what it is."""
    path = _made(
        tmp_path / "odd ünïcode #1?.db",
        """CREATE TABLE "a ""quoted"" name; DROP TABLE x" (a)""",
        """INSERT INTO "a ""quoted"" name; DROP TABLE x" VALUES (1), ('zwei'), (x'03'), (NULL), (5.5)""",
        "CREATE TABLE without (k TEXT PRIMARY KEY, v) WITHOUT ROWID",
        "INSERT INTO without VALUES ('k', 'v')",
        "CREATE TABLE numbered (id INTEGER PRIMARY KEY AUTOINCREMENT, v)",
        "INSERT INTO numbered (v) VALUES ('v')",
        "CREATE VIEW seen AS SELECT * FROM without",
        "CREATE VIRTUAL TABLE words USING fts5(body)",
        "INSERT INTO words VALUES ('some words to find')",
    )
    tables = _proven(engine, path, tmp_path / "copy")[0].counts["tables"]
    assert tables['a "quoted" name; DROP TABLE x'] == 5
    assert tables["without"] == tables["numbered"] == 1
    assert "words_content" in tables
    assert not {"seen", "words", "sqlite_sequence", "sqlite_schema"} & set(tables)


@pytest.mark.parametrize(
    ("one", "other"), [("'1'", "1"), ("'a'", "x'61'"), ("NULL", "'None'"), ("1", "1.0"), ("''", "NULL")]
)
def test_values_that_look_alike_have_different_fingerprints(
    engine: SQLite, tmp_path: Path, one: str, other: str
) -> None:
    """The kind of a value is part of the data."""
    prints = set()
    for name, value in (("one", one), ("other", other)):
        insert = f"INSERT INTO t VALUES ({value})"  # noqa: S608  the test's own literals
        path = _made(tmp_path / f"{name}.db", "CREATE TABLE t (v)", insert)
        prints.add(_proven(engine, path, tmp_path / name)[0].fingerprint)
    assert len(prints) == 2


def test_the_order_of_rows_does_not_matter(engine: SQLite, tmp_path: Path) -> None:
    """The same rows inserted the other way round, in other pages, have the same fingerprint."""
    prints = set()
    for name, order in (("up", range(500)), ("down", range(499, -1, -1))):
        path = _made(tmp_path / f"{name}.db", "CREATE TABLE t (v)")
        with closing(sqlite3.connect(path)) as database, database:
            database.executemany("INSERT INTO t VALUES (?)", [(number,) for number in order])
        prints.add(_proven(engine, path, tmp_path / name)[0].fingerprint)
    assert len(prints) == 1


WRITE = """
import sqlite3, sys
try:
    sqlite3.connect(sys.argv[1], timeout=0).execute("INSERT INTO t VALUES (2)")
except sqlite3.OperationalError as error:
    print(error)
"""


def test_looking_at_a_file_leaves_the_locks_of_this_process_on_it(engine: SQLite, tmp_path: Path) -> None:
    """Who writes to the same file here, as the catalog does, still keeps other processes out after a backup of it."""
    path = _made(tmp_path / "orders.db", "CREATE TABLE t (v)", "INSERT INTO t VALUES (1)")
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        engine.capture(_source(path), new_backup_id(), silent)
        done = subprocess.run([sys.executable, "-c", WRITE, path], capture_output=True, text=True, check=True)
    assert done.stdout == "database is locked\n"


@contextmanager
def _moving_money(path: Path) -> Iterator[None]:
    """Move amounts between two accounts, transaction by transaction: the sum is always the same."""
    stop = threading.Event()
    moved = threading.Event()

    def move() -> None:
        with closing(sqlite3.connect(path, timeout=60)) as database:
            amount = 0
            while not stop.is_set():
                amount += 1
                with database:
                    database.execute("UPDATE accounts SET amount = amount - ? WHERE name = 'a'", (amount,))
                    database.execute("INSERT INTO filling VALUES (?)", ("x" * 2000,))
                    database.execute("UPDATE accounts SET amount = amount + ? WHERE name = 'z'", (amount,))
                moved.set()

    thread = threading.Thread(target=move)
    thread.start()
    try:
        assert moved.wait(30)
        yield
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_a_copy_under_writes_holds_no_half_transaction(engine: SQLite, tmp_path: Path, mode: str) -> None:
    """Whatever the journal mode and however busy the writer, a copy ends, and is consistent."""
    path = _made(tmp_path / "bank.db", "CREATE TABLE accounts (name, amount)", "CREATE TABLE filling (v)")
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA journal_mode = {mode}")
        with database:
            database.execute("INSERT INTO accounts VALUES ('a', 0)")
            database.executemany("INSERT INTO filling VALUES (?)", [("y" * 2000,)] * 3000)
            database.execute("INSERT INTO accounts VALUES ('z', 0)")
    with _moving_money(path):
        backup = new_backup_id()
        image = engine.capture(_source(path), backup, silent)
    assert [file.path for file in image.files] == [FILE]
    with closing(sqlite3.connect(image.files[0].location)) as copy:
        assert copy.execute("SELECT sum(amount) FROM accounts").fetchone() == (0,)
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert [path.name for path in image.files[0].location.parent.iterdir()] == [FILE]


def test_progress_ends_at_the_whole(engine: SQLite, tmp_path: Path) -> None:
    """The last report says that all bytes are copied."""
    path = _made(tmp_path / "big.db", "CREATE TABLE t (v)")
    with closing(sqlite3.connect(path)) as database, database:
        database.executemany("INSERT INTO t VALUES (?)", [("x" * 3000,)] * 3000)
    steps: list[Step] = []
    engine.capture(_source(path), new_backup_id(), steps.append)
    assert len(steps) > 3
    assert steps[-1].done == steps[-1].total >= 9_000_000


def test_what_is_no_sqlite_file_is_refused(engine: SQLite, tmp_path: Path) -> None:
    """A text, an empty file, a folder and nothing at all are each refused with the path."""
    (tmp_path / "text.db").write_text("this is not a database, and it is longer than a header")
    (tmp_path / "empty.db").touch()
    for name in ("text.db", "empty.db"):
        with pytest.raises(UnsafeSource, match=name):
            engine.inspect(_source(tmp_path / name))
    for path in (tmp_path, tmp_path / "nothing.db"):
        with pytest.raises(SourceUnavailable, match=str(path)):
            engine.inspect(_source(path))


def test_a_damaged_page_is_found(engine: SQLite, tmp_path: Path) -> None:
    """Bytes changed inside a page are found by SQLite's own check."""
    path = _made(tmp_path / "orders.db", "CREATE TABLE t (v)", "CREATE INDEX i ON t (v)")
    with closing(sqlite3.connect(path)) as database, database:
        database.executemany("INSERT INTO t VALUES (?)", [(f"value {n}",) for n in range(5000)])
    _proof, manifest = _proven(engine, path, tmp_path / "copy")
    flip(tmp_path / "copy" / FILE, 4096 * 3 + 5)
    with pytest.raises(ProofFailed, match="can't be trusted"):
        engine.prove(tmp_path / "copy", manifest, silent)


def test_an_instance_keeps_its_name_and_journal_mode(engine: SQLite, tmp_path: Path) -> None:
    """The restored file is called as the source's was and works in the same mode."""
    path = _made(tmp_path / "orders.db", "PRAGMA journal_mode = WAL", "CREATE TABLE t (v)", "INSERT INTO t VALUES (1)")
    proof, manifest = _proven(engine, path, tmp_path / "copy")
    place = Place("sqlite-restore-20261124T031500Z", tmp_path / "place", "", 0)
    place.directory.mkdir()
    restored = engine.prepare(tmp_path / "copy", manifest, place, silent)
    assert restored.fingerprint == proof.fingerprint
    assert engine.answers(place)
    assert engine.endpoint(place) == f"sqlite:///{place.directory / 'orders.db'}"
    with closing(sqlite3.connect(place.directory / "orders.db")) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    shutil.rmtree(place.directory)
    assert not engine.answers(place)


def test_a_name_in_the_manifest_never_leads_out_of_the_place(engine: SQLite, tmp_path: Path) -> None:
    """A manifest that names a file elsewhere has only the name taken from it."""
    path = _made(tmp_path / "orders.db", "CREATE TABLE t (v)")
    _proof, manifest = _proven(engine, path, tmp_path / "copy")
    place = Place("sqlite-restore-20261124T031500Z", tmp_path / "place", "", 0)
    place.directory.mkdir()
    evil = dataclasses.replace(manifest, facts={"file": "../x"})
    engine.prepare(tmp_path / "copy", evil, place, silent)
    assert [file.name for file in place.directory.iterdir()] == ["x"]


def test_another_engines_backup_is_refused(engine: SQLite, tmp_path: Path) -> None:
    """A manifest of another engine is not opened as SQLite."""
    path = _made(tmp_path / "orders.db", "CREATE TABLE t (v)")
    _proof, manifest = _proven(engine, path, tmp_path / "copy")
    other = dataclasses.replace(manifest, engine="other")
    with pytest.raises(UnsupportedVersion, match="other"):
        engine.prove(tmp_path / "copy", other, silent)


def test_a_place_that_is_gone_fails_the_restore(engine: SQLite, tmp_path: Path) -> None:
    """A directory that vanished is a failed restore, not a crash."""
    path = _made(tmp_path / "orders.db", "CREATE TABLE t (v)")
    _proof, manifest = _proven(engine, path, tmp_path / "copy")
    with pytest.raises(RestoreFailed):
        engine.prepare(tmp_path / "copy", manifest, Place("gone", tmp_path / "gone" / "gone", "", 0), silent)
