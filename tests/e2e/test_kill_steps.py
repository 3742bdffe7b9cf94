"""How the torture chooses where it kills."""

import random
from types import SimpleNamespace

import pytest

from bench.steps import Steps, follow, step_of
from core.model.backup import BackupState
from core.model.progress import Step


def test_kills_spread_over_all_steps() -> None:
    """Of four steps each is struck five times in twenty, at a moment within the time that it lasts."""
    steps, chance = Steps({"checking": 0.1, "storing": 0.2, "verifying": 0.05, "proving": 9.0}), random.Random(3)
    for _ in range(20):
        aim, into = steps.aim(chance)
        assert 0 <= into <= steps.lasts[aim]
        steps.count(aim, aim)
    assert set(steps.hit.values()) == {5}


def test_a_step_that_is_always_missed_is_not_tried_for_ever() -> None:
    """What is over too soon to be hit gets its share of tries, and the others theirs."""
    steps, chance = Steps({"pending": 0.0, "storing": 0.2}), random.Random(3)
    for _ in range(12):
        aim, _ = steps.aim(chance)
        steps.count(aim, "storing")
    assert 3 <= steps.aimed["storing"] <= 9


def test_a_run_is_struck_where_it_is_or_past_it() -> None:
    """A step before the one that is meant is waited out; a run that ended is struck at once."""
    steps = Steps({"pending": 0.0, "storing": 0.2, "verifying": 0.1})
    assert not steps.reached("pending", "storing")
    assert steps.reached("storing", "storing")
    assert steps.reached("verifying", "storing")
    assert steps.reached("good", "storing")


def test_the_steps_of_a_run_come_with_their_seconds_in_order() -> None:
    """What was seen until it is over, and a run that never ends is no endless wait."""
    seen = iter(["pending", "storing", "storing", "good"])
    assert list(follow(lambda: next(seen), lambda step: step == "good", 60)) == ["pending", "storing"]
    with pytest.raises(TimeoutError, match="still storing"):
        follow(lambda: "storing", lambda _: False, 0.01)


def test_a_step_is_told_by_the_record() -> None:
    """The state where there is no step; the steps of a backup's proof are told from those of a restore."""
    assert step_of(SimpleNamespace(id="b", step=None, state=BackupState.PENDING)) == "pending"
    for record, step in (("b", "storing"), ("r-1", "unpacking")):
        assert step_of(SimpleNamespace(id=record, step=Step(step), state=BackupState.RUNNING)) == step
    assert step_of(SimpleNamespace(id="b", step=Step("opening"), state=BackupState.RUNNING)) == "proving: opening"
