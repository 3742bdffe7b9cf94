"""Processes: which Safeholds run over this catalog, and when each was last heard of."""

from dataclasses import dataclass
from datetime import datetime

from core.catalog.columns import MOMENT, PLAIN, Table, moment_text
from core.catalog.file import CatalogFile, rows


@dataclass(frozen=True, slots=True)
class Process:
    """A process over this catalog. `created` is seconds, as its identity gives them; times are aware UTC."""

    owner: str
    host: str
    pid: int
    created: float
    role: str
    registered_at: datetime
    beat_at: datetime


TABLE = Table(
    "processes",
    "owner",
    Process,
    {
        "owner": PLAIN,
        "host": PLAIN,
        "pid": PLAIN,
        "created": PLAIN,
        "role": PLAIN,
        "registered_at": MOMENT,
        "beat_at": MOMENT,
    },
)


class Processes:
    """The processes that have registered and were not forgotten."""

    def __init__(self, file: CatalogFile) -> None:
        self._file = file

    def register(self, owner: str, host: str, pid: int, created: float, role: str, at: datetime) -> None:
        """Record a process as heard of now; registering again replaces its record."""
        text = moment_text(at)
        with self._file.write() as db:
            db.execute(
                "insert or replace into processes (owner, host, pid, created, role, registered_at, beat_at) "
                "values (?, ?, ?, ?, ?, ?, ?)",
                (owner, host, pid, created, role, text, text),
            )

    def beat(self, owner: str, at: datetime) -> bool:
        """Record that a process was heard of; False where it was forgotten, and has to register again."""
        with self._file.write() as db:
            sql = "update processes set beat_at = ? where owner = ?"
            return db.execute(sql, (moment_text(at), owner)).rowcount == 1

    def forget(self, owner: str) -> None:
        """Remove a process that has ended. Idempotent."""
        with self._file.write() as db:
            db.execute("delete from processes where owner = ?", (owner,))

    def all(self) -> tuple[Process, ...]:
        """Return every process, in the order they registered."""
        with self._file.read() as db:
            found = rows(db, "select * from processes order by registered_at, owner")
        return tuple(TABLE.value(row) for row in found)
