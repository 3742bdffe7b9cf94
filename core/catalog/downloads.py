"""Downloads: permissions to take an archive, and whether they were used."""

from datetime import datetime

from core.catalog.columns import MOMENT, PERSON, PLAIN, Table, moment_text, optional
from core.catalog.file import CatalogFile, rows
from core.errors import UnknownName
from core.model.transfer import Download

TABLE = Table(
    "downloads",
    "id",
    Download,
    {
        "id": PLAIN,
        "backup_id": PLAIN,
        "requested_by": PERSON,
        "issued_at": MOMENT,
        "expires_at": MOMENT,
        "started_at": optional(MOMENT),
        "completed_at": optional(MOMENT),
    },
)


class Downloads:
    """Every download that may still be of use; the audit record has all."""

    def __init__(self, file: CatalogFile) -> None:
        self._file = file

    def create(self, download: Download) -> None:
        """Insert a download.

        Raises:
            KeyError: its id is taken.

        """
        row = TABLE.row(download)
        with self._file.write() as db:
            cursor = db.execute(
                "insert into downloads (id, backup_id, requested_by, issued_at, expires_at, started_at, completed_at) "
                "values (?, ?, ?, ?, ?, ?, ?) on conflict (id) do nothing",
                tuple(row.values()),
            )
        if cursor.rowcount != 1:
            raise KeyError(download.id)

    def get(self, key: str) -> Download:
        """Return a download by its whole id.

        Raises:
            UnknownName: there is none.

        """
        with self._file.read() as db:
            found = rows(db, "select * from downloads where id = ?", (key,))
        if not found:
            raise UnknownName("I don't know this download.", hint="Ask for a new link: /backups download.")
        return TABLE.value(found[0])

    def move_started(self, key: str, at: datetime) -> bool:
        """Record the first byte; False where it was recorded before."""
        sql = "update downloads set started_at = ? where id = ? and started_at is null"
        with self._file.write() as db:
            return db.execute(sql, (moment_text(at), key)).rowcount == 1

    def move_completed(self, key: str, at: datetime) -> bool:
        """Record the last byte; False where it was recorded before: of two who finish, one used the link."""
        sql = "update downloads set completed_at = ? where id = ? and completed_at is null"
        with self._file.write() as db:
            return db.execute(sql, (moment_text(at), key)).rowcount == 1
