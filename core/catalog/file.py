"""The catalog's file: who may read and write it when, and what its failures mean."""

import os
import random
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from core.catalog.failures import busy, translated, unavailable
from core.catalog.place import Lies, Place, displaced
from core.errors import CatalogCorrupt, UnavailableError

BUSY_SECONDS = 30.0
WAL_TRIES = 20
MOST_IDLE = 8


class CatalogFile:
    """One SQLite file and the connections to it.

    A unit of work borrows a connection for itself alone and gives it back: a connection that two threads share
    raises or silently loses rows (sqlite-utils 4.2), one that belongs to a thread is never closed when the thread
    ends, and a fresh one for each unit of work costs more than the work (`bench/catalog.py` compares the three).
    """

    def __init__(self, path: Path, busy_seconds: float = BUSY_SECONDS) -> None:
        self.path = path
        self.place = Place(path)
        self.damaged = False
        self.displaced = False
        self._busy_seconds = busy_seconds
        self._idle: list[Database] = []
        self._idle_lock = threading.Lock()
        self._writing = threading.Lock()
        self._open = threading.local()

    @contextmanager
    def write(self) -> Iterator[Database]:
        """Open a write transaction of this thread, or join the one it has open as all or nothing of its own.

        Keep it short: nobody else writes meanwhile. It begins IMMEDIATE: a DEFERRED one that reads before it writes
        is refused by SQLite at once, without waiting, when another wrote meanwhile (of 360 concurrent inserts 33
        arrived).

        Raises:
            BusyError: another thread or process kept writing for 30 s.
            CatalogCorrupt, NotEnoughSpace, UnavailableError.

        """
        writing: Database | None = getattr(self._open, "writing", None)
        if writing is not None:
            with writing.atomic():
                yield writing
            return
        with self._turn(), self._transaction("begin immediate", "writing") as db:
            yield db

    @contextmanager
    def read(self) -> Iterator[Database]:
        """Open one unchanging view for this thread; inside an open write, that write's own view.

        Raises:
            CatalogCorrupt, UnavailableError.

        """
        joined: Database | None = getattr(self._open, "writing", None) or getattr(self._open, "reading", None)
        if joined is not None:
            yield joined
            return
        with self._transaction("begin", "reading") as db:
            yield db

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Let the threads of this process write in turn.

        SQLite's own waiting polls: of 360 writes from 12 threads the slowest took 2.4 s without this, 0.2 s with it.
        """
        if not self._writing.acquire(timeout=self._busy_seconds):
            raise busy()
        try:
            yield
        finally:
            self._writing.release()

    def connect(self) -> Database:
        """Open a connection. The file must exist: a deleted catalog is never replaced by an empty one, or by another.

        Raises:
            CatalogCorrupt: it was removed or replaced since the first one was opened.

        """
        self._require_in_place()
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=self._busy_seconds,
            isolation_level=None,
            check_same_thread=False,
        )
        db = Database(connection, execute_plugins=False)
        try:
            # The first look into the file: where it is damaged, this raises.
            db.execute("pragma synchronous=full")
            self.place.note()
            self._require_in_place()
        except BaseException:
            db.close()
            raise
        return db

    def close(self) -> None:
        """Close every connection that is not borrowed. Idempotent; a later unit of work opens a new one."""
        with self._idle_lock:
            idle, self._idle = self._idle, []
        for db in idle:
            db.close()

    @contextmanager
    def _transaction(self, begin: str, kind: str) -> Iterator[Database]:
        with self._watched(), translated(self.path):
            db = self._begun(begin)
            try:
                setattr(self._open, kind, db)
                yield db
                db.execute("commit")
            except BaseException:
                self._undo(db)
                raise
            finally:
                setattr(self._open, kind, None)
            self._give_back(db)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Remember damage: whoever meets it may be a click that is answered and forgotten."""
        try:
            yield
        except CatalogCorrupt:
            self.damaged = True
            raise

    def _begun(self, begin: str) -> Database:
        db = self._borrow()
        try:
            db.execute(begin)
            # Only now: whoever puts a removed file back waits for the writer that found it still in its place.
            self._require_in_place()
        except BaseException:
            self._undo(db)
            raise
        return db

    def _undo(self, db: Database) -> None:
        if self.displaced or not self._in_place():
            # Maybe the last that sees what the file held, see `last_seen`.
            with suppress(sqlite3.Error):
                if db.conn.in_transaction:
                    db.execute("rollback")
                self._give_back(db)
                return
        # Closing rolls back, also where SQLite has done so already.
        db.close()

    def _in_place(self) -> bool:
        with suppress(UnavailableError):
            return self.place.look() is Lies.HERE
        return False

    def _require_in_place(self) -> None:
        lies = self.place.look()
        if lies is not Lies.HERE:
            self.damaged = self.displaced = True
            raise displaced(self.path, lies)

    @contextmanager
    def last_seen(self) -> Iterator[Database]:
        """Lend a connection to the file that was open, wherever that is now.

        One that is open goes on seeing all of a removed file, its log included.

        Raises:
            UnavailableError: none is left, or all are at work.

        """
        with self._idle_lock:
            db = self._idle.pop() if self._idle else None
        if db is None:
            raise unavailable(self.path, "no connection to it is left")
        try:
            with translated(self.path):
                yield db
        finally:
            self._give_back(db)

    def _borrow(self) -> Database:
        with self._idle_lock:
            if self._idle:
                return self._idle.pop()
        return self.connect()

    def _give_back(self, db: Database) -> None:
        with self._idle_lock:
            if len(self._idle) < MOST_IDLE:
                self._idle.append(db)
                return
        db.close()


def rows(db: Database, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """Return the rows of a query as mappings by column name."""
    cursor = db.execute(sql, parameters)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def use_wal(db: Database) -> None:
    """Let acknowledged writes survive a power cut, and readers never wait for a writer.

    Of processes that make a catalog in the same moment each holds what the other wants: there SQLite does not wait, but
    gives up at once, so it is tried again.
    """
    for tries_left in reversed(range(WAL_TRIES)):
        try:
            db.execute("pragma journal_mode=wal")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or not tries_left:
                raise
            time.sleep(random.uniform(0.01, 0.1))  # noqa: S311 - only so that both don't meet again
        else:
            return


def create_private(path: Path) -> None:
    """Make the file, if it is not there, and its folder, so that nobody else on the machine can read them.

    Raises:
        UnavailableError: the place can't be written.

    """
    create_folder(path)
    try:
        # Never opened when it is there: closing it would take SQLite's locks of this process off it.
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        # SQLite gives its -wal and -shm files the mode of the main file.
        path.chmod(0o600)
    except OSError as error:
        raise unavailable(path, error.strerror or type(error).__name__) from error


def create_folder(path: Path) -> None:
    """Make the folder of a file, if it is not there, so that nobody else on the machine can look into it.

    Raises:
        UnavailableError: it can't be made.

    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise unavailable(path, error.strerror or type(error).__name__) from error
