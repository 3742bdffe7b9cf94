"""The catalog: the record of every backup, restore, instance, approval and event, in one SQLite file."""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sqlite_utils import Database

from core.catalog.audit import Audit, Head
from core.catalog.backups import Backups
from core.catalog.daily import Daily
from core.catalog.downloads import Downloads
from core.catalog.expected import Expected
from core.catalog.failures import corrupt, translated
from core.catalog.file import CatalogFile, create_folder, create_private, use_wal
from core.catalog.freezes import Freezes
from core.catalog.in_use import InUse
from core.catalog.instances import Instances
from core.catalog.leases import Leases
from core.catalog.ledger import newest_revision
from core.catalog.marks import Marks
from core.catalog.messages import Messages
from core.catalog.notices import Notices
from core.catalog.place import Lies
from core.catalog.processes import Process, Processes
from core.catalog.putting_back import put_back
from core.catalog.restores import Restores
from core.catalog.retained import Retained
from core.catalog.schedules import Schedules
from core.catalog.schema import MIGRATIONS, require_known
from core.catalog.thinning import Thinning

PAGES_AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Which state of the catalog a copy holds."""

    revision: int
    audit: Head


class Catalog:
    """All records. Usable from any thread; several processes may have it open.

    Each method is one transaction; within `with catalog.write():` all of one thread are one together.
    """

    def __init__(self, file: CatalogFile, in_use: InUse) -> None:
        self._file = file
        self._in_use = in_use
        self.path = file.path
        self.leases = Leases(file)
        self.backups = Backups(file, self.leases)
        self.restores = Restores(file)
        self.instances = Instances(file)
        self.downloads = Downloads(file)
        self.processes = Processes(file)
        self.audit = Audit(file)
        self.messages = Messages(file)
        self.marks = Marks(file)
        self.retained = Retained(file)
        self.daily = Daily(file)
        self.expected = Expected(file)
        self.schedules = Schedules(file)
        self.freezes = Freezes(file)
        self.notices = Notices(file)
        self.thinning = Thinning(file)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a catalog, making or migrating it where needed. What is made is readable by its owner alone.

        Raises:
            CatalogCorrupt: the file is damaged, or not a catalog.
            UnsupportedVersion: a newer Safehold wrote it.
            UnavailableError: the place can't be written.
            BusyError: another process kept it locked for 30 s, or it is being rebuilt.

        """
        create_folder(path)
        in_use = InUse(path, alone=False)
        try:
            return cls(_opened(path), in_use)
        except BaseException:
            in_use.release()
            raise

    def write(self) -> AbstractContextManager[Database]:
        """Open a write transaction of this thread: all that it does inside is kept, or nothing where it raises.

        Inside an open one it is a part of it, all or nothing by itself.

        Raises:
            BusyError, CatalogCorrupt, NotEnoughSpace, UnavailableError.

        """
        return self._file.write()

    def read(self) -> AbstractContextManager[Database]:
        """Open one unchanging view for this thread: what is read inside belongs together.

        Raises:
            CatalogCorrupt, UnavailableError.

        """
        return self._file.read()

    def revision(self) -> int:
        """Return the newest revision of any backup, restore or instance."""
        with self._file.read() as db:
            return newest_revision(db)

    @property
    def damaged(self) -> bool:
        """Say whether the file was found damaged, removed or replaced since it was opened."""
        return self._file.damaged

    @property
    def displaced(self) -> bool:
        """Say whether it was found removed or replaced since it was opened."""
        return self._file.displaced

    def lies(self) -> Lies:
        """Say what lies at its path now.

        Raises:
            UnavailableError: nobody can look.

        """
        return self._file.place.look()

    def put_back(self, stamp: str, finish: Callable[[Path], None]) -> Path:
        """Write what a removed or replaced file held to its path, or beside it; return where, see there."""
        return put_back(self._file, stamp, finish)

    def check(self, *, indexes: bool = False) -> None:
        """Read the whole file and look whether it is sound; with `indexes` also whether they say what the tables say.

        Raises:
            CatalogCorrupt: it is not.

        """
        with self._file.read() as db:
            (found,) = db.execute(f"pragma {'integrity' if indexes else 'quick'}_check(1)").fetchone()
            if found != "ok":
                raise corrupt(self.path, str(found))

    def copy_to(self, target: Path, told: Callable[[], None] = lambda: None) -> Snapshot:
        """Write all that is committed now to a new file, which is whole by itself; nobody waits for it.

        `told` is called now and then; what it raises ends the copy.

        Raises:
            CatalogCorrupt, NotEnoughSpace, UnavailableError.

        """
        create_private(target)
        with translated(self.path), closing(self._file.connect()) as db:
            # One view from here on. By a connection of the catalog's own: an engine would open the file beside it.
            db.execute("begin")
            revision = newest_revision(db)
            seq, sealed = db.execute("select seq, hash from audit_head").fetchone()
            with closing(sqlite3.connect(target)) as copy:
                db.conn.backup(copy, pages=PAGES_AT_ONCE, progress=lambda *_: told(), sleep=0)
                copy.execute("pragma journal_mode = delete")
        return Snapshot(revision, Head(seq, sealed))

    def close_whole(self) -> None:
        """Close it so that the file is whole by itself; nobody else may have it open."""
        self._file.close()
        with translated(self.path), closing(self._file.connect()) as db:
            db.execute("pragma journal_mode = delete")
        self.close()

    def close(self) -> None:
        """Close the idle connections, and use the file no longer."""
        self._file.close()
        self._in_use.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _opened(path: Path) -> CatalogFile:
    create_private(path)
    file = CatalogFile(path)
    with translated(path):
        db = file.connect()
        try:
            require_known(db, path)
            use_wal(db)
        finally:
            db.close()
    with file.write() as db:
        MIGRATIONS.apply(db)
    return file


def processes_of(path: Path) -> tuple[Process, ...]:
    """Return the processes that a catalog names, without opening it for use or changing it.

    Raises:
        CatalogCorrupt: it can't be read.
        UnsupportedVersion: a newer Safehold wrote it.

    """
    file = CatalogFile(path)
    with translated(path), closing(file.connect()) as db:
        require_known(db, path)
        if not db["processes"].exists():
            return ()
    try:
        return Processes(file).all()
    finally:
        file.close()
