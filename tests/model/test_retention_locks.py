"""Each lock of retention keeps something that goes without it: what a bug in one of them would cost."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.model.backup import Tier
from core.model.expiry import LATE, preview, proven_when_due, scheduled
from core.model.freeze import Freeze
from core.model.policy import COMPOSE, Policy
from core.model.retention import verdicts
from core.model.schedule import DEFAULT
from core.model.source import Prove
from core.model.verdict import EVERY_LOCK, Candidate, Lock
from tests.support.retained import (
    DAILY,
    DAYS,
    ON_DEMAND,
    START,
    WITHIN,
    daily,
    freeze,
    hold,
    kept,
    lost,
    on_demand,
    tiers_of,
)

LAST = START + 29 * DAYS
MONTH = daily(30)
OLD = MONTH[3]
"""A daily one, long past its week."""


def changed(**changes: object) -> list[Candidate]:
    """Return the month with one old backup changed."""
    return [replace(one, **changes) if one is OLD else one for one in MONTH]


def damaged(days: list[Candidate]) -> list[Candidate]:
    """Return backups that all turned out to be damaged."""
    return [replace(one, good=False) for one in days]


def leapt() -> list[Candidate]:
    """Return a month of backups, and one more after the clock leapt by a year."""
    at = LAST + 365 * DAYS
    return [*MONTH, Candidate("leapt", at, tiers_of(at))]


LAST_WEEK = {f"d{day}" for day in range(24, 30)}
CASES: dict[Lock, tuple[list[Candidate], Policy, timedelta, Freeze | None, set[str]]] = {
    Lock.NEWER: (damaged(MONTH), COMPOSE, timedelta(days=60), None, {one.id for one in MONTH}),
    Lock.FLOOR: (MONTH, replace(WITHIN, floor=15), timedelta(), None, {f"d{day}" for day in range(15, 20)}),
    Lock.WINDOW: (MONTH, WITHIN, timedelta(days=60), None, {f"d{day}" for day in range(20, 29)}),
    Lock.SUCCESSORS: (leapt(), COMPOSE, timedelta(days=365), None, {"d0", "d7", "d14", "d21", *LAST_WEEK}),
    Lock.HOLD: (changed(hold=hold()), COMPOSE, timedelta(), None, {OLD.id}),
    Lock.FREEZE: ([OLD, MONTH[29]], WITHIN, timedelta(), freeze(LAST + DAYS), {OLD.id}),
    Lock.BUSY: (changed(busy="being downloaded"), COMPOSE, timedelta(), None, {OLD.id}),
    Lock.FUTURE: (MONTH, WITHIN, timedelta(days=-15), None, {f"d{day}" for day in range(5, 20)}),
}


@pytest.mark.parametrize("lock", Lock)
def test_each_lock_keeps_what_goes_without_it(lock: Lock) -> None:
    """With all locks the backups stay and name the lock; with one planted bug, that lock left out, they go."""
    candidates, policy, later, frozen, saved = CASES[lock]
    answers = verdicts(candidates, policy, LAST + later, freeze=frozen)
    assert saved <= kept(answers)
    assert saved == kept(answers) - kept(
        verdicts(candidates, policy, LAST + later, freeze=frozen, locks=EVERY_LOCK - {lock})
    )
    assert any(lock in answers[name].locked_by for name in saved)


def test_the_newest_proven_one_outlives_those_that_are_not() -> None:
    """Once proofs end, the newest proven one stays and says so, until another is proven, and only as a good one."""
    proven = [replace(one, proven=day in {2, 3}) for day, one in enumerate(MONTH)]
    answer = verdicts(proven, COMPOSE, LAST)[OLD.id]
    assert (answer.says, answer.locked_by) == ("the newest that is proven", (Lock.FLOOR,))
    assert lost(verdicts(proven, COMPOSE, LAST)) == lost(verdicts(MONTH, COMPOSE, LAST)) - {OLD.id}
    assert OLD.id in lost(verdicts([*proven[:-1], replace(proven[-1], proven=True)], COMPOSE, LAST))
    hurt = [replace(one, good=one is not proven[3]) for one in proven]
    assert {"d2"} == kept(verdicts(hurt, COMPOSE, LAST)) & {"d2", "d3"}


def test_what_is_proven_counts_on_others_to_come() -> None:
    """Where backups were proven, a preview counts on the next ones being proven, too, and names the day each goes."""
    proven = [replace(one, proven=True) for one in daily(10)]
    now = proven[-1].at
    for prove in (Prove.EACH, Prove.NEVER):
        ahead = list(proven_when_due(scheduled(DEFAULT, "orders", now, now + 9 * DAYS), prove, now))
        assert ("d9" in {one.id for one in preview(proven, COMPOSE, now, ahead)}) is (prove is Prove.EACH)


def test_a_preview_counts_on_proofs_only_when_they_are_due() -> None:
    """Where a backup a week is proven, the newest proven one outlives its time until the proof of the next."""
    now = START + timedelta(hours=1)
    asked = [replace(on_demand("proven", START), proven=True), on_demand("newer", now)]
    for prove, day in ((Prove.EACH, 1), (Prove.DAILY, 1), (Prove.WEEKLY, 7)):
        ahead = list(proven_when_due(scheduled(DEFAULT, "orders", now, now + 20 * DAYS), prove, START))
        assert [n for n, one in enumerate(ahead, start=1) if one.proven][:2] == [day, 2 * day]
        seen = preview(asked, COMPOSE, now, ahead)
        assert [one.at for one in seen if one.id == "proven"] == [START + day * DAYS + LATE]


def test_a_record_without_bytes_counts_for_nothing() -> None:
    """A record that says good and has no bytes is no newest good one, fills no place, and lets no other go."""
    gone = [replace(one, stored=False) if day > 26 else one for day, one in enumerate(MONTH)]
    answers = verdicts(gone, COMPOSE, LAST)
    without = verdicts(MONTH[:27], COMPOSE, LAST)
    assert {name: answers[name] for name in without} == dict(without)
    new = Candidate("new", LAST + 20 * DAYS)
    assert verdicts([*gone, new], COMPOSE, new.at)["d29"].says == "older than 7 days (stored nothing)"


def test_an_open_backup_stays() -> None:
    """A run that is not finished is never let go, however old it looks."""
    answers = verdicts(changed(good=False, open=True, stored=False), COMPOSE, LAST)
    assert answers[OLD.id].locked_by == (Lock.BUSY,)
    assert answers[OLD.id].says == "not finished yet"


def test_a_hold_ends_with_the_first_good_backup_after_its_date() -> None:
    """A hold that is over by the clock still keeps until a good backup is newer than its end."""
    held = changed(hold=hold(LAST + timedelta(hours=1)))
    later = LAST + timedelta(hours=2)
    assert OLD.id in kept(verdicts(held, COMPOSE, later))
    assert OLD.id in lost(verdicts([*held, Candidate("new", later)], COMPOSE, later))


def test_a_lifted_freeze_keeps_nothing() -> None:
    """When a freeze is lifted, the rules are asked again at once."""
    lifted = replace(freeze(LAST + DAYS), lifted_at=LAST)
    assert lost(verdicts(MONTH, COMPOSE, LAST, freeze=lifted)) == lost(verdicts(MONTH, COMPOSE, LAST))


def test_a_leap_of_the_clock_takes_at_most_one_of_a_tier_early() -> None:
    """A year ahead, the clock takes what the days since would have taken, and one for the run that made up for it."""
    wrong, right = list(MONTH), list(MONTH)
    for day in range(1, 200):
        at = LAST + day * DAYS
        # The first backup after the leap makes up for all that was due.
        tiers = {Tier.DAILY, Tier.WEEKLY, Tier.MONTHLY} if day == 1 else tiers_of(at)
        wrong.append(Candidate(f"n{day}", at + 365 * DAYS, frozenset(tiers)))
        right.append(Candidate(f"n{day}", at, tiers_of(at)))
        fine = verdicts(right, COMPOSE, at)
        early = kept(fine) - kept(verdicts(wrong, COMPOSE, at + 365 * DAYS))
        for tier in (Tier.DAILY, Tier.WEEKLY, Tier.MONTHLY):
            assert sum(1 for one in right if one.id in early and tier in one.tiers) <= 1


def test_a_clock_that_is_set_back_takes_nothing_more() -> None:
    """What was made while the clock was ahead stays, ends nobody's time, and is ordinary again when its date comes."""
    ahead = Candidate("ahead", LAST + 365 * DAYS, tiers_of(LAST))
    answers = verdicts([*MONTH, ahead], COMPOSE, LAST + timedelta(hours=1))
    assert answers["ahead"].locked_by == (Lock.FUTURE,)
    assert {name: one for name, one in answers.items() if name != "ahead"} == dict(
        verdicts(MONTH, COMPOSE, LAST + timedelta(hours=1))
    )
    assert verdicts([*MONTH, ahead], COMPOSE, ahead.at)["ahead"].locked_by == ()


