"""The evening post: what goes until the next evening, told once while it can still be kept."""

from dataclasses import replace
from datetime import time

import pytest

from core.config.values import NoticesConfig
from core.model.freeze import Freeze
from core.model.notice import Notice, NoticeKind
from core.services.evening_post import EveningPost
from core.services.telling import Going, tell_by_itself
from tests.support.timed import DAY, HOUR, MIDNIGHT, UNPROVEN, Timed
from tests.support.world import ANNA, World


@pytest.fixture
def timed(make_world: object) -> Timed:
    """Give ten daily backups at three o'clock: those that are older than a week are let go."""
    world = make_world(source=UNPROVEN)  # type: ignore[operator]
    assert isinstance(world, World)
    timed = Timed(world)
    for day in range(10):
        timed.take(MIDNIGHT + day * DAY + 3 * HOUR)
    return timed


def poster(timed: Timed) -> EveningPost:
    """Return the duty as the composition root makes it."""
    _, duty, _ = tell_by_itself(
        timed.core.time.retention, timed.core.time.schedules, NoticesConfig(evening=time(18)), "UTC"
    )
    assert isinstance(duty.do, EveningPost)
    return duty.do


def told(timed: Timed) -> list[Notice]:
    """Return every evening post."""
    return [one for one in timed.core.catalog.notices.changed_since(0) if one.kind is NoticeKind.EXPIRING]


def evening(timed: Timed, day: int) -> None:
    """Let go what no rule keeps, then come to an evening, half an hour after the time."""
    timed.set(MIDNIGHT + day * DAY + 17 * HOUR)
    timed.core.time.expire()
    poster(timed)(timed.world.clock.now())
    timed.set(MIDNIGHT + day * DAY + 18.5 * HOUR)
    for _ in range(2):
        poster(timed)(timed.world.clock.now())


def test_it_names_what_goes_and_why(timed: Timed) -> None:
    """Each backup with source, time, size, tiers and the reason; and all bytes together."""
    evening(timed, 9)
    [post] = told(timed)
    going = [timed.backup(row["id"]) for row in post.fields["backups"]]
    assert going
    assert [backup.state.value for backup in going] == ["expired"] * len(going)
    first, row = going[0], post.fields["backups"][0]
    assert row == {
        "id": first.id,
        "source": "orders",
        "taken_at": first.taken_at.isoformat(),
        "size": first.size,
        "tiers": ["daily"],
        "note": "",
        "known_as": "verified",
        "why": first.expiry,
    }
    assert post.fields["bytes"] == sum(backup.size for backup in going)
    assert post.fields["more"] == 0
    assert post.key == "2026-01-10"


def test_nothing_is_told_where_nothing_goes(timed: Timed) -> None:
    """While everything is kept, or frozen for longer than that, there is no post."""
    timed.set(MIDNIGHT + 9 * DAY + 17 * HOUR)
    timed.core.catalog.freezes.place(Freeze(ANNA, "incident", MIDNIGHT, MIDNIGHT + 30 * DAY))
    evening(timed, 9)
    assert told(timed) == []


def test_what_is_let_go_later_is_looked_for_where_the_grace_is_short(timed: Timed) -> None:
    """With a grace of an hour the next run's victims are named as well, before they are let go."""
    timed.set(MIDNIGHT + 9 * DAY + 18 * HOUR)
    until = MIDNIGHT + 10 * DAY + 18 * HOUR
    retention = timed.core.time.retention
    assert list(Going(retention)(until)) == []
    short = Going(replace(retention, grace_seconds=3_600.0))
    assert short.count(until) == len(list(short(until))) > 0
    assert all(one.at <= until for one in short(until))
