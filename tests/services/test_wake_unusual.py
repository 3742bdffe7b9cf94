"""Scheduled runs of which nothing comes, now or ever, and the ledger of very many of them."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.errors import BusyError
from core.model.backup import Tier
from core.model.expected import ExpectedRun, ExpectedState
from core.services.wake_schedules import WakeSchedules
from tests.services.test_wake_schedules import DAILY, MIDNIGHT, Timed
from tests.support.world import ANNA, World


@pytest.fixture
def timed(make_world: Callable[..., World]) -> Timed:
    """Return a world just after midnight, whose source has a daily schedule at three."""
    timed = Timed(make_world(source='prove = "never"', access='retain = ["U0ANNA"]'))
    timed.set(MIDNIGHT)
    timed.core.time.schedules.change("orders", DAILY, ANNA)
    timed.at(MIDNIGHT + timedelta(minutes=1))
    return timed


@pytest.mark.parametrize(
    ("source", "state"),
    [("gone", ExpectedState.DUE), ("gone", ExpectedState.RETRYING), ("orders", ExpectedState.BEGUN)],
)
def test_a_run_of_which_nothing_can_come_is_given_up(
    timed: Timed, caplog: pytest.LogCaptureFixture, source: str, state: ExpectedState
) -> None:
    """Where the source was taken out of the configuration, or the record is gone, that is said once, not for ever."""
    due_at = MIDNIGHT - timedelta(hours=21)
    tiers = frozenset({Tier.DAILY})
    run = ExpectedRun(source, due_at, due_at.date(), tiers, state, due_at, "20260101T000000Z-aaaaaa", attempts=1)
    assert timed.catalog.expected.note(run)
    for minute in range(2, 6):
        timed.at(MIDNIGHT + timedelta(minutes=minute))
    assert timed.catalog.expected.page(source)[0].state is ExpectedState.GIVEN_UP
    assert caplog.text.count(f"the run of {source} due") == 1


def test_the_ledger_does_not_grow_for_ever(timed: Timed) -> None:
    """With each due time settled ones of more than 400 days ago go, a hundred at a time; as many newer ones stay."""
    for days in range(700):
        due_at = MIDNIGHT - timedelta(days=days + 1)
        run = ExpectedRun("orders", due_at, due_at.date(), frozenset({Tier.DAILY}), ExpectedState.DONE, due_at)
        timed.catalog.expected.note(run)
    for days in range(4):
        timed.at(MIDNIGHT + timedelta(days=days, hours=3, minutes=1))
    assert len(timed.runs) == 400
    newest = timed.runs[-1].due_at
    assert newest > MIDNIGHT + timedelta(days=3)
    assert timed.runs[0].due_at > newest - timedelta(days=400)


class Busy:
    """Stands for a catalog that somebody else keeps writing when a backup is to begin."""

    def __call__(self, *_given: object, **_named: object) -> None:
        """Refuse."""
        raise BusyError("Something else keeps writing the catalog.", hint="Try again.")


def test_a_run_that_cannot_begin_now_stays_due(timed: Timed, caplog: pytest.LogCaptureFixture) -> None:
    """Trouble of the moment is told and gone over; the run begins when it has passed."""
    timed.set(MIDNIGHT + timedelta(hours=3, minutes=1))
    core = timed.core
    WakeSchedules(core.catalog, core.adapters, core.time.schedules, Busy())(core.clock.now())  # type: ignore[arg-type]
    assert [run.state for run in timed.runs] == [ExpectedState.DUE]
    assert "waits: Something else keeps writing" in caplog.text
    timed.at(MIDNIGHT + timedelta(hours=3, minutes=2))
    assert [run.state for run in timed.runs] == [ExpectedState.BEGUN]
