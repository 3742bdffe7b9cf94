"""Leases: one run at a time on what has a name, with who holds it and until when."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.catalog.columns import MOMENT, PLAIN, Table, moment_text
from core.catalog.file import CatalogFile, rows

RUN_SECONDS = 100 * 365 * 86_400
"""How long the lease of a run lasts. It ends with its run, or once its owner is seen to be dead, and not by the clock:
one that is set ahead by a week would let a second run at a source that the first is still at."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A run of a process holds a name. Times are aware UTC."""

    name: str
    owner: str
    run: str
    acquired_at: datetime
    expires_at: datetime


TABLE = Table(
    "leases",
    "name",
    Lease,
    {"name": PLAIN, "owner": PLAIN, "run": PLAIN, "acquired_at": MOMENT, "expires_at": MOMENT},
)


class Leases:
    """The names that are held."""

    def __init__(self, file: CatalogFile) -> None:
        self._file = file

    def acquire(self, name: str, owner: str, run: str, at: datetime, seconds: float) -> bool:
        """Take a name that is free, was left to expire, or is this run's already; say whether it is held now."""
        ends = moment_text(at + timedelta(seconds=seconds))
        with self._file.write() as db:
            cursor = db.execute(
                "insert into leases (name, owner, run, acquired_at, expires_at) values (?, ?, ?, ?, ?) "
                "on conflict (name) do update set owner = excluded.owner, run = excluded.run, "
                "acquired_at = excluded.acquired_at, expires_at = excluded.expires_at "
                "where leases.expires_at <= excluded.acquired_at "
                "or (leases.owner = excluded.owner and leases.run = excluded.run)",
                (name, owner, run, moment_text(at), ends),
            )
            return cursor.rowcount == 1

    def release(self, name: str, owner: str, run: str) -> bool:
        """Give a name back; False where this run of this process does not hold it.

        What deletes of a source has one name in every process: one that hung may wake while another one is at it.
        """
        sql = "delete from leases where name = ? and owner = ? and run = ?"
        with self._file.write() as db:
            return db.execute(sql, (name, owner, run)).rowcount == 1

    def end(self, name: str, run: str) -> bool:
        """Give a name back whose run has ended, whoever holds it for that run: one whose name no other run ever has."""
        with self._file.write() as db:
            return db.execute("delete from leases where name = ? and run = ?", (name, run)).rowcount == 1

    def seize(self, lease: Lease) -> bool:
        """Take a lease away that was seen to be left behind; False where it is held no longer, or by another one."""
        return self.release(lease.name, lease.owner, lease.run)

    def held(self) -> tuple[Lease, ...]:
        """Return every lease, also those left to expire, by name."""
        with self._file.read() as db:
            found = rows(db, "select * from leases order by name")
        return tuple(TABLE.value(row) for row in found)
