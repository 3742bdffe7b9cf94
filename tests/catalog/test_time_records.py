"""What time leaves in the catalog: expected runs, schedules, freezes, notices, holds and tombstones."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from core.catalog import Catalog
from core.catalog.schema import MIGRATIONS
from core.model.backup import BackupState, Tier
from core.model.expected import ExpectedRun, ExpectedState
from core.model.freeze import Freeze
from core.model.hold import Hold
from core.model.notice import Notice, NoticeKind
from core.model.schedule_change import ScheduleChange
from core.model.use import Use
from tests.catalog import samples
from tests.catalog.samples import ANNA, BELA, NOON

GOOD = frozenset({BackupState.GOOD})
EXPIRED = frozenset({BackupState.EXPIRED})
DAY = timedelta(days=1)
DUE = frozenset({ExpectedState.DUE})


def run(days: int = 0, source: str = "gods") -> ExpectedRun:
    """Return a daily run that was due so many days after noon."""
    at = NOON + days * DAY
    return ExpectedRun(source, at, at.date(), frozenset({Tier.DAILY}), ExpectedState.DUE, at)


def test_tombstones_leave_lists_and_sums(catalog: Catalog) -> None:
    """A pruned backup is in no page and no sum, but its record is still found by its id."""
    kept, gone = catalog.backups.adopt(samples.good(1)), catalog.backups.adopt(samples.good(2))
    catalog.backups.move(gone.id, GOOD, state=BackupState.EXPIRED, expired_at=NOON, expiry="older than 7 days")
    assert [b.id for b in catalog.retained.leaving()] == [gone.id]
    assert catalog.backups.totals("gods") == (2, 2000)
    catalog.backups.move(gone.id, EXPIRED, state=BackupState.PRUNED, pruned_at=NOON)
    assert [b.id for b in catalog.backups.page("gods").backups] == [kept.id]
    assert catalog.backups.page(None).total == 1
    assert catalog.backups.totals() == (1, 1000)
    assert catalog.backups.find(gone.id).expiry == "older than 7 days"
    assert [b.id for b in catalog.retained.stored("gods")] == [kept.id]
    assert catalog.retained.count_stored("gods") == 1
    assert [catalog.retained.stores_more_than("gods", most) for most in (0, 1)] == [True, False]
    assert catalog.retained.leaving() == ()


def test_sums_survive_every_order_of_changes(catalog: Catalog) -> None:
    """Sizes and states may change together or apart; the sums say what the rows say."""
    one = catalog.backups.adopt(samples.good(1))
    catalog.backups.move(one.id, GOOD, state=BackupState.PRUNED, size=5)
    assert catalog.backups.totals() == (0, 0)
    catalog.backups.move(one.id, frozenset({BackupState.PRUNED}), size=9)
    assert catalog.backups.totals() == (0, 0)
    catalog.backups.move(one.id, frozenset({BackupState.PRUNED}), state=BackupState.GOOD, size=7)
    assert catalog.backups.totals() == (1, 7)


def test_hold_comes_back_as_it_was_placed(catalog: Catalog) -> None:
    """Who holds a backup, why and until when is kept; one without an end holds for ever."""
    hold, endless = Hold(ANNA, "audit", NOON, NOON + DAY), Hold(BELA, "", NOON)
    one = catalog.backups.adopt(samples.good(1, hold=hold))
    assert catalog.backups.get(one.id).hold == hold
    catalog.backups.move(one.id, GOOD, hold=endless, unsaved=True)
    assert [(b.id, b.hold) for b in catalog.retained.unsaved()] == [(one.id, endless)]
    assert (hold.holds(NOON), hold.holds(NOON + DAY), endless.holds(NOON + 9999 * DAY)) == (True, False, True)


def test_expected_run_is_noted_once(catalog: Catalog) -> None:
    """The first to note a due time owns it; a second is told no, and the record stays."""
    assert catalog.expected.note(run())
    assert not catalog.expected.note(run())
    begun = catalog.expected.move("gods", NOON, DUE, state=ExpectedState.BEGUN, backup_id="b1", attempts=1)
    assert begun is not None
    assert (begun.state, begun.backup_id, begun.day) == (ExpectedState.BEGUN, "b1", date(2026, 11, 23))
    assert catalog.expected.move("gods", NOON, DUE, state=ExpectedState.DONE) is None
    assert catalog.expected.move("nothing", NOON, DUE, state=ExpectedState.DONE) is None
    assert catalog.expected.to_see_to() == (begun,) == catalog.expected.of_backup("b1")
    with pytest.raises(TypeError):
        catalog.expected.move("gods", NOON, DUE, nothing=1)


def test_a_run_whose_backup_goes_on_needs_nothing_until_that_has_ended(catalog: Catalog) -> None:
    """Thousands of them cost a pass nothing; what is due, or tried again, is seen to each time."""
    backup, _ = catalog.backups.begin(samples.backup(1))
    due, retried = run(), run(1)
    for one in (due, retried, run(2)):
        catalog.expected.note(one)
    retried = catalog.expected.move("gods", retried.due_at, DUE, state=ExpectedState.RETRYING, backup_id=backup.id)
    begun = catalog.expected.move("gods", NOON + 2 * DAY, DUE, state=ExpectedState.BEGUN, backup_id=backup.id)
    assert catalog.expected.to_see_to() == (due, retried)
    catalog.backups.move(backup.id, samples.OPEN, state=BackupState.FAILED)
    assert catalog.expected.to_see_to() == (due, retried, begun)


def test_old_expected_runs_are_thinned(catalog: Catalog) -> None:
    """What is old and settled goes; what is open, among the newest few, or another source's stays."""
    for days in range(20):
        catalog.expected.note(run(days))
        catalog.expected.note(run(days, "orders"))
        if days != 3:
            catalog.expected.move("gods", NOON + days * DAY, DUE, state=ExpectedState.DONE)
    catalog.expected.thin("gods", NOON + 5 * DAY, keep=2)
    kept = [(each.due_at - NOON).days for each in catalog.expected.page("gods", 50)]
    assert sorted(kept) == [3, *range(5, 20)]
    catalog.expected.thin("gods", NOON + 4000 * DAY, keep=10)
    assert [(each.due_at - NOON).days for each in catalog.expected.page("gods", 50)] == [*range(19, 9, -1), 3]
    catalog.expected.thin("gods", NOON + 4000 * DAY, keep=99)
    assert len(catalog.expected.page("gods", 50)) == 11
    assert len(catalog.expected.page("orders", 50)) == 20


