"""What backups, restores and instances share: one revision, moves by compare-and-set, finding by a short id."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic

from sqlite_utils import Database

from core.catalog.columns import Record, Table
from core.catalog.file import CatalogFile, rows
from core.errors import AmbiguousId, UnknownName
from core.model.progress import Step

MOST_NAMED = 5
BEHIND_EVERY_TEXT = "\U0010ffff"


class Ledger(Generic[Record]):
    """Records of one kind. Every insert and every change of one takes the next revision of the whole catalog."""

    noun = "record"
    shown_at = "requested_at"

    def __init__(self, file: CatalogFile, table: Table[Record]) -> None:
        self._file = file
        self._table = table

    def get(self, key: str) -> Record:
        """Return the record of a whole id or name.

        Raises:
            UnknownName: there is none.

        """
        with self._file.read() as db:
            row = self._row(db, key)
        if row is None:
            raise self._unknown(key)
        return self._table.value(row)

    def create(self, record: Record) -> Record:
        """Insert a record and return it with its revision.

        Raises:
            KeyError: its id or name is taken.

        """
        with self._file.write() as db:
            return self._insert(db, record, next_revision(db))

    def find(self, reference: str) -> Record:
        """Return the record of an id, of a unique beginning of one, or of the part after its last dash.

        Raises:
            UnknownName: nothing begins so.
            AmbiguousId: more than one does; up to five are named.

        """
        return self._find(reference, None)

    def move(self, key: str, frm: frozenset[StrEnum], **changes: object) -> Record | None:
        """Change fields of a record if it stands in one of the states `frm`; return it, None where it does not.

        Raises:
            TypeError: there is no such field.

        """
        columns = self._table.changed(changes)
        with self._file.write() as db:
            row = self._row(db, key)
            if row is None or row["state"] not in frm:
                return None
            return self._update(db, row, columns)

    def changed_since(self, revision: int, limit: int = 200) -> tuple[Record, ...]:
        """Return what changed after a revision, the earliest change first."""
        return self._select("where revision > ? order by revision limit ?", (revision, limit))

    def _find(self, reference: str, source: str | None) -> Record:
        with self._file.read() as db:
            whole = self._row(db, reference)
            found = (
                [whole]
                if whole and (source is None or source == whole["source"])
                else self._matches(db, reference, source)
            )
        if not found:
            raise self._unknown(reference)
        if len(found) > 1:
            raise self._ambiguous(reference, found)
        return self._table.value(found[0])

    def _report(self, key: str, frm: frozenset[StrEnum], step: Step | None) -> None:
        self.move(key, frm, step=step)

    def _select(self, rest: str, parameters: Sequence[Any] = ()) -> tuple[Record, ...]:
        with self._file.read() as db:
            found = rows(db, f"select * from {self._table.name} {rest}", parameters)  # noqa: S608 - names are ours
        return tuple(self._table.value(row) for row in found)

    def _row(self, db: Database, key: str) -> dict[str, Any] | None:
        sql = f"select * from {self._table.name} where {self._table.key} = ?"  # noqa: S608 - names are ours
        return next(iter(rows(db, sql, (key,))), None)

    def _insert(self, db: Database, record: Record, revision: int) -> Record:
        return self._table.value(self._insert_row(db, record, revision))

    def _insert_row(self, db: Database, record: Record, revision: int) -> dict[str, Any]:
        row = {**self._table.row(record), "revision": revision}
        key = row[self._table.key]
        stored = {**row, "suffix": key.rpartition("-")[2]}
        names, marks = ", ".join(stored), ", ".join("?" * len(stored))
        sql = f"insert into {self._table.name} ({names}) values ({marks})"  # noqa: S608 - names are ours
        try:
            db.execute(sql, tuple(stored.values()))
        except sqlite3.IntegrityError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
                raise
            raise KeyError(key) from error
        return row

    def _update(self, db: Database, row: dict[str, Any], columns: dict[str, Any]) -> Record | None:
        changed = {**columns, "revision": next_revision(db)}
        assigned = ", ".join(f"{name} = ?" for name in changed)
        sql = f"update {self._table.name} set {assigned} where {self._table.key} = ? and state = ?"  # noqa: S608 - names are ours
        cursor = db.execute(sql, (*changed.values(), row[self._table.key], row["state"]))
        return self._table.value({**row, **changed}) if cursor.rowcount == 1 else None

    def _matches(self, db: Database, reference: str, source: str | None) -> list[dict[str, Any]]:
        """Return the newest few records that a reference may mean; one more than are named in an error."""
        found: dict[str, dict[str, Any]] = {}
        for column, start in ((self._table.key, reference), ("suffix", reference), ("suffix", reference.lower())):
            sql, parameters = self._match_query(column, start, source)
            found |= {row[self._table.key]: row for row in rows(db, sql, parameters)}
        return [found[key] for key in sorted(found, reverse=True)][: MOST_NAMED + 1] if reference else []

    def _match_query(self, column: str, start: str, source: str | None) -> tuple[str, tuple[Any, ...]]:
        """Return the query for the newest few records whose column begins with a text."""
        ours, only = ("source = ? and ", (source,)) if source is not None else ("", ())
        sql = (
            f"select * from {self._table.name} where {ours}{column} >= ? and {column} < ? "  # noqa: S608 - names are ours
            f"order by {column} desc limit ?"
        )
        return sql, (*only, start, start + BEHIND_EVERY_TEXT, MOST_NAMED + 1)

    def _unknown(self, reference: str) -> UnknownName:
        return UnknownName(
            f"I don't know {'an' if self.noun[0] in 'aeiou' else 'a'} {self.noun} {reference[:60]!r}.",
            hint="Give its id, or what the list shows of it.",
        )

    def _ambiguous(self, reference: str, found: list[dict[str, Any]]) -> AmbiguousId:
        named = ", ".join(self._named(row) for row in found[:MOST_NAMED])
        many = len(found) if len(found) <= MOST_NAMED else f"more than {MOST_NAMED}"
        return AmbiguousId(
            f"{reference} matches {many} {self.noun}s: {named}.", hint="Type more of the id, until it means one."
        )

    def _named(self, row: dict[str, Any]) -> str:
        record = self._table.value(row)
        at = datetime.fromisoformat(row[self.shown_at])
        return f"{row[self._table.key]} ({self._source_of(record)}, {at:%Y-%m-%d %H:%M} UTC)"

    def _source_of(self, record: Record) -> str:
        return str(getattr(record, "source", ""))


def next_revision(db: Database, count: int = 1) -> int:
    """Take the next revisions of the catalog in the open write; return the last of them."""
    db.execute("update revision set value = value + ?", (count,))
    return newest_revision(db)


def newest_revision(db: Database) -> int:
    """Return the newest revision of anything."""
    (value,) = db.execute("select value from revision").fetchone()
    return int(value)
