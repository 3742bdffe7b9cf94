"""Sources are judged by the age of their newest good backup, and each alarm is told once."""

from datetime import timedelta

from core.model.backup import BackupState
from core.model.notice import Notice, NoticeKind
from core.services.judge_age import JudgeAge
from tests.support.world import World

HOUR = timedelta(hours=1)
ALARMS = {NoticeKind.OVERDUE, NoticeKind.RECOVERED}


def judged(world: World, judge: JudgeAge | None = None) -> list[Notice]:
    """Look once, with a fresh memory where none is given, and return every alarm so far."""
    (judge or JudgeAge(world.core.catalog, world.core.adapters))(world.clock.now())
    return [notice for notice in world.core.catalog.notices.changed_since(0) if notice.kind in ALARMS]


def test_source_that_got_too_old_alarms_once_and_recovers_once(world: World) -> None:
    """Looked at again and again, also by another process, one alarm and one recovery are told."""
    judge = JudgeAge(world.core.catalog, world.core.adapters)
    good = world.core.find_backup(world.take())
    assert judged(world, judge) == []
    world.clock.offset += 27 * HOUR
    assert [n.kind for n in judged(world, judge)] == [NoticeKind.OVERDUE]
    assert len(judged(world, judge)) == len(judged(world)) == 1
    (alarm,) = judged(world)
    assert alarm.about == "orders"
    assert alarm.fields["newest_good_at"] == good.taken_at.isoformat()
    assert alarm.fields["goal_seconds"] == 93_600
    world.clock.offset += HOUR
    newer = world.take()
    _, recovered = judged(world, judge)
    assert (recovered.kind, recovered.fields["backup_id"]) == (NoticeKind.RECOVERED, newer)
    assert abs(recovered.fields["overdue_seconds"] - 3_600) < 60
    assert len(judged(world)) == 2


def test_same_backup_can_be_the_newest_of_two_alarms(world: World) -> None:
    """Where the backup that ended an alarm is found damaged, the older one is told to be too old again."""
    world.take()
    world.clock.offset += 27 * HOUR
    judged(world)
    newer = world.take()
    judged(world)
    world.core.catalog.backups.move(newer, frozenset({BackupState.GOOD}), state=BackupState.DAMAGED)
    assert [n.kind for n in judged(world)] == [NoticeKind.OVERDUE, NoticeKind.RECOVERED, NoticeKind.OVERDUE]


def test_source_without_any_backup_is_given_its_goal_of_time(world: World) -> None:
    """A new source is not late at once; when its first backup never comes, it is, with why the last try failed."""
    assert judged(world) == []
    world.source_path.unlink()
    world.take()
    world.clock.offset += 27 * HOUR
    (alarm,) = judged(world)
    assert alarm.fields["newest_good_at"] is None
    assert alarm.fields["last_failure"]
