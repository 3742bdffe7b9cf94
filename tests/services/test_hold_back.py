"""Where most of a source would be let go at once, nothing goes before a person says yes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import NotAllowed, Stale, UnknownName
from core.model.backup import BackupState, Tier
from core.model.notice import Notice, NoticeKind
from core.model.person import SYSTEM
from core.model.policy import Policy
from core.model.span import Span, Unit
from core.services.expire import Expire
from core.services.hold_back import HoldBack
from core.services.telling import Going
from tests.support.timed import DAY, HOUR, KEEPER, MIDNIGHT, UNPROVEN, Timed
from tests.support.world import ANNA, BEN, World

TAKEN = 22
WIDE = '\n[policies.wide]\nwithin = "60d"'


@pytest.fixture
def timed(make_world: Callable[..., World]) -> Timed:
    """Give a backup a day for three weeks, all of which the policy keeps."""
    timed = Timed(make_world(source=f'{UNPROVEN}\npolicy = "wide"', access=KEEPER + WIDE))
    for day in range(TAKEN):
        # A minute later each day, so that days are clearly longer than a day.
        timed.take(MIDNIGHT + day * DAY + day * HOUR / 60)
    timed.set(MIDNIGHT + TAKEN * DAY)
    return timed


def with_policy(timed: Timed, days: int) -> Expire:
    """Return what lets go by another policy, as a restart with a changed configuration makes it."""
    policy = Policy("wide", within=Span(days, Unit.DAY))
    return Expire(
        timed.core.catalog, timed.core.adapters, replace(timed.core.time.retention, policies={"wide": policy})
    )


def expired(timed: Timed) -> int:
    """Return how many were let go."""
    return sum(b.state is BackupState.EXPIRED for b in timed.core.catalog.retained.stored("orders"))


def told(timed: Timed) -> list[Notice]:
    """Return every notice of something held back."""
    return [one for one in timed.core.catalog.notices.changed_since(0) if one.kind is NoticeKind.HELD_BACK]


def shown(timed: Timed) -> str:
    """Return which set is held back."""
    return str(HoldBack(timed.core.catalog).waiting("orders")["set"])


def outcomes(timed: Timed) -> list[tuple[str, str, str]]:
    """Return what the audit record says of the source itself: who, what, how it went."""
    entries = timed.core.catalog.audit.entries(limit=1000)
    return [(one.person.id, one.act, one.outcome) for one in entries if one.subject == "orders"]


def test_most_of_a_source_at_once_waits_for_a_person(timed: Timed) -> None:
    """A policy that was cut to three days lets nothing go; that is told once, however often it is looked at."""
    expire = with_policy(timed, 3)
    for _ in range(2):
        expire()
        assert expire.source("orders") == 0
    with_policy(timed, 3)()
    assert expired(timed) == 0
    [notice] = told(timed)
    assert notice.about == "orders"
    assert dict(notice.fields) == {
        "count": 19,
        "of": 22,
        "why": "The reasons: no rule of the policy wide keeps it (19).",
        "set": shown(timed),
        "changed": False,
    }
    assert outcomes(timed) == [(SYSTEM.id, "expire", "held back")]


def test_a_yes_lets_them_go_once(timed: Timed) -> None:
    """After it all of them are let go by the next pass, and the next such case needs another yes."""
    expire = with_policy(timed, 3)
    for _ in range(2):
        # From the second pass on nothing has changed but for the yes.
        expire()
    until = timed.allow()
    assert timedelta(0) <= timed.world.clock.now() + DAY - until < timedelta(minutes=1)
    expire()
    assert expired(timed) == 19
    assert outcomes(timed) == [(SYSTEM.id, "expire", "held back"), (ANNA.id, "allow-expiry", "allowed")]
    with pytest.raises(Stale):
        timed.allow()
    with_policy(timed, 60)()
    assert expired(timed) == 0
    with_policy(timed, 3)()
    assert expired(timed) == 0
    assert len(told(timed)) == 2


def test_a_yes_is_a_right_and_ends_after_a_day(timed: Timed) -> None:
    """Who may not change what is kept is refused, so is a yes to nothing; one that came to nothing is void later."""
    expire = with_policy(timed, 3)
    with pytest.raises(Stale):
        timed.allow()
    expire()
    with pytest.raises(NotAllowed):
        timed.allow(BEN)
    with pytest.raises(UnknownName):
        timed.core.time.allow_expiry("order", ANNA, "")
    timed.allow()
    for hours in (24.1, -24):
        timed.set(timed.world.clock.now() + hours * HOUR)
        with_policy(timed, 3)()
        assert expired(timed) == 0, "too late, or said by a clock that was ahead"
        ahead = (timed.world.clock.now() + 25 * HOUR).isoformat()
        timed.core.catalog.marks.put("expiry allowed orders", f"{ahead} {shown(timed)}")
    assert len(told(timed)) == 1


@pytest.mark.parametrize(("days", "going"), [(12, 10), (11, 11)])
def test_a_part_of_a_source_goes_as_always(timed: Timed, days: int, going: int) -> None:
    """No more than half of all need no yes, also where the policy was changed."""
    with_policy(timed, 60)()
    with_policy(timed, days)()
    assert expired(timed) == going
    assert told(timed) == []


def test_most_of_a_small_source_waits_where_the_policy_was_changed(make_world: Callable[..., World]) -> None:
    """Six of eight wait for a yes when another policy lets them go, also after a freeze that hid it; one is enough."""
    timed = Timed(make_world(source=f'{UNPROVEN}\npolicy = "wide"', access=KEEPER + WIDE))
    for day in range(8):
        timed.take(MIDNIGHT + day * DAY + day * HOUR / 60)
    with_policy(timed, 60)()
    timed.core.time.freeze_retention(ANNA, timed.world.clock.now() + DAY, "look")
    with_policy(timed, 2)()
    timed.core.time.thaw_retention(ANNA)
    with_policy(timed, 2)()
    assert expired(timed) == 0
    [notice] = told(timed)
    assert (notice.fields["count"], notice.fields["of"]) == (6, 8)
    assert str(notice.fields["why"]).startswith("The policy is another than it was. The reasons: ")
    timed.allow()
    with_policy(timed, 2)()
    assert expired(timed) == 6
    assert not HoldBack(timed.core.catalog).changed("orders", Policy("wide", within=Span(2, Unit.DAY)))


def test_a_few_that_go_together_in_normal_life_need_no_yes(make_world: Callable[..., World]) -> None:
    """Backups on demand that were taken while nobody looked go as one, by the policy that there always was."""
    timed = Timed(make_world(source=UNPROVEN, access=KEEPER))
    timed.core.time.expire()
    for minute in range(8):
        timed.take(MIDNIGHT + minute * HOUR / 60, frozenset({Tier.ON_DEMAND}))
    timed.core.time.expire()
    assert (expired(timed), told(timed)) == (7, [])


def test_what_is_over_is_told_again_when_it_comes_back(timed: Timed) -> None:
    """When the policy is put right nothing is held back any more, and cutting it once more is told once more."""
    with_policy(timed, 3)()
    with_policy(timed, 60)()
    with pytest.raises(Stale):
        timed.allow()
    with_policy(timed, 3)()
    assert len(told(timed)) == 2


def test_a_yes_is_to_what_was_shown(timed: Timed) -> None:
    """Where others have joined since the look a yes is refused; what is shown then is what a yes lets go."""
    with_policy(timed, 3)()
    seen = shown(timed)
    timed.take(MIDNIGHT + (TAKEN + 1) * DAY)
    with_policy(timed, 3)()
    with pytest.raises(Stale, match="has changed since you looked"):
        timed.core.time.allow_expiry("orders", ANNA, seen)
    with_policy(timed, 3)()
    assert expired(timed) == 0
    timed.allow()
    with_policy(timed, 3)()
    assert (expired(timed), len(told(timed))) == (20, 1)


def test_a_yes_is_void_where_others_join_before_it_is_acted_on(timed: Timed) -> None:
    """What was said yes to and has changed since stays, that is told, and the new one needs its own yes."""
    with_policy(timed, 3)()
    timed.allow()
    timed.take(MIDNIGHT + TAKEN * DAY + 12 * HOUR)
    for _ in range(2):
        with_policy(timed, 3)()
    assert expired(timed) == 0
    assert [(one.fields["changed"], one.fields["count"]) for one in told(timed)] == [(False, 19), (True, 20)]
    timed.allow()
    with_policy(timed, 3)()
    assert expired(timed) == 20


def test_what_is_held_back_is_not_foretold_to_go(timed: Timed) -> None:
    """The preview says of it, and of all that would go after it, that it waits; neither digest nor post names it."""
    month = timed.world.clock.now() + 30 * DAY
    policy = Policy("wide", within=Span(3, Unit.DAY))
    retention = replace(timed.core.time.retention, policies={"wide": policy})
    # Before anything has looked, as who changes a policy does.
    assert {one.held_back for one in retention.leaving("orders", month)} == {True}
    assert Going(retention).count(month) == 0
    with_policy(timed, 3)()
    timed.allow()
    assert {one.held_back for one in retention.leaving("orders", month)} == {False}
    with_policy(timed, 3)()
    assert {one.held_back for one in retention.leaving("orders", month)} == {False}
    assert Going(retention).count(month) == len(retention.leaving("orders", month)) > 19


def test_what_a_freeze_will_have_piled_up_is_foretold_to_wait(timed: Timed) -> None:
    """Where so much will go with the end of a freeze that it needs a yes, the preview says so now."""
    retention = replace(timed.core.time.retention, policies={"wide": Policy("wide", within=Span(25, Unit.DAY))})
    timed.core.time.freeze_retention(ANNA, timed.world.clock.now() + 40 * DAY, "look")
    leaving = retention.leaving("orders", timed.world.clock.now() + 45 * DAY)
    assert {one.held_back for one in leaving} == {True}


def test_a_change_of_the_policy_is_one_until_all_could_be_judged(make_world: Callable[..., World]) -> None:
    """While the vault is not configured nothing goes, and that is no yes to what goes when it is back."""
    timed = Timed(make_world(source=f'{UNPROVEN}\npolicy = "wide"', access=KEEPER + WIDE))
    for day in range(8):
        timed.take(MIDNIGHT + day * DAY + day * HOUR / 60)
    with_policy(timed, 60)()
    vaults = timed.core.adapters.vaults
    away = vaults.pop("local")
    with_policy(timed, 2)()
    vaults["local"] = away
    with_policy(timed, 2)()
    assert expired(timed) == 0
    assert len(told(timed)) == 1
