"""Retention's rules: what each keeps, in which words, and until when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core.model.backup import Backup, BackupState, Failure, Proof, Tier
from core.model.expiry import LATE, MOST_RUNS, foreseen, preview, scheduled
from core.model.policy import COMPOSE, Policy
from core.model.retention import verdicts
from core.model.schedule import DEFAULT, Cron, Schedule, occurrences
from core.model.span import Span, Unit
from core.model.use import Use
from core.model.verdict import Candidate, Lock, Rule, candidate_of
from tests.support.retained import ANNA, DAILY, DAYS, START, daily, freeze, hold, kept, lost, on_demand, table

HOUR = timedelta(hours=1)
GOLDEN = Path(__file__).parent / "golden"
CALENDAR = Policy(
    "calendar",
    last=2,
    newest_of=((Unit.HOUR, 2), (Unit.DAY, 3), (Unit.WEEK, 2), (Unit.MONTH, 2), (Unit.YEAR, 2)),
    on_demand=2,
    floor=2,
    zone=ZoneInfo("Europe/Berlin"),
)
RECENT = Policy("recent", within=Span(36, Unit.HOUR), spans=((Tier.ON_DEMAND, Span(1, Unit.MONTH)),), last=1)


def mixed() -> list[Candidate]:
    """Return 70 days with everything that can happen among them."""
    listed = daily(70)
    last = listed[-1].at
    listed[5] = replace(listed[5], hold=hold())
    listed[6] = replace(listed[6], hold=hold(last - DAYS))
    listed[9] = replace(listed[9], busy="being downloaded")
    listed[20] = replace(listed[20], good=False)
    listed[40] = replace(listed[40], good=False, stored=False)
    listed[65] = replace(listed[65], good=False)
    listed[67] = replace(listed[67], good=False, stored=False)
    listed[68] = replace(listed[68], hold=hold(last + 300 * DAYS, ""))
    return [
        *listed,
        on_demand("asked-1", last - 40 * DAYS),
        on_demand("asked-2", last - timedelta(days=6, hours=8)),
        on_demand("asked-3", last - timedelta(days=1, hours=4)),
        replace(on_demand("asked-4", last + timedelta(hours=1)), good=False),
        Candidate("twice", last - timedelta(hours=2), listed[-1].tiers),
        Candidate("running", last + timedelta(hours=2), listed[-1].tiers, good=False, open=True, stored=False),
        Candidate("ahead", last + DAYS, listed[-1].tiers),
    ]


@pytest.mark.parametrize("policy", [COMPOSE, CALENDAR, RECENT], ids=lambda policy: str(policy.name))
def test_the_list_is_the_one_that_was_looked_at(policy: Policy) -> None:
    """Verdicts, dates and words of a busy list equal the table in golden/, which a person has read."""
    listed = mixed()
    shown = table(listed, verdicts(listed, policy, START + timedelta(days=69, hours=3)))
    assert shown == (GOLDEN / f"retention-{policy.name}.txt").read_text("utf-8")


def test_a_daily_backup_goes_with_the_first_good_one_seven_days_later() -> None:
    """Seven days to the second; then the next good backup lets it go, and no clock does."""
    week = daily(7)
    assert not lost(verdicts(week, COMPOSE, START + 400 * DAYS))
    early = Candidate("early", START + 7 * DAYS - timedelta(seconds=1), week[1].tiers)
    assert "d0" not in lost(verdicts([*week, early], COMPOSE, early.at))
    # d0 is weekly and monthly, too.
    second = daily(9)
    assert lost(verdicts(second, COMPOSE, second[-1].at)) == {"d1"}


@pytest.mark.parametrize(
    ("state", "failed", "expected"),
    [
        (BackupState.PENDING, False, "open"),
        (BackupState.RUNNING, False, "open"),
        (BackupState.GOOD, False, "good stored"),
        (BackupState.FAILED, True, ""),
        (BackupState.INTERRUPTED, True, ""),
        (BackupState.CANCELLED, True, ""),
        (BackupState.DAMAGED, True, "stored"),
        (BackupState.EXPIRED, False, "good stored"),
        (BackupState.EXPIRED, True, "stored"),
        (BackupState.PRUNING, False, "stored"),
        (BackupState.PRUNED, False, ""),
    ],
)
def test_a_record_becomes_a_candidate(state: BackupState, failed: bool, expected: str) -> None:  # noqa: FBT001 - a table
    """Only what is verified counts as good; an expired one may be kept after all unless it was damaged."""
    backup = Backup(
        id="b",
        source="gods",
        engine="sqlite",
        vault="local",
        tiers=frozenset({Tier.DAILY}),
        state=state,
        proof=Proof.VERIFIED,
        requested_by=ANNA,
        note="",
        requested_at=START,
        started_at=START + DAYS,
        size=7,
        hold=hold(),
        failure=Failure("x", "x", "x", "x") if failed else None,
    )
    found = candidate_of(backup, Use("being verified"))
    assert found == Candidate(
        "b",
        START + DAYS,
        backup.tiers,
        "good" in expected,
        "open" in expected,
        "stored" in expected,
        7,
        hold(),
        "being verified",
        proven=False,
    )
    assert candidate_of(replace(backup, proof=Proof.PROVEN)).proven


@pytest.mark.parametrize(
    ("count", "unit", "begin", "end", "words"),
    [
        (36, Unit.HOUR, "2026-03-01T03:00", "2026-03-02T15:00", "36 hours"),
        (7, Unit.DAY, "2026-03-26T03:00", "2026-04-02T03:00", "7 days"),
        (1, Unit.WEEK, "2026-12-28T03:00", "2027-01-04T03:00", "1 week"),
        (3, Unit.MONTH, "2026-11-15T03:00", "2027-02-15T03:00", "3 months"),
        (3, Unit.MONTH, "2026-11-30T03:00", "2027-03-01T00:00", "3 months"),
        (12, Unit.MONTH, "2026-12-31T03:00", "2027-12-31T03:00", "12 months"),
        (1, Unit.YEAR, "2028-02-29T03:00", "2029-03-01T00:00", "1 year"),
    ],
)
def test_a_span_ends_where_people_expect(count: int, unit: Unit, begin: str, end: str, words: str) -> None:
    """Months and years follow the calendar, and a day that the month lacks makes the span longer, not shorter."""
    span = Span(count, unit)
    assert span.after(datetime.fromisoformat(f"{begin}+00:00")) == datetime.fromisoformat(f"{end}+00:00")
    assert str(span) == words


def test_the_newest_of_the_day_is_that_of_the_zone() -> None:
    """A day begins at midnight where the team is, also when the clocks change: in Berlin 23:30 UTC is tomorrow."""
    policy = Policy("day", newest_of=((Unit.DAY, 2),), zone=ZoneInfo("Europe/Berlin"))
    taken = [
        Candidate(at, datetime.fromisoformat(f"2026-{at}+00:00"))
        for at in ("03-28T22:30", "03-28T23:30", "03-29T21:30", "03-29T22:30")
    ]
    answers = verdicts(taken, policy, taken[-1].at)
    assert kept(answers) == {"03-29T21:30", "03-29T22:30"}
    assert kept(verdicts(taken, replace(policy, zone=UTC), taken[-1].at)) == {"03-28T23:30", "03-29T22:30"}
    # Two days from the beginning of the 30th, in summer time.
    assert answers["03-29T22:30"].kept_until == datetime(2026, 3, 31, 22, tzinfo=UTC)


def test_the_rules_are_told_in_words() -> None:
    """A policy says all it keeps, and its floor."""
    assert COMPOSE.rules == (
        "daily: 7 days",
        "weekly: 4 weeks",
        "monthly: 3 months",
        "the most recent on-demand one",
        "always the newest good one",
    )
    assert CALENDAR.rules[:3] == ("the 2 newest on-demand ones", "the newest 2", "the newest of the hour: 2 hours")
    assert CALENDAR.rules[-1] == "always the 2 newest good ones"
    assert RECENT.rules == (
        "on-demand: 1 month",
        "the newest one",
        "all of the last 36 hours",
        "always the newest good one",
    )


def test_a_policy_that_keeps_nothing_is_refused() -> None:
    """Neither a policy without rules nor one without a floor can be made."""
    with pytest.raises(ValueError, match="at least one rule"):
        Policy("nothing")
    with pytest.raises(ValueError, match="floor is at least 1"):
        Policy("bottomless", last=1, floor=0)


def test_nothing_is_asked_of_nothing() -> None:
    """A source without backups has no verdicts, and nothing of it goes; without a schedule nothing is to come."""
    assert verdicts([], COMPOSE, START) == {}
    assert preview([], COMPOSE, START, []) == []
    off = Schedule(daily=False, weekly=None, monthly=None)
    assert scheduled(off, "orders", START, START + 9 * DAYS) == []


def test_a_date_that_is_past_is_not_shown() -> None:
    """When no backups come, a row says that it waits for a newer one, and promises no date."""
    answer = verdicts(daily(7), COMPOSE, START + 60 * DAYS)["d3"]
    assert answer.kept_until is None
    assert answer.locked_by == (Lock.WINDOW,)
    assert answer.says == "newest of the day (7 days), waits for a newer good backup"
    assert [reason.by for reason in answer.reasons] == [Rule.DAILY, Lock.WINDOW]


def test_a_preview_says_what_goes_and_when() -> None:
    """Each row goes when the preview said, if the backups come that it counted on."""
    listed = [*daily(10), on_demand("asked", START + timedelta(hours=5))]
    now = listed[9].at + timedelta(hours=1)
    seen = preview(listed, COMPOSE, now, scheduled(DEFAULT, "orders", now, START + 40 * DAYS))
    assert [(one.at, one.id) for one in seen if one.at == now] == [(now, "d1"), (now, "d2")]
    assert [(one.at, one.id) for one in seen if one.at != now] == [
        *((START + (day + 7) * DAYS + LATE, f"d{day}") for day in (3, 4, 5, 6, 8, 9)),
        (START + 35 * DAYS + LATE, "d7"),
    ]
    assert seen[0].reasons[0].says == "older than 7 days (daily)"


def test_a_preview_counts_on_the_end_of_freezes_and_downloads() -> None:
    """What is frozen goes when the freeze ends, what a link keeps when that does, what is sent at the next backup."""
    listed = daily(10)
    now = listed[-1].at
    ends = now + timedelta(hours=2)
    listed[1] = replace(listed[1], busy="being downloaded")
    listed[2] = replace(listed[2], busy="a download link is open", busy_until=ends)
    expected = scheduled(DEFAULT, "orders", now, now + 3 * DAYS + LATE)
    assert [one.tiers for one in expected] == [frozenset({Tier.DAILY})] * 3
    free = preview(listed, COMPOSE, now, expected)
    assert [one.id for one in free if one.at == ends] == ["d2"]
    assert [one.id for one in free if one.at == now + DAYS + LATE] == ["d1", "d3"]
    thawed = now + timedelta(days=1, hours=12)
    frozen = preview(listed, COMPOSE, now, expected, freeze(thawed))
    assert [(one.at, one.id) for one in frozen[:3]] == [(thawed, "d1"), (thawed, "d2"), (thawed, "d3")]
    assert {one.at for one in frozen[3:]} == {now + 2 * DAYS + LATE, now + 3 * DAYS + LATE}


def test_a_look_ahead_ends_sooner_where_backups_are_very_frequent() -> None:
    """Each run is expected with its tiers, one by one, up to so many of all rules together: then nothing is said."""
    for crons in (("0 * * * *",), ("0 * * * *", "*/15 * * * *", "30 4 * * 1", "0 0 29 2 *")):
        schedule = Schedule(daily=False, monthly=None, crons=tuple(map(Cron, crons)))
        found, end = scheduled(schedule, "orders", START, START + 35 * DAYS), START + 35 * DAYS
        due = islice(occurrences(schedule, "orders", START), MOST_RUNS)
        assert [(one.at, one.tiers) for one in found] == [(one.at + LATE, one.tiers) for one in due]
        assert foreseen(found, end) == found[-1].at < end
    twice = Schedule(crons=(Cron("0 12 * * *"),))
    assert foreseen(scheduled(twice, "orders", START, START + 100 * DAYS), START + 100 * DAYS) == START + 100 * DAYS


def test_what_is_let_go_by_number_goes_with_its_turn() -> None:
    """Of 200 hourly ones, and 200 to keep, each goes with its own run, the newest after 200; none two at once."""
    hourly = Schedule(daily=False, weekly=None, monthly=None, crons=(Cron("0 * * * *"),))
    listed = [Candidate(f"h{n}", START - n * HOUR, DAILY) for n in range(200)]
    seen = preview(listed, Policy("many", last=200), START, scheduled(hourly, "orders", START, START + 100 * DAYS))
    assert [(one.at, one.id) for one in seen] == [(START + n * HOUR + LATE, f"h{200 - n}") for n in range(1, 201)]
