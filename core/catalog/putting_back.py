"""Puts back what a catalog held that was removed while it was used: the open connections still see all of it."""

import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from sqlite_utils import Database

from core.catalog import replacing
from core.catalog.failures import busy
from core.catalog.file import CatalogFile, create_folder, create_private
from core.errors import UnavailableError
from core.runtime.files import remove_tree

TRIES = 5


def put_back(file: CatalogFile, stamp: str, finish: Callable[[Path], None]) -> Path:
    """Write what the file held to its path, or beside it where something lies there; return where.

    `finish` is called with what was written, before anybody else can open it; what it raises ends it. Nothing that lies
    anywhere is written over.

    Raises:
        BusyError: others kept writing the removed file.
        UnavailableError: nothing sees it any more, or its folder is another one.
        CatalogCorrupt, NotEnoughSpace, OSError.

    """
    if not file.place.same_device():
        raise UnavailableError(f"The folder of the catalog {file.path} lies on another disk than it did.")
    path = file.path.resolve()  # the file itself, not a link to it
    create_folder(path)
    workplace = replacing.workplace(path)
    workplace.mkdir(mode=0o700, exist_ok=True)
    # Another bot may be at it as well; what is left by one that is killed goes with the next rebuild.
    mine = Path(tempfile.mkdtemp(dir=workplace))
    try:
        with file.last_seen() as seen:
            for number in range(TRIES):
                new = mine / f"catalog-{number}.db"
                version = _version(seen)
                _copy(seen, new)
                finish(new)
                placed = _place(seen, version, new, path, stamp)
                if placed is not None:
                    return placed
        raise busy()
    finally:
        remove_tree(mine)
        with suppress(OSError):
            workplace.rmdir()


def _copy(seen: Database, new: Path) -> None:
    create_private(new)
    with closing(sqlite3.connect(new)) as copy:
        seen.conn.backup(copy)


def _place(seen: Database, version: int, new: Path, path: Path, stamp: str) -> Path | None:
    """Link it into place; None where somebody wrote meanwhile.

    Under the write lock: who gets it afterwards finds that the path names another file, and writes no more.
    """
    seen.execute("begin immediate")
    try:
        if _version(seen) != version:
            return None
        if replacing.put_where_nothing_is(new, path):
            return path
        aside = replacing.aside_of(path, stamp)
        return aside if aside is not None and replacing.put_where_nothing_is(new, aside) else None
    finally:
        seen.execute("rollback")


def _version(db: Database) -> int:
    """Return a number that is another one after each commit of another connection."""
    (version,) = db.execute("pragma data_version").fetchone()
    return int(version)