def test_newest_expected_run_passes_over_a_clock_that_ran_ahead(catalog: Catalog) -> None:
    """What was noted for a time that has not come is not taken for the newest."""
    for days in (0, 1, 400):
        catalog.expected.note(run(days))
    catalog.expected.note(run(0, "orders"))
    newest = catalog.expected.newest("gods", NOON + 2 * DAY)
    assert newest is not None
    assert newest.due_at == NOON + DAY
    assert catalog.expected.newest("nothing", NOON) is None
    assert catalog.expected.newest_by_source(["gods", "none", "orders"], NOON + 2 * DAY) == {
        "gods": NOON + DAY,
        "orders": NOON,
    }
    assert [r.due_at for r in catalog.expected.page("gods", 2)] == [NOON + 400 * DAY, NOON + DAY]


def test_schedule_change_replaces_the_one_before(catalog: Catalog) -> None:
    """The newest change of a source counts, and the version grows with each."""
    assert (catalog.schedules.get("gods"), catalog.schedules.version()) == (None, 0)
    catalog.schedules.put(ScheduleChange("gods", {"daily": "03:00"}, ANNA, NOON))
    before = catalog.schedules.version()
    back = catalog.schedules.put(ScheduleChange("gods", None, BELA, NOON + DAY))
    assert catalog.schedules.get("gods") == back
    assert catalog.schedules.all() == (back,)
    assert catalog.schedules.version() > before


