"""400 days of the default policy on real files, through every service, end with the list that was computed by hand."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.model.backup import Backup, BackupState
from core.model.notice import NoticeKind
from core.model.progress import silent
from tests.support.timed import DAY, HOUR, KEEPER, UNPROVEN, Timed
from tests.support.world import ANNA, StandingClock, build_world

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
"""A Wednesday. Day 0 is this one, day 399 is Wednesday, 4 February 2026."""
MINUTE = timedelta(minutes=1)
AWAKE = (3 * HOUR, 12 * HOUR)
"""When of each day the duties are woken: at the schedule's time and at noon."""
RETRIES = (3 * HOUR + 5 * MINUTE, 3 * HOUR + 25 * MINUTE, 4 * HOUR + 25 * MINUTE)
"""When a run that fails at three is tried again."""
FROZEN, THAWED = datetime(2025, 8, 1, 12, tzinfo=UTC), datetime(2025, 8, 20, tzinfo=UTC)

# By hand, from the rules and a calendar.
# Daily, 7 days: 29 January to 4 February. On the 31st every run failed, all four tries; so there are six good ones, and
# the seventh newest, of the 28th, waits for its successor. The 27th was the seventh newest until today.
# Weekly, 4 weeks: the Sundays after 7 January. Safehold was down on the 16th and 17th and back on Sunday the 18th at
# ten: one catch-up, with what Sunday's would have carried.
# Monthly, 3 months: the firsts after 4 November.
# On-demand, asked for at noon of every tenth day that it was up: the one of day 390, 26 January.
# Held on 15 March 2025 without an end; the one of 10 June was held until the end of that year, and went.
BY_HAND = """\
2026-02-04 03:00 | daily | good | 2026-02-11 03:00 | newest of the day (7 days)
2026-02-03 03:00 | daily | good | 2026-02-10 03:00 | newest of the day (7 days)
2026-02-02 03:00 | daily | good | 2026-02-09 03:00 | newest of the day (7 days)
2026-02-01 03:00 | daily, monthly, weekly | good | 2026-05-01 03:00 | newest of the day (7 days), \
newest of the week (4 weeks), newest of the month (3 months)
2026-01-31 04:25 | daily | failed | - | nothing of it is stored: its record stays
2026-01-31 03:25 | daily | failed | - | nothing of it is stored: its record stays
2026-01-31 03:05 | daily | failed | - | nothing of it is stored: its record stays
2026-01-31 03:00 | daily | failed | - | nothing of it is stored: its record stays
2026-01-30 03:00 | daily | good | 2026-02-06 03:00 | newest of the day (7 days)
2026-01-29 03:00 | daily | good | 2026-02-05 03:00 | newest of the day (7 days)
2026-01-28 03:00 | daily | good | - | one of the 7 newest daily ones
2026-01-27 03:00 | daily | expired | - | older than 7 days (daily)
2026-01-26 12:00 | on-demand | good | - | the most recent on-demand one
2026-01-25 03:00 | daily, weekly | good | 2026-02-22 03:00 | newest of the week (4 weeks)
2026-01-18 10:00 | daily, weekly | good | 2026-02-15 10:00 | newest of the week (4 weeks)
2026-01-11 03:00 | daily, weekly | good | 2026-02-08 03:00 | newest of the week (4 weeks)
2026-01-01 03:00 | daily, monthly | good | 2026-04-01 03:00 | newest of the month (3 months)
2025-12-01 03:00 | daily, monthly | good | 2026-03-01 03:00 | newest of the month (3 months)
2025-03-15 03:00 | daily | good | - | held: the audit of 2025
"""
# 400 days: two down, one failed, 397 scheduled backups. 40 on demand, but for the one of a day down: 39. Of these 436
# there are 15 in the list above, one of them let go today.
TOMBSTONES = 421


