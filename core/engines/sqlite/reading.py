"""Open SQLite files for reading, count their rows and fingerprint them."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from core.errors import SourceUnavailable, UnsafeSource
from core.model.progress import Progress, Step, Unit

BUSY_SECONDS = 10.0
_MACHINE = frozenset({sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN})
_MODULUS = 1 << 256
_TELL_EACH = 10_000
_TABLES = (
    "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow') "
    "AND name NOT IN ('sqlite_schema', 'sqlite_stat1', 'sqlite_stat4') ORDER BY name"
)


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a file for reading only, with an answer for what is no SQLite file.

    SQLite alone ever opens a live file, also to look at how it begins: closing a descriptor of our own would take the
    locks of this whole process off it, be it of the catalog (https://www.sqlite.org/howtocorrupt.html, 2.2).
    """
    if not path.is_file():
        raise SourceUnavailable(f"There is no file {path}.", hint="Correct the path of the SQLite file.")
    try:
        database = _connected(path)
    except sqlite3.Error as error:
        raise _unreadable(path, error) from error
    with closing(database):
        try:
            pages = _pages(database)
        except sqlite3.DatabaseError as error:
            raise _unreadable(path, error) from error
        if not pages:
            # SQLite takes an empty file for an empty database: a backup of it would look good and hold nothing.
            raise UnsafeSource(f"{path} is empty or no SQLite file.", hint="Correct the path of the SQLite file.")
        yield database


def is_database(path: Path) -> bool:
    """Say whether a file is an SQLite database, be it one that can't be read now."""
    try:
        with closing(_connected(path)) as database:
            return _pages(database) > 0
    except sqlite3.Error as error:
        return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF != sqlite3.SQLITE_NOTADB


def _connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=BUSY_SECONDS)


def _pages(database: sqlite3.Connection) -> int:
    """Return how many pages it has, having read its schema.

    Raises:
        sqlite3.DatabaseError: it is no database, or can't be read.

    """
    value(database, "SELECT count(*) FROM sqlite_master")
    return int(value(database, "PRAGMA page_count"))


def of_machine(error: BaseException | None) -> bool:
    """Say whether a failure to read a file was the machine's: memory, a full or broken disk, rights."""
    while error is not None:
        if isinstance(error, OSError | MemoryError):
            return True
        # A file that ends too early is told as an error of input and output as well.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
        if code & 0xFF in _MACHINE and code != sqlite3.SQLITE_IOERR_SHORT_READ:
            return True
        error = error.__cause__
    return False


def _unreadable(path: Path, error: sqlite3.Error) -> SourceUnavailable | UnsafeSource:
    if getattr(error, "sqlite_errorname", "") in {"SQLITE_NOTADB", "SQLITE_CORRUPT"}:
        return UnsafeSource(
            f"{path} is not a sound SQLite file: {error}.", hint="Correct the path, or repair the file."
        )
    return SourceUnavailable(f"{path} can't be read: {error}.", hint="Let Safehold read the file and its folder.")


def read_rows(database: sqlite3.Connection, progress: Progress) -> tuple[dict[str, int], str]:
    """Count each table and digest all of it: per table the sum of its rows' SHA-256 modulo 2^256, in any order."""
    counts: dict[str, int] = {}
    whole = hashlib.sha256()
    # Text that is not valid UTF-8 can stand in any SQLite file.
    database.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    schema = database.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name").fetchall()
    whole.update(repr(schema).encode())
    for table in tables(database):
        total = count = 0
        for row in database.execute(f"SELECT * FROM {_quoted(table)}"):  # noqa: S608  the name is quoted
            total = (total + int.from_bytes(hashlib.sha256(repr(row).encode()).digest(), "big")) % _MODULUS
            count += 1
            if count % _TELL_EACH == 0:
                progress(Step("counting", count, 0, Unit.ITEMS))
        whole.update(repr((table, count, total)).encode())
        if not table.startswith("sqlite_"):
            counts[table] = count
    return counts, whole.hexdigest()


def tables(database: sqlite3.Connection) -> list[str]:
    """Return the tables that hold rows of their own: no views, no virtual tables but the shadows they keep them in."""
    return [row[0] for row in database.execute(_TABLES)]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def value(database: sqlite3.Connection, statement: str) -> int | str:
    """Return the first column of a statement's first row."""
    found: int | str = database.execute(statement).fetchone()[0]
    return found
