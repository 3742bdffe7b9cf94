"""A short run of `bench.torture_model`: a bot among people, accidents and kills is judged after every step."""

from contextlib import suppress
from datetime import date

import pytest

from bench.model_mortal import Killed
from bench.model_services import ServiceModel
from bench.model_verdicts import VerdictModel
from bench.torture_model import MEMORY, place
from core.model.verdict import EVERY_LOCK, Lock

MOST = 1_000
SEEDS = range(1, 6)


def bot(seed: int, locks: frozenset[Lock] = EVERY_LOCK) -> ServiceModel:
    """Return one of the bots."""
    zones, year = place(seed)
    return ServiceModel(seed, zones, MEMORY if MEMORY.is_dir() else None, locks, year)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_is_lost_among_people_accidents_and_kills(seed: int) -> None:
    """Two zones, kills in the middle of everything: no fault by the judge's own rules, and an unbroken audit record."""
    with bot(seed) as model:
        model.run(250)
        assert model.faults == []
        assert model.judge.good > 0
        assert model.lives > 1
        assert model.bot.catalog.audit.verify() is None


@pytest.mark.parametrize("touches", [1, 2, 3, 4, 5, 6])
def test_the_diary_begins_anew_with_each_change_of_a_schedule_that_is_on_record(touches: int) -> None:
    """Also with one whose process is killed right after it is, but with none that is lost in a kill."""
    with bot(1) as model:
        for diary in model.diaries.values():
            diary.ran = {date.min}
        model.bot.fate.left = touches
        with suppress(Killed):
            model.people.reschedule()
        begun = {(name,) for name, diary in model.diaries.items() if not diary.ran}
        assert begun == set(model.judge.db.execute("select source from schedules"))


def test_verdicts_let_nothing_go_that_has_to_stay() -> None:
    """Ten thousand random steps, each judged by rules that were written a second time."""
    model = VerdictModel(1)
    model.run(10_000)
    assert model.faults == []
    assert model.let_go > MOST


@pytest.mark.parametrize("lock", Lock)
def test_verdicts_without_a_lock_are_caught(lock: Lock) -> None:
    """With any one lock left out the same steps find something that went and had to stay."""
    for seed in SEEDS:
        model = VerdictModel(seed, EVERY_LOCK - {lock})
        model.run(20 * MOST)
        if model.faults:
            return
    pytest.fail(f"nobody missed the lock {lock}")


@pytest.mark.parametrize("lock", sorted(EVERY_LOCK - {Lock.NEWER}))
def test_services_without_a_lock_are_caught(lock: Lock) -> None:
    """With any one lock left out the judge sees the services let something go that had to stay."""
    for seed in SEEDS:
        with bot(seed, EVERY_LOCK - {lock}) as model:
            model.run(MOST)
            if model.faults:
                return
    pytest.fail(f"nobody missed the lock {lock}")


def test_services_without_the_lock_newer_are_caught_when_nothing_good_is_left() -> None:
    """The floor covers that lock as long as anything is good; it alone keeps what is damaged when nothing is."""
    with bot(1, EVERY_LOCK - {Lock.NEWER}) as model:
        model.run(100)
        assert model.faults == []
        for _ in range(4):
            model.disaster()
        assert "nothing good is newer" in model.faults[0]
