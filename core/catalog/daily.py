"""What a daily digest asks of the catalog, at the cost of the index entries that it looks at."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.catalog.columns import moment_text
from core.catalog.file import CatalogFile
from core.catalog.schema import FAILED_BACKUPS

_WAS_GOOD = "state in ('good', 'expired', 'pruning', 'pruned')"


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest good backup of a source: when it was begun, and its size in bytes."""

    taken_at: datetime
    size: int


class Daily:
    """Questions across records; nothing is stored here. No record is read as a whole."""

    def __init__(self, file: CatalogFile) -> None:
        self._file = file

    def newest_good(self, source: str) -> Newest | None:
        """Return the newest good backup of a source."""
        sql = (
            "select coalesce(started_at, requested_at), size from backups where source = ? and state = 'good' "
            "order by requested_at desc, id desc limit 1"
        )
        with self._file.read() as db:
            row = db.execute(sql, (source,)).fetchone()
        return Newest(datetime.fromisoformat(row[0]), int(row[1])) if row else None

    def changed_since(self, revision: int) -> frozenset[str]:
        """Return the sources of which any backup's record has changed after a revision."""
        with self._file.read() as db:
            # Left alone, SQLite walks through all backups in the order of their sources, for "distinct".
            sql = "select distinct source from backups indexed by backups_by_revision where revision > ?"
            found = db.execute(sql, (revision,)).fetchall()
        return frozenset(str(row[0]) for row in found)

    def sizes(self, source: str, count: int) -> tuple[int, ...]:
        """Return the sizes of the newest backups that were good once, also of those that are gone, the oldest first."""
        sql = (
            f"select size from backups where source = ? and {_WAS_GOOD} and size > 0 "  # noqa: S608 - ours
            "order by requested_at desc, id desc limit ?"
        )
        with self._file.read() as db:
            found = db.execute(sql, (source, count)).fetchall()
        return tuple(int(row[0]) for row in reversed(found))

    def failures(self, since: datetime) -> Mapping[str, int]:
        """Return how many backups of each source failed since then; sources without a failure are left out."""
        sql = (
            "select source, count(*) from backups indexed by backups_failed "  # noqa: S608 - ours
            f"where {FAILED_BACKUPS} and requested_at > ? group by source"
        )
        with self._file.read() as db:
            return {str(source): int(count) for source, count in db.execute(sql, (moment_text(since),))}
