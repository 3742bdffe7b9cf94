"""The audit record: every person and every decision, each entry sealed with the hash of the one before it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.catalog.columns import JSON, MOMENT, PERSON, PLAIN, Table, canonical
from core.catalog.file import CatalogFile, rows
from core.model.person import Person


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what to which subject, and how it came out. `detail` is JSON; `hash` seals it and all before it."""

    seq: int
    at: datetime
    person: Person
    act: str
    subject: str
    outcome: str
    detail: Mapping[str, Any]
    hash: str


TABLE = Table(
    "audit",
    "seq",
    Entry,
    {
        "seq": PLAIN,
        "at": MOMENT,
        "person": PERSON,
        "act": PLAIN,
        "subject": PLAIN,
        "outcome": PLAIN,
        "detail": JSON,
        "hash": PLAIN,
    },
)


class Audit:
    """The entries in the order they were written."""

    def __init__(self, file: CatalogFile) -> None:
        self._file = file

    def append(
        self,
        at: datetime,
        person: Person,
        act: str,
        subject: str,
        outcome: str,
        detail: Mapping[str, object],
    ) -> int:
        """Write an entry, within the open write where there is one, and return its number, from 1."""
        with self._file.write() as db:
            seq, previous = db.execute("select seq + 1, hash from audit_head").fetchone()
            row = TABLE.row(Entry(seq, at, person, act, subject, outcome, detail, ""))
            row["hash"] = seal(previous, row)
            db.execute(
                "insert into audit (seq, at, person, act, subject, outcome, detail, hash) "
                "values (?, ?, ?, ?, ?, ?, ?, ?)",
                tuple(row.values()),
            )
            db.execute("update audit_head set seq = ?, hash = ?", (seq, row["hash"]))
        return int(seq)

    def entries(self, after: int = 0, limit: int = 100) -> tuple[Entry, ...]:
        """Return the entries after a number, in order."""
        with self._file.read() as db:
            found = rows(db, "select * from audit where seq > ? order by seq limit ?", (after, limit))
        return tuple(TABLE.value(row) for row in found)

    def verify(self) -> int | None:
        """Recompute the whole chain; return the number of the first entry that was changed or removed, None if none.

        A chain of SHA-256 finds every change but one by somebody who also rewrites all that follows: keep its newest
        hash elsewhere to find that too.
        """
        with self._file.read() as db:
            head_seq, head_hash = db.execute("select seq, hash from audit_head").fetchone()
            previous, expected = "", 1
            cursor = db.execute("select seq, at, person, act, subject, outcome, detail, hash from audit order by seq")
            names = [column[0] for column in cursor.description]
            for values in cursor:
                row = dict(zip(names, values, strict=True))
                if row["seq"] != expected or row["hash"] != seal(previous, row):
                    return expected
                previous, expected = row["hash"], expected + 1
        return None if (head_seq, head_hash) == (expected - 1, previous) else expected


def seal(previous: str, row: Mapping[str, Any]) -> str:
    """Return the SHA-256, hex, of the previous seal and the canonical JSON of a row without its own."""
    text = canonical({name: value for name, value in row.items() if name != "hash"})
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()
