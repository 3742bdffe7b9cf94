"""What was deleted is told once a day, all of it together."""

from datetime import time

import pytest

from core.config.values import NoticesConfig
from core.model.backup import BackupState
from core.model.notice import Notice, NoticeKind
from core.services.duties import Duty
from core.services.tell_pruned import note_pruned
from core.services.telling import tell_by_itself
from tests.support.timed import DAY, HOUR, KEEPER, MIDNIGHT, UNPROVEN, Timed
from tests.support.world import World

WEEK = 7


@pytest.fixture
def timed(make_world: object) -> Timed:
    """Return a world at midnight."""
    world = make_world(source=UNPROVEN, access=KEEPER)  # type: ignore[operator]
    assert isinstance(world, World)
    return Timed(world)


def duty(timed: Timed, **times: time | None) -> Duty:
    """Return the duty as the composition root makes it."""
    config = NoticesConfig(**{"digest": time(9), "evening": time(18), **times})  # type: ignore[arg-type]
    duties = tell_by_itself(timed.core.time.retention, timed.core.time.schedules, config, "UTC")
    return next(one for one in duties if one.name == "tell what was deleted")


def told(timed: Timed) -> list[Notice]:
    """Return every notice of deletions."""
    return [one for one in timed.core.catalog.notices.changed_since(0) if one.kind is NoticeKind.PRUNED]


def pass_by(timed: Timed, days: range) -> None:
    """Let days pass: a backup each, what is too old let go and deleted, and everybody told at nine."""
    telling = duty(timed)
    for day in days:
        timed.take(MIDNIGHT + day * DAY + 3 * HOUR + day * HOUR / 60)
        timed.retain(MIDNIGHT + day * DAY + 5 * HOUR + day * HOUR / 60)
        for hours in (8, 9.5, 10):
            timed.set(MIDNIGHT + day * DAY + hours * HOUR)
            telling.do(timed.world.clock.now())


def test_each_day_tells_what_was_deleted_on_it(timed: Timed) -> None:
    """One notice a day with count, bytes and names; none on days on which nothing was deleted."""
    pass_by(timed, range(WEEK + 4))
    assert [(n.key, n.fields["count"]) for n in told(timed)] == [(f"2026-01-{day:02}", 1) for day in (9, 10, 11)]
    [row] = told(timed)[0].fields["backups"]
    first = timed.backup(row["id"])
    assert first.state is BackupState.PRUNED
    assert dict(told(timed)[0].fields) == {
        "count": 1,
        "bytes": first.size,
        "more": 0,
        "backups": [
            {
                "id": first.id,
                "source": "orders",
                "taken_at": first.taken_at.isoformat(),
                "size": first.size,
                "why": "older than 7 days (daily)",
            }
        ],
    }


def test_many_are_counted_and_the_first_are_named(timed: Timed) -> None:
    """Of a dozen deleted since the last telling ten are named; what was told is not told again the next day."""
    key, telling = timed.take(MIDNIGHT), duty(timed)
    telling.do(timed.world.clock.now())
    backup = timed.backup(key)
    for _ in range(12):
        note_pruned(timed.core.catalog, backup)
    for day in (0, 1):
        timed.set(MIDNIGHT + day * DAY + 9.5 * HOUR)
        telling.do(timed.world.clock.now())
    [notice] = told(timed)
    facts = notice.fields
    assert (facts["count"], len(facts["backups"]), facts["more"], facts["bytes"]) == (12, 10, 2, 12 * backup.size)


def test_it_comes_with_the_digest_or_else_the_evening_post(timed: Timed) -> None:
    """Where there is no digest it is told in the evening; who wants neither is told nothing of what goes as planned."""
    key, telling = timed.take(MIDNIGHT), duty(timed, digest=None)
    telling.do(timed.world.clock.now())
    note_pruned(timed.core.catalog, timed.backup(key))
    for hours, count in ((9.5, 0), (18.5, 1)):
        timed.set(MIDNIGHT + hours * HOUR)
        telling.do(timed.world.clock.now())
        assert len(told(timed)) == count
    with pytest.raises(StopIteration):
        duty(timed, digest=None, evening=None)
