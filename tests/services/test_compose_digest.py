"""The daily digest: at its time, once a day, the facts of every source, and cheap with many."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from core.catalog import Catalog
from core.config.values import NoticesConfig
from core.model.backup import Backup, BackupState, Failure
from core.model.freeze import Freeze
from core.model.notice import Notice, NoticeKind
from core.model.source import Source
from core.services.adapters import Adapters
from core.services.compose_digest import ComposeDigest
from core.services.daily_time import DailyTime
from core.services.telling import tell_by_itself
from tests.catalog import samples
from tests.support.timed import DAY, HOUR, MIDNIGHT, Timed
from tests.support.world import ANNA, World

FAILURE = Failure("source-unavailable", "The source is down.", "Start it.", "ab12")


@pytest.fixture
def timed(world: World) -> Timed:
    """Give a world at midnight."""
    return Timed(world)


def composer(timed: Timed, at: time = time(9), zone: str = "Europe/Berlin") -> ComposeDigest:
    """Return the duty as the composition root makes it."""
    duty, *_ = tell_by_itself(timed.core.time.retention, timed.core.time.schedules, NoticesConfig(digest=at), zone)
    assert isinstance(duty.do, ComposeDigest)
    return duty.do


def told(timed: Timed) -> list[Notice]:
    """Return every digest."""
    return [one for one in timed.core.catalog.notices.changed_since(0) if one.kind is NoticeKind.DIGEST]


def test_it_comes_once_a_day_at_its_time(timed: Timed) -> None:
    """At nine in Berlin, once a day, from the day on after Safehold was first there."""
    compose = composer(timed)
    for step in range(4 * 48):
        compose(MIDNIGHT + HOUR * 9 + step * HOUR / 2)
    assert [(one.key, one.at.astimezone(UTC)) for one in told(timed)] == [
        (f"2026-01-0{day}", datetime(2026, 1, day, 8, tzinfo=UTC)) for day in (2, 3, 4, 5)
    ]


def test_it_comes_late_after_a_restart(timed: Timed) -> None:
    """A bot that was down at nine tells it when it is back, once; a second process knows that it did."""
    composer(timed)(MIDNIGHT)
    for hour in (15, 16):
        composer(timed)(MIDNIGHT + DAY + hour * HOUR)
    assert [one.key for one in told(timed)] == ["2026-01-02"]


def test_a_clock_that_is_set_back_tells_nothing_twice(timed: Timed) -> None:
    """A day that was told stays told; the days after it are told as they come."""
    compose = composer(timed)
    for days in (0, 1, 2, 1, 2, 3):
        compose(MIDNIGHT + days * DAY + 10 * HOUR)
    assert [one.key for one in told(timed)] == ["2026-01-02", "2026-01-03", "2026-01-04"]


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_a_day_on_which_clocks_change_has_one(timed: Timed, day: date) -> None:
    """Half past two is skipped or shown twice in Berlin: the digest comes once all the same."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - 2 * HOUR
    compose = composer(timed, time(2, 30))
    compose(start - DAY)
    for step in range(26 * 12):
        compose(start + step * timedelta(minutes=5))
    assert [one.key for one in told(timed)].count(day.isoformat()) == 1


def test_it_says_how_a_source_stands(timed: Timed) -> None:
    """Newest good backup, age against the goal, size and the sizes before it, failures, what is due next, room left."""
    sizes = []
    for day in range(3):
        backup = timed.backup(timed.take(MIDNIGHT + day * DAY))
        sizes.append(backup.size)
    now = MIDNIGHT + 2 * DAY + 9 * HOUR
    failed = replace(backup, id="20260103T080000Z-0000aa", state=BackupState.FAILED, requested_at=now - HOUR, size=0)
    timed.core.catalog.backups.adopt(replace(failed, finished_at=now - HOUR, failure=FAILURE))
    timed.set(now)
    facts = composer(timed).facts(now)
    [source] = facts["sources"]
    assert source["newest_good_at"] == backup.taken_at.isoformat()
    assert (source["name"], source["size"], source["sizes"]) == ("orders", backup.size, sizes)
    assert (source["overdue"], source["failures"], source["goal_seconds"]) == (False, 1, 93_600)
    assert source["next_due_at"].startswith("2026-01-04T")
    assert facts["failures"] == [
        {
            "id": failed.id,
            "source": "orders",
            "at": (now - HOUR).isoformat(),
            "message": "The source is down.",
        }
    ]
    assert facts["free"]["local"] > 0
    assert facts["storage_bytes"] == sum(sizes)
    assert (facts["frozen_until"], facts["catalog_copied_at"], facts["more"]) == (None, None, 0)


def test_it_says_that_all_is_frozen_and_where_the_catalog_is(timed: Timed) -> None:
    """A freeze, the last copy of the catalog and a vault that can't be asked are facts too."""
    until = MIDNIGHT + 5 * DAY
    timed.core.catalog.freezes.place(Freeze(ANNA, "incident", MIDNIGHT, until))
    timed.core.catalog.marks.put("catalog copied", MIDNIGHT.isoformat())
    (timed.world.root / "vault").rename(timed.world.root / "unmounted")
    facts = composer(timed).facts(MIDNIGHT + HOUR)
    assert facts["frozen_until"] == until.isoformat()
    assert facts["catalog_copied_at"] == MIDNIGHT.isoformat()
    assert facts["free"] == {"local": None}
    assert facts["sources"][0]["overdue"]


def test_what_is_off_is_not_a_duty(timed: Timed) -> None:
    """Without a time there is no digest and no evening post."""
    off = NoticesConfig(digest=None, evening=None)
    assert tell_by_itself(timed.core.time.retention, timed.core.time.schedules, off, "UTC") == ()


def record(catalog: Catalog, count: int) -> Adapters:
    """Record sources with three backups each, of which every hundredth is old and every fiftieth failed lately."""
    backups: list[Backup] = []
    for number in range(count):
        name = f"s{number:05d}"
        for back in range(3):
            at = samples.NOON - back * DAY - (3 * DAY if number % 100 == 7 else HOUR)
            key = f"{at:%Y%m%dT%H%M%SZ}-{number:05x}{back}"
            backups.append(samples.good(id=key, source=name, requested_at=at, started_at=at, size=1_000 + number))
        if number % 50 == 3:
            key = f"{samples.NOON:%Y%m%dT%H%M%SZ}-{number:05x}f"
            backups.append(samples.backup(id=key, source=name, requested_at=samples.NOON, state=BackupState.FAILED))
    catalog.backups.adopt_many(backups)
    return Adapters({b.source: Source(b.source, "sqlite", "local", "here") for b in backups}, {}, {}, {})


def test_many_sources_are_twenty_rows(tmp_path: Path) -> None:
    """Those that are overdue come first, then those that failed; the rest is counted."""
    with Catalog.open(tmp_path / "catalog.db") as catalog:
        adapters = record(catalog, 1_000)
        compose = ComposeDigest(catalog, adapters, DailyTime(catalog, "digest", time(9), "UTC"))
        facts = compose.facts(samples.NOON)
    assert len(facts["sources"]) == 20
    assert facts["more"] == 980
    assert [one["overdue"] for one in facts["sources"]] == [True] * 10 + [False] * 10
    assert [one["failures"] for one in facts["sources"]] == [0] * 10 + [1] * 10
    assert facts["sources"][0]["next_due_at"] is None
    assert len(facts["failures"]) == 10
    assert facts["free"] == {"local": None}
