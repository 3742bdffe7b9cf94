"""Schedules wake: once for each due time, one backup for all that is due, missed runs made up for, failures retried."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from core.catalog import Catalog
from core.errors import NotAllowed, UsageError
from core.model.backup import Backup, BackupState, Tier
from core.model.expected import MOST_COVERED, ExpectedRun, ExpectedState
from core.model.notice import NoticeKind
from core.model.schedule import Cron, Monthly, Schedule, Weekday, Weekly
from core.model.schedule_change import ScheduleChange
from core.services.wake_schedules import RETRIES, WakeSchedules
from tests.support.world import ANNA, BEN, World

DAILY = Schedule(at=time(3), weekly=None, monthly=None)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Timed:
    """A world at a set time, with its schedules woken by hand."""

    def __init__(self, world: World) -> None:
        self.world, self.core = world, world.core
        self.wake = self.restarted()

    def restarted(self) -> WakeSchedules:
        """Return a waker that remembers nothing, as after a restart."""
        core = self.core
        return WakeSchedules(core.catalog, core.adapters, core.time.schedules, core.create_backup)

    def at(self, moment: datetime) -> None:
        """Set the clock, wake the schedules, and let what was begun end."""
        self.set(moment)
        self.wake(self.world.clock.now())
        for backup in self.core.catalog.backups.open_ones():
            self.world.settled(backup.id)

    def set(self, moment: datetime) -> None:
        """Set the clock."""
        self.world.clock.offset += moment - self.world.clock.now()

    @property
    def runs(self) -> list[ExpectedRun]:
        """Return the ledger, oldest first."""
        return list(self.catalog.expected.page("orders", 1000)[::-1])

    @property
    def backups(self) -> list[Backup]:
        """Return every backup, oldest first."""
        return list(self.core.list_backups("orders", size=1000).backups[::-1])

    @property
    def catalog(self) -> Catalog:
        """Return the catalog."""
        return self.core.catalog

    def told(self, kind: NoticeKind) -> list[dict[str, object]]:
        """Return what was told of a kind."""
        return [dict(n.fields) for n in self.catalog.notices.changed_since(0, 1000) if n.kind is kind]


MIDNIGHT = datetime(2026, 11, 28, tzinfo=UTC)
"""A Saturday; the 29th is a Sunday, Tuesday is the first of the month."""


def backed_up_at_three(make_world: Callable[..., World]) -> Timed:
    """Return a world in which a source is backed up daily at three, and was on the first day."""
    timed = Timed(make_world(source='prove = "never"', access='retain = ["U0ANNA"]'))
    timed.set(MIDNIGHT)
    timed.core.time.schedules.change("orders", DAILY, ANNA)
    timed.at(MIDNIGHT + timedelta(seconds=1))
    timed.at(MIDNIGHT + 3 * HOUR)
    return timed


@pytest.fixture
def timed(make_world: Callable[..., World]) -> Timed:
    """Return a world at midnight, whose source has a daily schedule at three, unproven to be quick."""
    world = make_world(source='prove = "never"', access='retain = ["U0ANNA"]')
    timed = Timed(world)
    timed.set(MIDNIGHT)
    timed.core.time.schedules.change("orders", DAILY, ANNA)
    timed.at(MIDNIGHT + timedelta(minutes=1))
    return timed


def test_a_due_time_is_run_once(timed: Timed) -> None:
    """Nothing before its time; at its time one backup with its tier; nothing more however often it is woken."""
    timed.at(MIDNIGHT + 3 * HOUR - timedelta(seconds=5))
    assert timed.backups == []
    timed.at(MIDNIGHT + 3 * HOUR + timedelta(seconds=5))
    timed.at(MIDNIGHT + 4 * HOUR)
    timed.wake = timed.restarted()
    timed.at(MIDNIGHT + 5 * HOUR)
    (backup,) = timed.backups
    assert (backup.state, backup.tiers, backup.due_at) == (
        BackupState.GOOD,
        {Tier.DAILY},
        MIDNIGHT + 3 * HOUR,
    )
    assert [(run.state, run.backup_id) for run in timed.runs] == [(ExpectedState.DONE, backup.id)]
    assert timed.told(NoticeKind.CAUGHT_UP) == []


def test_tiers_that_are_due_together_are_one_backup(timed: Timed) -> None:
    """On a Sunday the daily backup is the weekly one, too; on the first of the month the monthly one."""
    timed.core.time.schedules.change(
        "orders", Schedule(at=time(3), weekly=Weekly(Weekday.SUNDAY), monthly=Monthly(1)), ANNA
    )
    for day in range(5):
        timed.at(MIDNIGHT + day * DAY + 3 * HOUR + timedelta(seconds=1))
    daily = {Tier.DAILY}
    assert [set(b.tiers) for b in timed.backups] == [
        daily,
        daily | {Tier.WEEKLY},
        daily,
        daily | {Tier.MONTHLY},
        daily,
    ]


def test_missed_runs_are_made_up_for_once_and_said(timed: Timed) -> None:
    """After four days down there is one catch-up with the tiers of all that was missed, and the next run is on time."""
    timed.core.time.schedules.change("orders", Schedule(at=time(3), weekly=Weekly(Weekday.SUNDAY), monthly=None), ANNA)
    timed.at(MIDNIGHT + 3 * HOUR)
    timed.wake = timed.restarted()
    back = MIDNIGHT + 4 * DAY + 12 * HOUR
    timed.at(back)
    timed.at(back + HOUR)
    caught_up = timed.backups[-1]
    assert len(timed.backups) == 2
    assert caught_up.tiers == {Tier.DAILY, Tier.WEEKLY}
    assert "catch-up for 4 runs" in caught_up.note
    (told,) = timed.told(NoticeKind.CAUGHT_UP)
    assert (told["covers"], told["covers_since"]) == (3, (MIDNIGHT + DAY + 3 * HOUR).isoformat())
    timed.at(MIDNIGHT + 5 * DAY + 3 * HOUR)
    assert len(timed.backups) == 3
    assert timed.told(NoticeKind.CAUGHT_UP) == [told]


def test_failed_run_is_tried_again_later_and_later_then_given_up(timed: Timed) -> None:
    """Each try waits longer; when all have failed the run is given up, and the next day's is begun all the same."""
    hidden = timed.world.source_path.with_suffix(".away")
    shutil.move(timed.world.source_path, hidden)
    moment = MIDNIGHT + 3 * HOUR
    timed.at(moment)
    for pause in RETRIES:
        timed.at(moment + timedelta(seconds=1))
        before = len(timed.backups)
        timed.at(moment + pause - timedelta(seconds=10))
        assert len(timed.backups) == before
        moment += pause + timedelta(seconds=5)
        timed.at(moment)
        assert len(timed.backups) == before + 1
    timed.at(moment + timedelta(seconds=1))
    timed.at(moment + 10 * HOUR)
    assert [b.state for b in timed.backups] == [BackupState.FAILED] * (1 + len(RETRIES))
    assert [run.state for run in timed.runs] == [ExpectedState.GIVEN_UP]
    shutil.move(hidden, timed.world.source_path)
    timed.at(MIDNIGHT + DAY + 3 * HOUR)
    timed.at(MIDNIGHT + DAY + 4 * HOUR)
    assert [run.state for run in timed.runs] == [ExpectedState.GIVEN_UP, ExpectedState.DONE]