class Days(Timed):
    """A world that is awake a few times a day, and does what its calendar says."""

    def live(self, day: int) -> None:
        """Live through one day."""
        midnight = FIRST + day * DAY
        away, back = midnight == datetime(2026, 1, 31, tzinfo=UTC), midnight == datetime(2026, 1, 18, tzinfo=UTC)
        self._source(away=away)
        for time in (AWAKE[0], *RETRIES, AWAKE[1]) if away else (10 * HOUR, AWAKE[1]) if back else AWAKE:
            self.set(midnight + time)
            if time == 12 * HOUR:
                self._people(day)
            self.wake()

    def wake(self) -> None:
        """Do every duty once, and wait for what it began."""
        now = self.world.clock.now()
        self._duties(now)
        for backup in self.core.catalog.backups.open_ones():
            self.world.settled(backup.id)
        # Once more, as ten seconds later: how a run ended is seen then, and when it is tried again.
        self._duties(now)
        self.core.save_manifests(now)
        self.core.time.expire(now)
        self.core.time.prune(now)
        self.world.settled("prune:orders")

    def _duties(self, now: datetime) -> None:
        for duty in self.core.time.duties:
            duty.do(now)

    def _people(self, day: int) -> None:
        today, held = self.core.catalog.backups.newest("orders"), self.core.time.keep_backup
        assert today is not None
        match f"{FIRST + day * DAY:%Y-%m-%d}":
            case "2025-03-15":
                held(today.id, ANNA, "the audit of 2025")
            case "2025-06-10":
                held(today.id, ANNA, "the year", datetime(2026, 1, 1, tzinfo=UTC))
            case "2025-08-01":
                self.core.time.freeze_retention(ANNA, THAWED, "the incident")
            case "2025-08-20":
                # Most of what there is would go at once now, so it has waited for this since three.
                self.allow()
        if day % 10 == 0:
            self.world.settled(self.core.create_backup("orders", ANNA).backup.id)

    def _source(self, *, away: bool) -> None:
        path = self.world.source_path
        elsewhere = path.with_suffix(".away")
        if away and path.exists():
            path.rename(elsewhere)
        elif not away and elsewhere.exists():
            elsewhere.rename(path)

    def row(self, backup: Backup) -> str:
        """Return a row of the list, with its reasons."""
        verdict = self.core.time.retention.why(backup)
        tiers, until = ", ".join(sorted(backup.tiers)), verdict.kept_until
        at = f"{backup.taken_at:%Y-%m-%d %H:%M}"
        kept = f"{until:%Y-%m-%d %H:%M}" if until else "-"
        return f"{at} | {tiers} | {backup.state.value} | {kept} | {verdict.says}\n"


@pytest.fixture
def days(tmp_path: Path) -> Iterator[Days]:
    """Return a world on the first day, before dawn."""
    days = Days(build_world(tmp_path, source=UNPROVEN, access=KEEPER, clock=StandingClock()))
    days.set(FIRST)
    with days.core:
        days.wake()
        yield days


def test_four_hundred_days_end_with_the_list_computed_by_hand(days: Days) -> None:
    """Schedules, failures, an outage, holds and a freeze leave exactly these rows, reasons and archives, all whole."""
    for day in range(400):
        if day not in {380, 381}:
            days.live(day)
    catalog, vault = days.core.catalog, days.core.adapters.vault("local")
    listed = days.core.list_backups("orders", size=100).backups
    assert "".join(map(days.row, listed)) == BY_HAND
    assert days.stored == sorted(backup.id for backup in listed if backup.state is not BackupState.FAILED)
    for key in days.stored:
        vault.verify("orders", key, vault.manifest("orders", key).archive, silent)
    gone = [b for b in catalog.backups.changed_since(0, 1000) if b.state is BackupState.PRUNED]
    assert len(gone) == TOMBSTONES
    for backup in gone:
        assert backup.expired_at is not None
        assert backup.pruned_at is not None
        assert backup.pruned_at - backup.expired_at >= DAY
        assert not FROZEN < backup.expired_at < THAWED
        assert not FROZEN < backup.pruned_at < THAWED
    (caught_up,) = (n for n in catalog.notices.changed_since(0, 10_000) if n.kind is NoticeKind.CAUGHT_UP)
    assert (caught_up.fields["covers"], caught_up.at) == (2, datetime(2026, 1, 18, 10, tzinfo=UTC))
    assert catalog.audit.verify() is None
