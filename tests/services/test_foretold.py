"""What is foretold of retention, and that it comes true: under a freeze, a hold, an open link, and with no history."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.model.backup import BackupState, Tier
from core.model.policy import Policy
from core.model.schedule import Cron, Schedule
from core.model.span import Span, Unit
from core.model.verdict import Lock
from core.services.telling import Going
from tests.support.timed import DAY, HOUR, KEEPER, MIDNIGHT, UNPROVEN, Timed
from tests.support.world import ANNA, World

ON_DEMAND = frozenset({Tier.ON_DEMAND})
FAR = MIDNIGHT + 100 * DAY
MINUTE = timedelta(minutes=1)


@pytest.fixture
def timed(make_world: Callable[..., World]) -> Timed:
    """Return a new installation at midnight: no scheduled run has happened yet; the next is daily at 03:00 UTC."""
    return Timed(make_world(source=UNPROVEN, access=KEEPER))


def asked(timed: Timed, hours: float) -> str:
    """Take a backup on demand so many hours after midnight."""
    return timed.take(MIDNIGHT + hours * HOUR, ON_DEMAND)


def goes(timed: Timed, backup: str) -> datetime | None:
    """Return from when on the bytes of a backup are foretold to be deleted."""
    leaving = timed.core.time.retention.leaving("orders", FAR)
    return next((one.at for one in leaving if one.backup.id == backup), None)


def state(timed: Timed, backup: str, moment: datetime) -> BackupState:
    """Let retention look at a time, and return what it made of a backup."""
    timed.retain(moment)
    return timed.backup(backup).state


def test_what_a_freeze_keeps_goes_when_that_has_ended(timed: Timed) -> None:
    """Backups on demand with a newer one are foretold to go with the end of the freeze, and go then by themselves."""
    first = asked(timed, 1)
    thawed = MIDNIGHT + 2 * DAY
    timed.core.time.freeze_retention(ANNA, thawed, "look")
    asked(timed, 2)
    timed.core.time.expire()
    assert goes(timed, first) == thawed + DAY
    assert state(timed, first, thawed - MINUTE) is BackupState.GOOD
    assert state(timed, first, thawed + MINUTE) is BackupState.EXPIRED


def test_what_is_expired_is_not_foretold_to_be_deleted_in_a_freeze(timed: Timed) -> None:
    """Row, verdict, evening post and digest have one date for it: never one before the end of the freeze."""
    first, _ = asked(timed, 1), asked(timed, 2)
    assert state(timed, first, MIDNIGHT + 3 * HOUR) is BackupState.EXPIRED
    thawed = MIDNIGHT + 10 * DAY
    timed.core.time.freeze_retention(ANNA, thawed, "look")
    retention = timed.core.time.retention
    assert goes(timed, first) == thawed == retention.why(timed.backup(first)).kept_until
    going = Going(retention)
    assert going.count(MIDNIGHT + 9 * DAY) == 0
    assert [one.at for one in going(thawed + HOUR)] == [thawed]


def test_an_open_link_keeps_a_backup_until_it_ends(timed: Timed) -> None:
    """A link that nobody pressed is named as one, with its end; the backup goes when it has ended."""
    first = asked(timed, 1)
    ends = timed.core.offer_download(first, ANNA).download.expires_at
    asked(timed, 1.5)
    timed.core.time.expire()
    verdict = timed.core.time.retention.why(timed.backup(first))
    assert (verdict.says, verdict.locked_by, verdict.kept_until) == ("a download link is open", (Lock.BUSY,), ends)
    assert goes(timed, first) == ends + DAY
    assert state(timed, first, ends - MINUTE) is BackupState.GOOD
    assert state(timed, first, ends + MINUTE) is BackupState.EXPIRED


def test_where_no_run_has_happened_the_schedule_says_what_goes(timed: Timed) -> None:
    """A hold ends with the first good backup after it: which is the next scheduled one, though none was taken yet."""
    first, _ = asked(timed, 1), asked(timed, 1.5)
    timed.core.time.keep_backup(first, ANNA, "look", MIDNIGHT + 2 * DAY)
    foretold = goes(timed, first)
    assert foretold is not None
    assert MIDNIGHT + 3 * DAY + 3 * HOUR <= foretold <= MIDNIGHT + 3 * DAY + 4 * HOUR
    timed.take(MIDNIGHT + 2 * DAY + 3 * HOUR)
    assert state(timed, first, MIDNIGHT + 2 * DAY + 4 * HOUR) is BackupState.EXPIRED


def test_without_a_schedule_nothing_is_foretold_that_waits_for_a_backup(timed: Timed) -> None:
    """A past rhythm is no promise once the schedule is off: the doors say instead what it waits for."""
    first, _ = asked(timed, 1), asked(timed, 1.5)
    timed.core.time.keep_backup(first, ANNA, "look", MIDNIGHT + 2 * DAY)
    assert timed.core.time.retention.scheduled("orders")
    off = Schedule(daily=False, weekly=None, monthly=None)
    timed.core.time.schedules.change("orders", off, ANNA)
    assert not timed.core.time.retention.scheduled("orders")
    assert goes(timed, first) is None


def test_what_goes_one_by_one_is_not_foretold_to_wait(timed: Timed) -> None:
    """A backup a minute, kept for two hours: each goes by itself, none waits for a yes, and the look ends soon."""
    retention = replace(timed.core.time.retention, policies={"compose": Policy("brief", within=Span(2, Unit.HOUR))})
    each_minute = Schedule(daily=False, weekly=None, monthly=None, crons=(Cron("* * * * *"),))
    timed.core.time.schedules.change("orders", each_minute, ANNA)
    taken = [timed.take(MIDNIGHT + n * MINUTE) for n in range(3)]
    leaving = retention.leaving("orders", FAR)
    assert [(one.backup.id, one.held_back) for one in leaving] == [(key, False) for key in taken]
    for n, one in enumerate(leaving):
        assert timedelta(0) <= one.at - (MIDNIGHT + n * MINUTE + 2 * HOUR + DAY) <= 2 * MINUTE
    timed.core.time.keep_backup(taken[0], ANNA, "look", MIDNIGHT + DAY)
    assert taken[0] not in {one.backup.id for one in retention.leaving("orders", FAR)}
    seen = retention.foreseen("orders", FAR)
    assert seen is not None
    assert seen - MIDNIGHT < 5 * HOUR
    assert retention.foreseen("orders", MIDNIGHT + HOUR) is None


def test_where_one_backup_a_week_is_proven_the_proven_one_stays_as_long(make_world: Callable[..., World]) -> None:
    """The newest proven one is foretold to go when the next proof is due, not with the next backup; and it does."""
    timed = Timed(make_world(source='prove = "weekly"', access=KEEPER))
    first, _ = asked(timed, 1), asked(timed, 2)
    assert goes(timed, first) == MIDNIGHT + 8 * DAY + 3 * HOUR + MINUTE
    for day in range(7):
        timed.take(MIDNIGHT + day * DAY + 3 * HOUR)
    assert state(timed, first, MIDNIGHT + 6 * DAY + 4 * HOUR) is BackupState.GOOD
    timed.take(MIDNIGHT + 7 * DAY + 3 * HOUR)
    assert state(timed, first, MIDNIGHT + 7 * DAY + 4 * HOUR) is BackupState.EXPIRED
