"""The audit record: append-only, and every change of it is found."""

import sqlite3
from pathlib import Path

import pytest

from core.catalog import Catalog
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
