"""What SQLite says about the catalog's file, as an error of ours."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import BusyError, CatalogCorrupt, NotEnoughSpace, SafeholdError, UnavailableError

_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_UNAVAILABLE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY}


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what SQLite says about the file into an error of ours; faults of our own SQL pass unchanged."""
    try:
        yield
    except sqlite3.Error as error:
        meaning = _meaning(path, error)
        if meaning is None:
            raise
        raise meaning from error


def _meaning(path: Path, error: sqlite3.Error) -> SafeholdError | None:
    # Extended result codes keep the primary one in their low byte.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _CORRUPT:
        return corrupt(path, str(error))
    if code in _BUSY:
        return busy()
    if code == sqlite3.SQLITE_FULL:
        return NotEnoughSpace(f"The disk that holds the catalog {path} is full.", hint="Make room, then try again.")
    return unavailable(path, str(error)) if code in _UNAVAILABLE else None


def corrupt(path: Path, why: str) -> CatalogCorrupt:
    """Return the error for a file that can't be read as a catalog of ours."""
    return CatalogCorrupt(
        f"The catalog {path} can't be read: {why}.",
        hint="Archives in the vaults are safe. Stop the bot, run: safehold catalog rebuild - and look at the disk.",
    )


def busy() -> BusyError:
    """Return the error for a file that others keep writing."""
    return BusyError("Something else keeps writing the catalog.", hint="Nothing was changed. Try again.")


def unavailable(path: Path, why: str) -> UnavailableError:
    """Return the error for a file that can't be opened or written."""
    return UnavailableError(
        f"The catalog {path} can't be opened or written: {why}.",
        hint="Check that the file and its folder exist and that you may write them.",
    )
