"""Pages of backups: the same as slices of a plain list, at the cost of a page."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.catalog import Catalog
from core.errors import UnknownName
from core.model.backup import Backup, Page
from core.model.notice import NoticeKind
from tests.catalog import samples

ROWS = st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["gods", "orders"])), max_size=25)


@settings(max_examples=60)
@given(rows=ROWS, size=st.integers(1, 7), source=st.sampled_from([None, "gods", "orders"]))
def test_pages_are_slices_of_the_list(rows: list[tuple[int, str]], size: int, source: str | None) -> None:
    """Going down by Older and up by Newer shows every slice of the sorted list, its place, and where it ends."""
    backups = [
        samples.good(n, source=name, requested_at=samples.NOON + timedelta(seconds=second))
        for n, (second, name) in enumerate(rows)
    ]
    ordered = sorted(backups, key=lambda b: (b.requested_at, b.id), reverse=True)
    wanted = [b.id for b in ordered if source in {None, b.source}]
    with TemporaryDirectory() as folder, Catalog.open(Path(folder) / "catalog.db") as catalog:
        catalog.backups.adopt_many(backups)
        page = catalog.backups.page(source, size=size)
        for start in range(0, max(len(wanted), 1), size):
            if start:
                page = catalog.backups.page(source, older_than=page.older_than, size=size, first=start + 1)
            _require_slice(page, wanted, start, size)
        while page.newer_than:
            start = page.first - 1 - size
            page = catalog.backups.page(source, newer_than=page.newer_than, size=size, first=start + 1)
            _require_slice(page, wanted, start, size)
        assert page.first == 1


def _require_slice(page: Page, wanted: list[str], start: int, size: int) -> None:
    assert [backup.id for backup in page.backups] == wanted[start : start + size]
    assert (page.first, page.total) == (start + 1, len(wanted))
    assert page.older_than == (page.backups[-1].id if start + size < len(wanted) else "")
    assert page.newer_than == (page.backups[0].id if start else "")


def test_newer_page_is_the_adjacent_one(catalog: Catalog) -> None:
    """Newer shows the rows just above, newest first, also when they are fewer than a page."""
    catalog.backups.adopt_many(samples.good(n) for n in range(1, 11))
    page = catalog.backups.page("gods", newer_than=samples.good(7).id, size=2, first=2)
    assert [b.id for b in page.backups] == [samples.good(9).id, samples.good(8).id]
    assert (page.first, page.newer_than, page.older_than) == (2, samples.good(9).id, samples.good(8).id)
    top = catalog.backups.page("gods", newer_than=samples.good(9).id, size=2, first=-1)
    assert [b.id for b in top.backups] == [samples.good(10).id]
    assert (top.first, top.newer_than) == (1, "")


def test_page_beside_an_unknown_id(catalog: Catalog) -> None:
    """A cursor that the catalog does not know is said to be unknown, not taken for the top."""
    with pytest.raises(UnknownName):
        catalog.backups.page(None, older_than="20200101T000000Z-000000")


def test_page_past_the_end_is_empty(catalog: Catalog) -> None:
    """Older than the oldest is an empty page with the total."""
    catalog.backups.adopt(samples.good())
    page = catalog.backups.page(None, older_than=samples.good().id, first=2)
    assert (page.backups, page.total, page.older_than, page.newer_than) == ((), 1, "", "")


def test_totals_follow_every_change(catalog: Catalog) -> None:
    """Counts and bytes follow inserts, sizes learned later, and rows that are taken out by hand."""
    made, _ = catalog.backups.begin(samples.backup(1))
    catalog.backups.adopt(samples.good(2, source="orders"))
    catalog.backups.move(made.id, samples.OPEN, size=500)
    assert catalog.backups.totals("gods") == (1, 500)
    assert catalog.backups.totals() == (2, 1500)
    assert catalog.backups.totals("nothing") == (0, 0)
    with catalog.write() as db:
        db.execute("delete from backups where id = ?", (made.id,))
    assert catalog.backups.totals() == (1, 1000)


MIDDLE = samples.good(50)
QUESTIONS: dict[str, Callable[[Catalog], object]] = {
    "page": lambda c: c.backups.page(None),
    "page older": lambda c: c.backups.page(None, older_than=MIDDLE.id),
    "page newer": lambda c: c.backups.page(None, newer_than=MIDDLE.id),
    "page of a source": lambda c: c.backups.page("gods", older_than=MIDDLE.id),
    "newer page of a source": lambda c: c.backups.page("gods", newer_than=MIDDLE.id),
    "find by beginning": lambda c: c.backups.find("20261123T120050"),
    "find by suffix": lambda c: c.backups.find("000032"),
    "find in a source": lambda c: c.backups.find("000032", "gods"),
    "newest good": lambda c: c.backups.newest_good("gods"),
    "newest": lambda c: c.backups.newest("gods"),
    "last proven": lambda c: c.backups.last_proven_at("gods"),
    "changed since": lambda c: c.backups.changed_since(90),
    "open ones": lambda c: c.backups.open_ones(),
    "begin": lambda c: c.backups.begin(samples.backup(200)),
    "recent failures": lambda c: c.backups.recent_failures(5),
    "restores changed": lambda c: c.restores.changed_since(90),
    "restores open": lambda c: c.restores.open_ones(),
    "instances changed": lambda c: c.instances.changed_since(90),
    "instances now": lambda c: c.instances.current(),
    "instances lately": lambda c: c.instances.recent(),
    "audit entries": lambda c: c.audit.entries(after=5),
    "stored": lambda c: c.retained.stored("gods", 20),
    "stores more than": lambda c: c.retained.stores_more_than("gods", 20),
    "count stored": lambda c: c.retained.count_stored("gods"),
    "leaving": lambda c: c.retained.leaving(),
    "unsaved": lambda c: c.retained.unsaved(),
    "unsaved of a vault": lambda c: c.retained.unsaved(20, "local", "2026"),
    "in use": lambda c: c.retained.in_use(samples.NOON),
    "expected open": lambda c: c.expected.to_see_to(),
    "expected newest": lambda c: c.expected.newest("gods", samples.NOON),
    "expected page": lambda c: c.expected.page("gods"),
    "notices": lambda c: c.notices.changed_since(5),
    "newest notice": lambda c: c.notices.newest("gods", NoticeKind.OVERDUE, NoticeKind.RECOVERED),
    "message by place": lambda c: c.messages.by_channel_ts("C1", "1.2"),
}
ONE_ROW_EACH = ("totals", "revision", "audit_head")


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_reads_a_whole_table(catalog: Catalog, question: str) -> None:
    """SQLite answers each question of every day from an index, and sorts nothing."""
    catalog.backups.adopt_many(samples.good(n) for n in range(100))
    asked: list[str] = []
    with catalog.write() as db:
        db.conn.set_trace_callback(asked.append)
        QUESTIONS[question](catalog)
        db.conn.set_trace_callback(None)
        plans = [
            (sql, step)
            for sql in asked
            if sql.lstrip().lower().startswith("select") and not any(f"from {name}" in sql for name in ONE_ROW_EACH)
            for (_, _, _, step) in db.execute(f"explain query plan {sql}")
            # What a subquery does is a step of its own.
            if not step.startswith("CORRELATED SCALAR SUBQUERY")
        ]
    assert plans
    for sql, step in plans:
        assert step.startswith("SEARCH") or (step.startswith("SCAN") and "USING INDEX" in step), (sql, step)
        if step.startswith("SCAN"):
            few = any(
                name in step for name in ("_open", "_current", "_failed", "_shown", "_leaving", "_unsaved", "_made")
            )
            assert few or (" where " not in sql and " limit " in sql), (sql, step)
            assert "_shown" not in step or " limit " in sql, (sql, step)


def test_every_row_comes_back_as_it_was(catalog: Catalog) -> None:
    """A record with every field set is read back equal to what was put in."""
    given_one: Backup = samples.good()
    kept = catalog.backups.adopt(given_one)
    assert catalog.backups.get(given_one.id) == kept
    assert {f: getattr(kept, f) for f in given_one.__slots__ if f != "revision"} == {
        f: getattr(given_one, f) for f in given_one.__slots__ if f != "revision"
    }