def test_run_that_succeeds_at_the_second_try_is_done(timed: Timed) -> None:
    """A retry keeps the tiers and the due time of its run."""
    hidden = timed.world.source_path.with_suffix(".away")
    shutil.move(timed.world.source_path, hidden)
    timed.at(MIDNIGHT + 3 * HOUR)
    timed.at(MIDNIGHT + 3 * HOUR + timedelta(seconds=1))
    shutil.move(hidden, timed.world.source_path)
    timed.at(MIDNIGHT + 3 * HOUR + RETRIES[0] + timedelta(seconds=5))
    timed.at(MIDNIGHT + 4 * HOUR)
    failed, good = timed.backups
    assert (failed.state, good.state) == (BackupState.FAILED, BackupState.GOOD)
    assert (good.tiers, good.due_at) == (failed.tiers, failed.due_at)
    assert [(run.state, run.attempts) for run in timed.runs] == [(ExpectedState.DONE, 2)]


def test_scheduled_run_joins_a_backup_that_somebody_began(make_world: Callable[..., World]) -> None:
    """One backup serves both: it is on-demand and daily."""
    timed = Timed(make_world(source='prove = "never"', access='retain = ["U0ANNA"]', rows=200_000))
    timed.set(MIDNIGHT)
    timed.core.time.schedules.change("orders", DAILY, ANNA)
    timed.at(MIDNIGHT + timedelta(minutes=1))
    timed.set(MIDNIGHT + 3 * HOUR)
    timed.core.create_backup("orders", ANNA)
    timed.at(MIDNIGHT + 3 * HOUR + timedelta(seconds=1))
    timed.at(MIDNIGHT + 4 * HOUR)
    (backup,) = timed.backups
    assert backup.tiers == {Tier.ON_DEMAND, Tier.DAILY}
    assert [(run.state, run.backup_id) for run in timed.runs] == [(ExpectedState.DONE, backup.id)]


@pytest.mark.parametrize("jump", [-DAY, -30 * DAY, DAY, 30 * DAY, 400 * DAY], ids=str)
def test_clock_that_jumps_and_comes_back_runs_no_day_twice_and_none_not(timed: Timed, jump: timedelta) -> None:
    """Whatever the clock showed meanwhile, each of the days after it is right again has exactly one run."""
    timed.at(MIDNIGHT + 3 * HOUR)
    timed.at(MIDNIGHT + 12 * HOUR + jump)
    timed.at(MIDNIGHT + 12 * HOUR + jump + timedelta(minutes=1))
    for day in range(1, 5):
        for hour in (0, 3, 9):
            timed.at(MIDNIGHT + day * DAY + hour * HOUR + timedelta(seconds=2))
    wanted = [MIDNIGHT + day * DAY + 3 * HOUR for day in range(5)]
    days = [run.due_at for run in timed.runs if run.due_at in wanted]
    assert days == wanted
    by_due = [b.due_at for b in timed.backups if b.due_at in wanted]
    assert sorted(by_due) == wanted


