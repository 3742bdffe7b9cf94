"""What holds of retention for any backups, any policy and any clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.model.backup import Tier
from core.model.expiry import LATE, foreseen, preview, scheduled
from core.model.policy import COMPOSE, Policy
from core.model.retention import verdicts
from core.model.schedule import DEFAULT, Cron, Schedule, occurrences
from core.model.span import Span, Unit
from core.model.verdict import Candidate, Lock
from tests.support.retained import START, freeze, hold, kept, lost

MOMENTS = st.integers(-400 * 24, 30 * 24).map(lambda hours: START + timedelta(hours=hours))
NOWS = st.integers(-100 * 24, 60 * 24).map(lambda hours: START + timedelta(hours=hours))
SPANS = st.builds(Span, st.integers(1, 40), st.sampled_from(Unit))
COUNTS = st.integers(0, 5)
KINDS = st.sampled_from([(True, False, True)] * 5 + [(False, False, True), (False, False, False), (False, True, False)])

NUMBERS = st.integers(1, 300).map(lambda last: Policy("numbers", last=last))
FREQUENT = [
    Schedule(crons=(Cron("0 * * * *"), Cron("20 */2 * * *", frozenset({Tier.WEEKLY})))),
    Schedule(daily=False, weekly=None, monthly=None, crons=(Cron("*/5 * * * *"),)),
]


@st.composite
def candidate_lists(draw: st.DrawFn) -> list[Candidate]:
    """Return some backups of one source, some at the same moment."""
    made = []
    for number, at in enumerate(draw(st.lists(MOMENTS, max_size=30))):
        good, open_, stored = draw(KINDS)
        made.append(
            Candidate(
                f"b{number}",
                at,
                draw(st.frozensets(st.sampled_from(Tier), max_size=3)),
                good,
                open_,
                stored,
                hold=draw(st.sampled_from([None] * 6 + [hold(), hold(START)])),
                busy=draw(st.sampled_from([""] * 8 + ["being downloaded"])),
                proven=draw(st.booleans()),
            )
        )
    return made


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Return the default policy, or any other that keeps something."""
    if draw(st.booleans()):
        return COMPOSE
    last, on_demand = draw(COUNTS), draw(COUNTS)
    within = draw(st.none() | SPANS)
    newest_of = draw(
        st.lists(st.tuples(st.sampled_from(Unit), st.integers(1, 5)), max_size=3, unique_by=lambda p: p[0])
    )
    spans = draw(st.lists(st.tuples(st.sampled_from(Tier), SPANS), max_size=4, unique_by=lambda p: p[0]))
    assume(last or on_demand or within or newest_of or spans)
    zone = ZoneInfo(draw(st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"])))
    return Policy("any", last, within, tuple(newest_of), tuple(spans), on_demand, draw(st.integers(1, 4)), zone)


@given(candidate_lists(), policies(), NOWS, st.randoms(use_true_random=False))
def test_every_backup_gets_an_answer_whatever_the_order(
    listed: list[Candidate], policy: Policy, now: datetime, random: Random
) -> None:
    """There is one verdict for each, with reasons, newest first, and the order of the question is no matter."""
    answers = verdicts(listed, policy, now)
    shuffled = list(listed)
    random.shuffle(shuffled)
    assert list(verdicts(shuffled, policy, now).items()) == list(answers.items())
    assert list(answers) == [one.id for one in sorted(listed, key=lambda one: (one.at, one.id), reverse=True)]
    for verdict in answers.values():
        assert verdict.reasons
        assert all(reason.says for reason in verdict.reasons)
        assert verdict.keep or (verdict.kept_until is None and not verdict.locked_by)
        assert verdict.kept_until is None or verdict.kept_until > now


@given(candidate_lists(), policies(), NOWS)
def test_the_last_good_ones_never_go(listed: list[Candidate], policy: Policy, now: datetime) -> None:
    """What goes has as many newer good backups, dated up to now and staying, as the floor says."""
    answers = verdicts(listed, policy, now)
    staying = [one for one in listed if one.good and not one.open and one.at <= now and answers[one.id].keep]
    for one in listed:
        if not answers[one.id].keep:
            newer = [other for other in staying if (other.at, other.id) > (one.at, one.id)]
            assert len(newer) >= (policy.floor if one.good else 1)


@given(candidate_lists(), policies(), NOWS)
def test_the_newest_proven_one_never_goes(listed: list[Candidate], policy: Policy, now: datetime) -> None:
    """Of the good ones dated up to now the newest that is proven stays, and costs one backup more at most."""
    answers = verdicts(listed, policy, now)
    proven = [one for one in listed if one.counts and one.proven and one.at <= now]
    newest = max(proven, key=lambda one: (one.at, one.id), default=None)
    assert newest is None or answers[newest.id].keep
    without = verdicts([replace(one, proven=False) for one in listed], policy, now)
    assert kept(answers) - kept(without) <= ({newest.id} if newest else set())


@given(candidate_lists(), policies(), NOWS)
def test_what_is_held_busy_open_or_dated_ahead_never_goes(
    listed: list[Candidate], policy: Policy, now: datetime
) -> None:
    """Nothing that a person wants or that something works on goes, nor what the clock knows nothing about."""
    gone = lost(verdicts(listed, policy, now))
    for one in listed:
        if one.open or one.busy or one.at > now or (one.hold and one.hold.holds(now)):
            assert one.id not in gone


@given(candidate_lists(), policies(), NOWS)
def test_nothing_goes_while_retention_is_frozen(listed: list[Candidate], policy: Policy, now: datetime) -> None:
    """An incident freeze keeps all, whatever the policy says."""
    assert not lost(verdicts(listed, policy, now, freeze=freeze(now + timedelta(seconds=1))))


@given(candidate_lists(), policies(), NOWS, st.integers(1, 5000))
def test_time_alone_never_brings_anything_back(
    listed: list[Candidate], policy: Policy, now: datetime, hours: int
) -> None:
    """What goes now goes later, too, but where a tier is taken up again; no more where no good one is dated between."""
    later = now + timedelta(hours=hours)
    before, after = verdicts(listed, policy, now), verdicts(listed, policy, later)
    assert all(after[name].locked_by == (Lock.SUCCESSORS,) for name in lost(before) - lost(after))
    if not any(one.good and now < one.at <= later for one in listed):
        assert lost(before) == lost(after)


@given(candidate_lists(), policies(), NOWS, st.frozensets(st.sampled_from(Tier), max_size=3))
def test_a_newer_good_backup_never_brings_anything_back(
    listed: list[Candidate], policy: Policy, now: datetime, tiers: frozenset[Tier]
) -> None:
    """A new backup may let others go; what went before it stays gone, but where a tier is taken up again."""
    gone = lost(verdicts(listed, policy, now))
    answers = verdicts([*listed, Candidate("new", now, tiers)], policy, now)
    assert all(answers[name].locked_by == (Lock.SUCCESSORS,) for name in gone - lost(answers))


@given(candidate_lists(), policies(), NOWS)
def test_what_went_is_not_missed(listed: list[Candidate], policy: Policy, now: datetime) -> None:
    """Once the bytes of what goes are gone, the verdicts on the rest are the same: a second look takes nothing more."""
    answers = verdicts(listed, policy, now)
    rest = [one for one in listed if answers[one.id].keep]
    assert kept(verdicts(rest, policy, now)) == {one.id for one in rest}


@given(candidate_lists(), policies(), NOWS, st.data())
def test_damage_lets_no_good_one_go(
    listed: list[Candidate], policy: Policy, now: datetime, data: st.DataObject
) -> None:
    """When a backup turns out to be damaged, no other good one goes for it."""
    assume(listed)
    hurt = data.draw(st.sampled_from(listed))
    after = [replace(one, good=False) if one is hurt else one for one in listed]
    good = {one.id for one in after if one.good}
    assert lost(verdicts(after, policy, now)) & good <= lost(verdicts(listed, policy, now))


@settings(max_examples=40, deadline=None)
@given(candidate_lists(), policies() | NUMBERS, NOWS, st.integers(0, 500), st.sampled_from([DEFAULT] * 4 + FREQUENT))
def test_a_preview_keeps_its_word(
    listed: list[Candidate], policy: Policy, now: datetime, frozen_hours: int, schedule: Schedule
) -> None:
    """As far as a preview sees, each backup that is due, and the end of a freeze, let go what it said, and then."""
    listed = [replace(one, busy="") for one in listed]
    placed, until = freeze(now + timedelta(hours=frozen_hours)), now + timedelta(days=20)
    expected = scheduled(schedule, "orders", now, until)
    seen = foreseen(expected, until)
    going = preview(listed, policy, now, expected, placed)
    promised = {(one.at, one.id) for one in going if one.at <= seen}
    happened, rest = set(), list(listed)
    looks: list[tuple[datetime, list[Candidate]]] = [(now, []), (min(placed.until, seen), [])]
    dues = occurrences(schedule, "orders", now, seen - LATE)
    taken = [Candidate(f"new-{n}", due.at + LATE, due.tiers) for n, due in enumerate(dues)]
    for moment, new in sorted([*looks, *((one.at, [one]) for one in taken)], key=lambda look: look[0]):
        rest += new
        in_force = placed if placed.holds(moment) else None
        gone = lost(verdicts(rest, policy, moment, freeze=in_force))
        happened |= {(moment, name) for name in gone if name.startswith("b")}
        rest = [one for one in rest if one.id not in gone]
    assert promised == happened


@given(SPANS, st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)), st.integers(0, 10**7))  # noqa: DTZ001 - st wants naive ones
def test_spans_keep_their_order(span: Span, moment: datetime, seconds: int) -> None:
    """What begins later never ends earlier."""
    begin = moment.replace(tzinfo=UTC)
    assert span.after(begin) <= span.after(begin + timedelta(seconds=seconds))
