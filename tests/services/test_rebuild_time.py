"""What a schedule ran and retention deleted after the copy that a rebuild begins with: not missed, and not lost."""

import shutil
from collections.abc import Callable
from datetime import timedelta

import pytest

from core.catalog import Catalog
from core.model.backup import BackupState
from core.model.expected import ExpectedState
from core.model.notice import NoticeKind
from tests.services.test_wake_schedules import DAY, HOUR, MIDNIGHT, Timed, backed_up_at_three
from tests.support.rebuilding import copied, lose, rebuilder
from tests.support.world import ANNA, World, build_world


@pytest.fixture
def timed(make_world: Callable[..., World]) -> Timed:
    """Return a world in which a source is backed up daily at three, and was on the first day; it is copied then."""
    return backed_up_at_three(make_world)


def rebuilt(timed: Timed) -> World:
    """Lose the catalog, and make it anew."""
    lose(timed.world)
    rebuilder(timed.world.root, timed.world)(ANNA)
    return build_world(
        timed.world.root,
        source='prove = "never"',
        access='retain = ["U0ANNA"]',
        clock=timed.world.clock,
    )


def test_what_ran_on_time_is_not_made_up_for(timed: Timed) -> None:
    """The manifests of scheduled backups say when they were due; the next run covers nothing and is no catch-up."""
    copied(timed.world)
    for day in (1, 2):
        timed.at(MIDNIGHT + day * DAY + 3 * HOUR)
    timed.set(MIDNIGHT + 2 * DAY + 4 * HOUR)
    anew = Timed(rebuilt(timed))
    anew.at(MIDNIGHT + 2 * DAY + 5 * HOUR)
    anew.at(MIDNIGHT + 3 * DAY + 3 * HOUR)
    assert [(run.due_at - MIDNIGHT, run.covers) for run in anew.runs] == [(d * DAY + 3 * HOUR, 0) for d in range(4)]
    assert {run.state for run in anew.runs[:3]} == {ExpectedState.DONE}
    assert anew.told(NoticeKind.CAUGHT_UP) == []
    anew.core.close()


def test_run_that_succeeded_after_the_copy_is_not_begun_again(timed: Timed) -> None:
    """The copy knows it as one that failed and is tried again; the manifest says that it took place."""
    away = timed.world.root / "away.db"
    timed.world.source_path.rename(away)
    timed.at(MIDNIGHT + DAY + 3 * HOUR)
    timed.at(MIDNIGHT + DAY + 3 * HOUR + timedelta(minutes=1))
    copied(timed.world)
    away.rename(timed.world.source_path)
    timed.at(MIDNIGHT + DAY + 3 * HOUR + timedelta(minutes=8))
    good = timed.backups[-1]
    timed.set(MIDNIGHT + DAY + 4 * HOUR)
    anew = Timed(rebuilt(timed))
    for hour in (5, 6):
        anew.at(MIDNIGHT + DAY + hour * HOUR)
    assert (anew.backups[-1].id, good.state) == (good.id, BackupState.GOOD)
    assert (anew.runs[-1].state, anew.runs[-1].backup_id) == (ExpectedState.DONE, good.id)
    anew.core.close()


@pytest.mark.parametrize(("hours", "state"), [(23, BackupState.DAMAGED), (25, BackupState.PRUNED)])
def test_what_was_let_go_and_is_gone_after_its_grace_was_deleted(timed: Timed, hours: int, state: BackupState) -> None:
    """It is no backup that was lost; what is gone sooner is."""
    (first,) = timed.backups
    now = timed.world.clock.now()
    timed.catalog.backups.move(first.id, frozenset({first.state}), state=BackupState.EXPIRED, expired_at=now)
    timed.core.save_manifests(now)
    copied(timed.world)
    timed.set(now + timedelta(hours=hours))
    shutil.rmtree(timed.world.root / "vault" / "orders" / first.id)
    lose(timed.world)
    made = rebuilder(timed.world.root, timed.world)(ANNA)
    with Catalog.open(made.path) as catalog:
        assert catalog.backups.get(first.id).state is state
    assert (made.tally.pruned, made.tally.damaged) == (state is BackupState.PRUNED, state is BackupState.DAMAGED)
    assert made.tally.gone == 1