def test_years_of_missed_minutes_are_one_catch_up(timed: Timed) -> None:
    """A schedule of every minute that was down for two years has one backup, which says that it were very many."""
    every_minute = replace(DAILY, daily=False, crons=(Cron("* * * * *"), Cron("0 4 1 1 *", frozenset({Tier.MONTHLY}))))
    timed.core.time.schedules.change("orders", every_minute, ANNA)
    back = MIDNIGHT + 730 * DAY + timedelta(seconds=30)
    timed.at(back)
    (backup,) = timed.backups
    assert (backup.due_at, backup.tiers) == (back - timedelta(seconds=30), {Tier.DAILY, Tier.MONTHLY})
    assert backup.note.startswith(f"catch-up for at least {MOST_COVERED + 1} runs missed since 2026-11-28 00:02")
    timed.at(back + timedelta(seconds=20))
    assert len(timed.backups) == 1


def test_schedule_changed_while_the_clock_was_ahead_makes_up_for_what_is_missed(timed: Timed) -> None:
    """The clock is right again and behind the change: a run that was missed around a restart is still made up for."""
    timed.at(MIDNIGHT + 3 * HOUR)
    timed.set(MIDNIGHT + 40 * DAY)
    timed.core.time.schedules.change("orders", replace(DAILY, at=time(4)), ANNA)
    timed.at(MIDNIGHT + DAY)
    timed.wake = timed.restarted()
    timed.at(MIDNIGHT + DAY + 5 * HOUR)
    assert [run.due_at for run in timed.runs] == [MIDNIGHT + 3 * HOUR, MIDNIGHT + DAY + 4 * HOUR]


def test_two_processes_begin_one_backup(timed: Timed) -> None:
    """Of two that wake at the same time one finds the due time taken."""
    other = timed.restarted()
    timed.set(MIDNIGHT + 3 * HOUR)
    now = timed.world.clock.now()
    other(now - 2 * HOUR)
    timed.wake(now)
    other(now)
    timed.at(MIDNIGHT + 4 * HOUR)
    assert len(timed.backups) == len(timed.runs) == 1


def test_crash_between_the_ledger_and_the_backup_loses_no_run(timed: Timed) -> None:
    """A due time that was recorded and never begun is begun by whoever wakes next."""
    due = MIDNIGHT + 3 * HOUR
    timed.catalog.expected.note(ExpectedRun("orders", due, due.date(), frozenset({Tier.DAILY}), ExpectedState.DUE, due))
    timed.wake = timed.restarted()
    timed.at(due + timedelta(minutes=1))
    timed.at(due + timedelta(minutes=2))
    assert [b.due_at for b in timed.backups] == [due]
    assert [run.state for run in timed.runs] == [ExpectedState.DONE]


def test_schedule_that_is_switched_off_runs_nothing(timed: Timed) -> None:
    """Off means off, and on again counts from then."""
    timed.core.time.schedules.change("orders", replace(DAILY, daily=False), ANNA)
    timed.at(MIDNIGHT + 3 * DAY)
    assert timed.backups == []
    timed.core.time.schedules.change("orders", DAILY, ANNA)
    timed.at(MIDNIGHT + 3 * DAY + HOUR)
    assert timed.backups == []
    timed.at(MIDNIGHT + 3 * DAY + 3 * HOUR)
    assert len(timed.backups) == 1


def test_schedule_that_cannot_be_used_falls_back_to_the_configured_one(timed: Timed) -> None:
    """A zone that this machine does not know keeps no source from its backups."""
    now = timed.world.clock.now()
    timed.catalog.schedules.put(ScheduleChange("orders", {"zone": "Atlantis/Capital"}, ANNA, now))
    assert timed.core.time.schedules.current("orders") == timed.core.config.sources["orders"].schedule
    timed.at(MIDNIGHT + 3 * HOUR)
    assert len(timed.backups) == 1


def test_schedule_set_by_a_person_is_recorded_told_and_can_be_taken_back(timed: Timed) -> None:
    """Who may not is refused; who may changes it, is named, and lets the configured one hold again."""
    schedules = timed.core.time.schedules
    with pytest.raises(NotAllowed):
        schedules.change("orders", DAILY, BEN)
    assert schedules.current("orders") == DAILY
    due = schedules.next_due("orders")
    assert due is not None
    assert due.at == MIDNIGHT + 3 * HOUR
    assert len(schedules.preview("orders", DAILY)) == 5
    assert schedules.reset("orders", ANNA).fields is None
    with pytest.raises(UsageError):
        schedules.reset("orders", ANNA)
    told = timed.told(NoticeKind.SCHEDULE)[-2:]
    assert [dict(notice.fields) for notice in schedules.history("orders", 2)] == told[::-1]
    assert len(timed.told(NoticeKind.SCHEDULE)) == 2
