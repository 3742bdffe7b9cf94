"""Incident freezes: one in force at most, all of them kept."""

from datetime import datetime

from core.catalog.columns import MOMENT, PERSON, PLAIN, Table, moment_text, optional
from core.catalog.file import CatalogFile, rows
from core.model.freeze import Freeze
from core.model.person import Person

TABLE = Table(
    "freezes",
    "id",
    Freeze,
    {
        "person": PERSON,
        "reason": PLAIN,
        "placed_at": MOMENT,
        "until": MOMENT,
        "lifted_at": optional(MOMENT),
        "lifted_by": optional(PERSON),
    },
)


class Freezes:
    """Every freeze ever placed."""

    def __init__(self, file: CatalogFile) -> None:
        self._file = file

    def place(self, freeze: Freeze) -> None:
        """Put a freeze in force, instead of one that is."""
        with self._file.write() as db:
            self.lift(freeze.person, freeze.placed_at)
            row = TABLE.row(freeze)
            sql = f"insert into freezes ({', '.join(row)}) values ({', '.join('?' * len(row))})"  # noqa: S608 - ours
            db.execute(sql, tuple(row.values()))

    def lift(self, person: Person, at: datetime) -> Freeze | None:
        """End the freeze in force; return it, None where there is none."""
        with self._file.write() as db:
            found = self._in_force(at)
            lifted = TABLE.changed({"lifted_at": at, "lifted_by": person})
            sql = "update freezes set lifted_at = ?, lifted_by = ? where id = ?"
            for row in found:
                db.execute(sql, (*lifted.values(), row["id"]))
        return TABLE.value({**found[-1], **lifted}) if found else None

    def active(self, now: datetime) -> Freeze | None:
        """Return the freeze in force."""
        found = self._in_force(now)
        return TABLE.value(found[-1]) if found else None

    def _in_force(self, at: datetime) -> list[dict[str, object]]:
        with self._file.read() as db:
            sql = "select * from freezes where lifted_at is null and until > ? order by id"
            return rows(db, sql, (moment_text(at),))
