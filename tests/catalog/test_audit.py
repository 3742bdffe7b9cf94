"""The audit record: append-only, and every change of it is found."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.catalog import Catalog
from core.catalog.audit import AuditCheck, Broken
from core.errors import AuditBroken
from tests.catalog import samples


@pytest.fixture
def written(catalog: Catalog) -> Catalog:
    """Return a catalog with five entries."""
    for number in range(1, 6):
        detail = {"note": "Zürich ✓", "number": number}
        assert catalog.audit.append(samples.NOON, samples.BELA, "backup", f"b{number}", "initiated", detail) == number
    return catalog


def test_entries_come_back_in_order(written: Catalog) -> None:
    """Entries are read in order, a page at a time, as they were written."""
    assert [entry.seq for entry in written.audit.entries(after=2, limit=2)] == [3, 4]
    (last,) = written.audit.entries(after=4)
    assert (last.at, last.person, last.subject) == (samples.NOON, samples.BELA, "b5")
    assert last.detail == {"note": "Zürich ✓", "number": 5}
    assert written.audit.verify() is None


def test_empty_record_is_whole(catalog: Catalog) -> None:
    """A record without entries verifies."""
    assert catalog.audit.verify() is None


@pytest.mark.parametrize("change", ["update audit set outcome = 'denied' where seq = 3", "delete from audit"])
def test_entries_cannot_be_changed_by_accident(written: Catalog, change: str) -> None:
    """SQLite itself refuses to change or remove an entry."""
    with pytest.raises(sqlite3.IntegrityError, match="append-only"), written.write() as db:
        db.execute(change)
    assert written.audit.verify() is None


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("update audit set outcome = 'denied' where seq = 3", 3),
        ("update audit set at = '2020-01-01T00:00:00.000000+00:00' where seq = 1", 1),
        ("update audit set detail = '{}' where seq = 5", 5),
        ("update audit set hash = 'x' where seq = 2", 2),
        ("delete from audit where seq = 2", 2),
        ("delete from audit where seq = 5", 5),
        ("delete from audit", 1),
        ("update audit set seq = 9 where seq = 4", 4),
    ],
)
def test_tampering_is_found_and_named(written: Catalog, path: Path, tampering: str, found: int) -> None:
    """Whatever is changed or removed behind our back, also at the end, is named by the entry it begins at."""
    with sqlite3.connect(path) as raw:
        raw.execute("drop trigger audit_kept")
        raw.execute("drop trigger audit_kept_as_written")
        raw.execute(tampering)
    raw.close()
    assert written.audit.verify() == found


def test_a_broken_entry_is_named_as_far_as_it_can_be_read(written: Catalog, path: Path) -> None:
    """Number, time, person and act of the first wrong entry are told, and how many before it are right."""
    hashes = [entry.hash for entry in written.audit.entries()]
    assert written.audit.check() == AuditCheck(5, hashes[-1])
    _tamper(path, "update audit set subject = 'other' where seq = 4")
    at = samples.NOON.isoformat(timespec="microseconds")
    assert written.audit.check() == AuditCheck(
        3, hashes[2], Broken(4, at, "Béla", "backup", "it is not what was written")
    )


@pytest.mark.parametrize(
    ("tampering", "found", "why"),
    [
        ("delete from audit where seq >= 4", 4, "it is missing"),
        ("delete from audit where seq = 1", 1, "it is missing"),
        ("update audit_head set seq = 4", 6, "the record ends before it"),
        ("update audit_head set seq = 9", 6, "it is missing"),
        ("update audit_head set hash = 'x'", 5, "it is not the one that the record ends with"),
        ("delete from audit_head", 6, "the record ends before it"),
        ("update audit set person = x'ff' where seq = 2", 2, "it can't be read"),
        ("update audit set detail = cast(x'ff' as text) where seq = 3", 3, "it can't be read"),
        ("update audit set hash = cast(x'ff' as text) where seq = 3", 3, "it can't be read"),
    ],
)
def test_what_is_wrong_is_said(written: Catalog, path: Path, tampering: str, found: int, why: str) -> None:
    """A cut tail, an end that was moved and bytes that are no text are told apart."""
    _tamper(path, tampering)
    broken = written.audit.check().broken
    assert broken is not None
    assert (broken.seq, broken.why) == (found, why)


def test_one_flipped_bit_in_any_column_is_found_at_its_entry(written: Catalog, path: Path) -> None:
    """Bits flipped in the file itself, in any byte of any column of any entry, are found and the entry is named."""
    written.close()
    _tamper(path, "pragma journal_mode = delete")
    whole, chance = path.read_bytes(), random.Random(11)
    for seq, column, start, length in _cells(path, whole):
        for place in sorted(chance.sample(range(start, start + length), min(8, length))):
            flipped = bytes([whole[place] ^ 1 << chance.randrange(8)])
            path.write_bytes(whole[:place] + flipped + whole[place + 1 :])
            broken = written.audit.check().broken
            written.close()
            assert broken is not None, f"entry {seq}, column {column}, byte {place - start}"
            assert broken.seq == seq
    path.write_bytes(whole)
    assert written.audit.check().broken is None


def test_entries_are_read_out_as_they_are_stored(written: Catalog, path: Path) -> None:
    """What is read out begins behind a known hash and ends where it was told; what can't be read is named."""
    audit = written.audit
    assert [row["seq"] for row in audit.stored(2, 4)] == [3, 4]
    assert list(audit.stored(5, 9)) == []
    assert audit.sealed_at(0) == ""
    assert (audit.sealed_at(5), 5) == (audit.head().hash, audit.head().seq)
    with pytest.raises(KeyError):
        audit.sealed_at(6)
    _tamper(path, "update audit set detail = cast(x'ff' as text) where seq = 3")
    with pytest.raises(AuditBroken, match="after 0"):
        list(audit.stored(0, 5))


def _cells(path: Path, whole: bytes) -> Iterator[tuple[int, str, int, int]]:
    """Yield entry, column, place and length in the file of every text of every entry."""
    columns = ("at", "person", "act", "subject", "outcome", "detail", "hash")
    with closing(sqlite3.connect(path)) as raw:
        for row in raw.execute(f"select seq, {', '.join(columns)} from audit order by seq").fetchall():  # noqa: S608 - ours
            texts = [value.encode() for value in row[1:]]
            record = whole.index(b"".join(texts))  # the texts of one row lie side by side
            for column, text in zip(columns, texts, strict=True):
                yield row[0], column, record, len(text)
                record += len(text)


def _tamper(path: Path, statement: str) -> None:
    """Change the file behind Safehold's back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        if "audit" in statement:
            raw.execute("drop trigger audit_kept")
            raw.execute("drop trigger audit_kept_as_written")
        raw.execute(statement)
