"""Open SQLite files for reading, count their rows and fingerprint them."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from core.errors import SourceUnavailable, UnsafeSource
from core.model.progress import Progress, Step, Unit

_HEADER = b"SQLite format 3\x00"
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
    """Open a file for reading only, with an answer for what is no SQLite file."""
    if not path.is_file():
        raise SourceUnavailable(f"There is no file {path}.", hint="Correct the path of the SQLite file.")
    if not has_header(path):
        # SQLite takes an empty file for an empty database: a backup of it would look good and hold nothing.
        raise UnsafeSource(f"{path} is empty or no SQLite file.", hint="Correct the path of the SQLite file.")
    try:
        database = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=BUSY_SECONDS)
    except sqlite3.Error as error:
        raise _unreadable(path, error) from error
    with closing(database):
        try:
            database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.DatabaseError as error:
            raise _unreadable(path, error) from error
        yield database


def has_header(path: Path) -> bool:
    """Say whether a file begins as an SQLite file does.

    Raises:
        SourceUnavailable: it can't be read.

    """
    try:
        with path.open("rb") as handle:
            return handle.read(len(_HEADER)) == _HEADER
    except OSError as error:
        raise SourceUnavailable(
            f"{path} can't be read: {error.strerror}.", hint="Let Safehold read the file."
        ) from error


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
