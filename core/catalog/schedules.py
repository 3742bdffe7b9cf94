"""Schedules that somebody changed in Slack or at the command line, over those of the configuration."""

from core.catalog.columns import JSON, MOMENT, PERSON, PLAIN, Table, optional
from core.catalog.file import CatalogFile, rows
from core.catalog.ledger import next_revision
from core.model.schedule_change import ScheduleChange

TABLE = Table(
    "schedules",
    "source",
    ScheduleChange,
    {"source": PLAIN, "fields": optional(JSON), "changed_by": PERSON, "changed_at": MOMENT, "revision": PLAIN},
)


class Schedules:
    """The newest change of each source's schedule."""

    def __init__(self, file: CatalogFile) -> None:
        self._file = file

    def put(self, change: ScheduleChange) -> ScheduleChange:
        """Record a change over an earlier one, and return it with its revision."""
        with self._file.write() as db:
            row = {**TABLE.row(change), "revision": next_revision(db)}
            sql = f"insert or replace into schedules ({', '.join(row)}) values ({', '.join('?' * len(row))})"  # noqa: S608 - ours
            db.execute(sql, tuple(row.values()))
        return TABLE.value(row)

    def get(self, source: str) -> ScheduleChange | None:
        """Return the newest change of a source's schedule."""
        with self._file.read() as db:
            found = rows(db, "select * from schedules where source = ?", (source,))
        return TABLE.value(found[0]) if found else None

    def all(self) -> tuple[ScheduleChange, ...]:
        """Return the newest change of every source that has one."""
        with self._file.read() as db:
            found = rows(db, "select * from schedules order by source")
        return tuple(TABLE.value(row) for row in found)

    def version(self) -> int:
        """Return a number that grows with every change: while it stands, schedules need not be read again."""
        with self._file.read() as db:
            return int(db.execute("select coalesce(max(revision), 0) from schedules").fetchone()[0])