@pytest.mark.parametrize("hours", [1, 24, 24 * 365])
def test_a_clock_that_goes_back_takes_no_more_than_it_had(hours: int) -> None:
    """Asking again with an earlier now keeps at least what was kept."""
    assert kept(verdicts(MONTH, COMPOSE, LAST)) <= kept(verdicts(MONTH, COMPOSE, LAST - timedelta(hours=hours)))


def test_a_tier_that_is_no_longer_made_ends_by_its_span() -> None:
    """Switching the weekly tier off does not keep its last four for ever; dailies going on are the proof of time."""
    only_daily = [replace(one, tiers=one.tiers if day < 22 else DAILY) for day, one in enumerate(daily(90))]
    answers = verdicts(only_daily, COMPOSE, only_daily[-1].at)
    assert not {"d7", "d14", "d21"} & kept(answers)


def test_on_demand_backups_do_not_end_a_tier() -> None:
    """Schedules that are switched off leave their last backups, however many people ask for."""
    asked = [Candidate(f"a{n}", LAST + n * 30 * DAYS, ON_DEMAND) for n in range(1, 9)]
    answers = verdicts([*MONTH, *asked], COMPOSE, asked[-1].at)
    assert {f"d{day}" for day in range(23, 30)} <= kept(answers)


def test_what_a_rule_keeps_for_less_than_a_freeze_lasts_is_kept_until_its_end() -> None:
    """Of two ends the later one is told, with what brings it; a freeze that ends sooner is not worth a word."""
    listed = daily(8)
    now = listed[-1].at
    for days, until in ((1, listed[2].at + 7 * DAYS), (10, now + 10 * DAYS)):
        verdict = verdicts(listed, COMPOSE, now, freeze=freeze(now + days * DAYS))["d2"]
        assert (verdict.kept_until, verdict.locked_by) == (until, ())
        assert (Lock.FREEZE in {reason.by for reason in verdict.reasons}) is (days == 10)
