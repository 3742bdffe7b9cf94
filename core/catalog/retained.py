"""What retention asks of the catalog: which backups have bytes, which are on their way out, which are in use."""

from collections.abc import Mapping
from datetime import datetime

from core.catalog.backups import TABLE
from core.catalog.columns import moment_text
from core.catalog.file import CatalogFile, rows
from core.catalog.schema import (
    LEAVING_BACKUPS,
    MADE_INSTANCES,
    OPEN_DOWNLOADS,
    OPEN_RESTORES,
    STORED_BACKUPS,
    UNSAVED_BACKUPS,
)
from core.model.backup import Backup
from core.model.use import Use

LINKED = "a download link is open"


class Retained:
    """Questions across records; nothing is stored here."""

    def __init__(self, file: CatalogFile) -> None:
        self._file = file

    def stored(self, source: str, limit: int = -1) -> tuple[Backup, ...]:
        """Return the backups of a source that have bytes in a vault, newest first; the newest few where limited."""
        with self._file.read() as db:
            found = rows(
                db,
                f"select * from backups indexed by backups_stored where source = ? and {STORED_BACKUPS} "  # noqa: S608 - ours
                "order by requested_at desc, id desc limit ?",
                (source, limit),
            )
        return tuple(TABLE.value(row) for row in found)

    def count_stored(self, source: str) -> int:
        """Return how many backups of a source have bytes in a vault."""
        sql = f"select count(*) from backups indexed by backups_stored where source = ? and {STORED_BACKUPS}"  # noqa: S608 - ours
        with self._file.read() as db:
            return int(db.execute(sql, (source,)).fetchone()[0])

    def stores_more_than(self, source: str, most: int) -> bool:
        """Say whether more of a source's backups than so many have bytes; costs what `most` costs, however many do."""
        sql = f"select 1 from backups indexed by backups_stored where source = ? and {STORED_BACKUPS} limit ?"  # noqa: S608 - ours
        with self._file.read() as db:
            return len(db.execute(sql, (source, most + 1)).fetchall()) > most

    def leaving(self) -> tuple[Backup, ...]:
        """Return what is expired or being pruned, in the order in which it was let go."""
        with self._file.read() as db:
            sql = f"select * from backups indexed by backups_leaving where {LEAVING_BACKUPS} order by expired_at, id"  # noqa: S608 - ours
            return tuple(TABLE.value(row) for row in rows(db, sql))

    def unsaved(self, limit: int = 100, vault: str = "", after: str = "") -> tuple[Backup, ...]:
        """Return backups whose manifest does not say yet what their record says, of one vault or all, behind an id."""
        with self._file.read() as db:
            sql = (
                f"select * from backups indexed by backups_unsaved where {UNSAVED_BACKUPS} "  # noqa: S608 - ours
                "and id > ? and (? = '' or vault = ?) order by id limit ?"
            )
            return tuple(TABLE.value(row) for row in rows(db, sql, (after, vault, vault, limit)))

    def in_use(self, now: datetime) -> Mapping[str, Use]:
        """Return the backups that somebody works with, each with what is done with it.

        A download counts as long as its link works and it has not ended, and as long as bytes of it are sent; a
        restore from the request on; an instance while it is made; a verification as long as its run holds its lease.
        """
        taken = "select name from leases where name >= 'download:' and name < 'download;' and expires_at > ?"
        with self._file.read() as db:
            downloads = db.execute(
                f"select backup_id, expires_at from downloads where {OPEN_DOWNLOADS} and expires_at > ? "  # noqa: S608 - ours
                "order by expires_at",
                (moment_text(now),),
            )
            # Of several links the one that ends last counts.
            used = {str(row[0]): Use(LINKED, datetime.fromisoformat(row[1])) for row in downloads}
            sent = db.execute(taken, (moment_text(now),))
            used |= {str(row[0]).split(":")[1]: Use("being downloaded") for row in sent}
            verified = db.execute("select substr(run, 8) from leases where name >= 'verify:' and name < 'verify;'")
            used |= {str(row[0]): Use("being verified") for row in verified}
            restored = db.execute(
                "select json_extract(plan, '$.backup_id') from restores indexed by restores_open "  # noqa: S608 - ours
                f"where {OPEN_RESTORES}"
            )
            used |= {str(row[0]): Use("wanted for a restore") for row in restored}
            provisioned = db.execute(f"select backup_id from instances where {MADE_INSTANCES}")  # noqa: S608 - ours
            return used | {str(row[0]): Use("being restored from") for row in provisioned}
