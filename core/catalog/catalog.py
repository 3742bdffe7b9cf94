"""The catalog: the record of every backup, restore, instance, approval and event, in one SQLite file."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Self

from sqlite_utils import Database

from core.catalog.audit import Audit
from core.catalog.backups import Backups
from core.catalog.downloads import Downloads
from core.catalog.expected import Expected
from core.catalog.file import CatalogFile, create_private, translated
from core.catalog.freezes import Freezes
from core.catalog.instances import Instances
from core.catalog.leases import Leases
from core.catalog.ledger import newest_revision
from core.catalog.marks import Marks
from core.catalog.messages import Messages
from core.catalog.notices import Notices
from core.catalog.processes import Processes
from core.catalog.restores import Restores
from core.catalog.retained import Retained
from core.catalog.schedules import Schedules
from core.catalog.schema import MIGRATIONS, require_known


class Catalog:
    """All records. Usable from any thread; several processes may have it open.

    Each method is one transaction; within `with catalog.write():` all of one thread are one together.
    """

    def __init__(self, file: CatalogFile) -> None:
        self._file = file
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
        self.expected = Expected(file)
        self.schedules = Schedules(file)
        self.freezes = Freezes(file)
        self.notices = Notices(file)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a catalog, making or migrating it where needed. What is made is readable by its owner alone.

        Raises:
            CatalogCorrupt: the file is damaged, or not a catalog.
            UnsupportedVersion: a newer Safehold wrote it.
            UnavailableError: the place can't be written.
            BusyError: another process kept it locked for 30 s.

        """
        create_private(path)
        file = CatalogFile(path)
        with translated(path):
            db = file.connect()
            try:
                require_known(db, path)
                # Acknowledged writes survive a power cut, and readers never wait for a writer.
                db.execute("pragma journal_mode=wal")
            finally:
                db.close()
        with file.write() as db:
            MIGRATIONS.apply(db)
        return cls(file)

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

    def close(self) -> None:
        """Close the idle connections."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
