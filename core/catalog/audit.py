"""The audit record: every person and every decision, each entry sealed with the hash of the one before it."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from core.catalog.columns import JSON, MOMENT, PERSON, PLAIN, Table, canonical
from core.catalog.file import CatalogFile, rows
from core.errors import AuditBroken
from core.model.person import Person

AT_ONCE = 500


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


@dataclass(frozen=True, slots=True)
class Head:
    """The number and the hash of the newest entry; 0 and "" where there is none."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The first entry that is not what was written, with as much of it as can be read, and what is wrong with it."""

    seq: int
    at: str
    who: str
    act: str
    why: str


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """What a check of the chain found: how many entries are as they were written, and the hash of the last of them."""

    entries: int
    newest_hash: str
    broken: Broken | None = None


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

    def head(self) -> Head:
        """Return where the record ends now."""
        with self._file.read() as db:
            seq, sealed = db.execute("select seq, hash from audit_head").fetchone()
        return Head(int(seq), str(sealed))

    def name_of(self, person_id: str) -> str:
        """Return the name under which a person last acted, "" for who never did."""
        sql = "select person from audit where json_extract(person, '$.id') = ? order by seq desc limit 1"
        with self._file.read() as db:
            found = db.execute(sql, (person_id,)).fetchone()
        return str(json.loads(found[0])["name"]) if found else ""

    def newest_at(self) -> datetime | None:
        """Return when the newest entry was written, None where there is none."""
        found = self.entries(self.head().seq - 1, 1)
        return found[0].at if found else None

    def sealed_at(self, seq: int) -> str:
        """Return the hash of an entry, "" for 0: what the entry after it is sealed with.

        Raises:
            KeyError: there is no such entry.

        """
        with self._file.read() as db:
            found = db.execute("select hash from audit where seq = ?", (seq,)).fetchone()
        if found is None and seq:
            raise KeyError(seq)
        return str(found[0]) if found else ""

    def stored(self, after: int, upto: int) -> Iterator[dict[str, Any]]:
        """Yield the entries after a number up to another as they are stored, so that their hashes can be recomputed.

        Raises:
            AuditBroken: an entry can't be read.

        """
        while after < upto:
            with self._file.read() as db:
                found = _some(db, after, upto)
            if not found:
                return
            yield from found
            after = found[-1]["seq"]

    def verify(self) -> int | None:
        """Return the number of the first entry that was changed or removed, None if none; see `check`."""
        broken = self.check().broken
        return broken.seq if broken else None

    def check(self) -> AuditCheck:
        """Recompute the whole chain, entry by entry.

        A chain of SHA-256 finds every change but one by somebody who also rewrites all that follows: keep its newest
        hash elsewhere to find that too.
        """
        with self._file.read() as db:
            return check_chain(db)


def _some(db: Database, after: int, upto: int) -> list[dict[str, Any]]:
    sql = "select * from audit where seq > ? and seq <= ? order by seq limit ?"
    try:
        return rows(db, sql, (after, upto, AT_ONCE))
    except sqlite3.Error as error:
        raise AuditBroken(
            f"Not every entry of the audit record after {after} can be read.",
            hint="Look for the first one that is wrong: safehold audit verify",
            detail=str(error),
        ) from error


def seal(previous: str, row: Mapping[str, Any]) -> str:
    """Return the SHA-256, hex, of the previous seal and the canonical JSON of a row without its own."""
    text = canonical({name: value for name, value in row.items() if name != "hash"})
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


def check_chain(db: Database) -> AuditCheck:
    """Recompute the chain of an open catalog; what can't even be read counts as changed."""
    previous, good = "", 0
    try:
        cursor = db.execute(f"select {', '.join(TABLE.columns)} from audit order by seq")  # noqa: S608 - ours
        for values in cursor:
            row = dict(zip(TABLE.columns, values, strict=True))
            if row["seq"] != good + 1:
                return _broken(db, good + 1, previous, "it is missing")
            if row["hash"] != seal(previous, row):
                return _broken(db, good + 1, previous, "it is not what was written")
            previous, good = row["hash"], good + 1
        head = db.execute("select seq, hash from audit_head").fetchone()
    except (sqlite3.Error, TypeError, ValueError):
        return _broken(db, good + 1, previous, "it can't be read")
    if head == (good, previous):
        return AuditCheck(good, previous)
    if head is not None and head[0] == good:
        return _broken(db, good, previous, "it is not the one that the record ends with")
    return _broken(db, good + 1, previous, "it is missing" if head and head[0] > good else "the record ends before it")


def _broken(db: Database, seq: int, previous: str, why: str) -> AuditCheck:
    at, person, act = (_column(db, name, seq) for name in ("at", "person", "act"))
    try:
        who = str(json.loads(person)["name"])
    except (ValueError, LookupError, TypeError):
        who = person
    return AuditCheck(seq - 1, previous, Broken(seq, at, who, act, why))


def _column(db: Database, name: str, seq: int) -> str:
    """Return what can be read of one column of an entry."""
    try:
        found = db.execute(f"select cast({name} as blob) from audit where seq = ?", (seq,)).fetchone()  # noqa: S608 - ours
        return bytes(found[0]).decode(errors="replace") if found else ""
    except (sqlite3.Error, TypeError):
        return ""