def test_one_freeze_is_in_force(catalog: Catalog) -> None:
    """A new freeze takes the place of the one before; lifting ends it, and so does its date."""
    assert catalog.freezes.lift(ANNA, NOON) is None
    catalog.freezes.place(Freeze(ANNA, "incident", NOON, NOON + DAY))
    catalog.freezes.place(Freeze(BELA, "longer", NOON, NOON + 3 * DAY))
    active = catalog.freezes.active(NOON + 2 * DAY)
    assert active is not None
    assert (active.reason, active.holds(NOON), active.holds(NOON + 3 * DAY)) == ("longer", True, False)
    assert catalog.freezes.active(NOON + 3 * DAY) is None
    lifted = catalog.freezes.lift(ANNA, NOON + DAY)
    assert lifted is not None
    assert (lifted.reason, lifted.lifted_by, lifted.holds(NOON)) == ("longer", ANNA, False)
    assert catalog.freezes.active(NOON + DAY) is None


def test_same_thing_is_told_once(catalog: Catalog) -> None:
    """Notices are numbered in order; one of a kind, source and key that was told is not told again."""
    first = catalog.notices.tell(Notice(NoticeKind.OVERDUE, "gods", "since noon", NOON, {"age": 31}))
    assert first is not None
    assert catalog.notices.tell(Notice(NoticeKind.OVERDUE, "gods", "since noon", NOON + DAY)) is None
    second = catalog.notices.tell(Notice(NoticeKind.RECOVERED, "gods", "since noon", NOON + DAY))
    assert second is not None
    assert (first.seq, second.seq) == (1, 2)
    assert catalog.notices.get(1) == first
    assert catalog.notices.newest("gods", NoticeKind.OVERDUE, NoticeKind.RECOVERED) == second
    assert catalog.notices.newest("orders", NoticeKind.OVERDUE) is None
    assert catalog.notices.changed_since(first.revision) == (second,)
    assert catalog.revision() == second.revision


def test_what_is_in_use_is_named(catalog: Catalog) -> None:
    """Downloads that still work, restores that were asked for and verifications each keep a backup in use."""
    catalog.downloads.create(samples.download())
    linked = Use("a download link is open", samples.download().expires_at)
    assert catalog.retained.in_use(NOON) == {samples.download().backup_id: linked}
    restore = catalog.restores.create(samples.restore())
    catalog.leases.acquire("verify:b7", "o", "verify:b7", NOON, 60)
    used = catalog.retained.in_use(NOON)
    assert used["b7"] == Use("being verified")
    assert used[restore.plan.backup_id] == Use("wanted for a restore")
    catalog.downloads.move_completed(samples.download().id, NOON)
    later = catalog.retained.in_use(samples.download().expires_at)
    assert linked not in later.values()


def test_catalog_of_the_first_schema_is_brought_up_to_date(path: Path) -> None:
    """A catalog as the first version wrote it keeps its records and sums, and learns what is new."""
    Catalog.open(path).close()
    path.unlink()
    path.touch()
    old = Database(path)
    MIGRATIONS.apply(old, stop_before="time")
    columns = [column.name for column in old["backups"].columns]
    with Catalog.open(path.with_name("new.db")) as fresh:
        row = fresh.backups.adopt(samples.good(1))
        with fresh.read() as db:
            values = db.execute(f"select {', '.join(columns)} from backups").fetchone()  # noqa: S608 - ours
    old.execute(f"insert into backups ({', '.join(columns)}) values ({', '.join('?' * len(columns))})", values)  # noqa: S608
    old.conn.commit()
    old.close()
    with Catalog.open(path) as catalog:
        assert catalog.backups.get(row.id) == row
        assert catalog.backups.totals("gods") == (1, 1000)
        assert catalog.backups.page("gods").total == 1
