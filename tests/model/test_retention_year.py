"""400 days of the default policy end with the list that was computed by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from core.model.policy import COMPOSE
from core.model.retention import verdicts
from core.model.verdict import Candidate
from tests.support.retained import on_demand, table, tiers_of

FIRST = datetime(2025, 1, 1, 3, tzinfo=UTC)

# The last day, the 400th, is Wednesday 4 February 2026. By hand, from the rules and a calendar:
# daily, 7 days: 29 January to 4 February. Weekly, 4 weeks: the Sundays after 7 January. Monthly, 3 months: the firsts
# after 4 November. On-demand, asked for at noon of every tenth day: the one of day 390, 26 January.
BY_HAND = """\
2026-02-04 03:00 | 399 | daily | kept | 2026-02-11 03:00 | newest of the day (7 days)
2026-02-03 03:00 | 398 | daily | kept | 2026-02-10 03:00 | newest of the day (7 days)
2026-02-02 03:00 | 397 | daily | kept | 2026-02-09 03:00 | newest of the day (7 days)
2026-02-01 03:00 | 396 | daily, monthly, weekly | kept | 2026-05-01 03:00 | newest of the day (7 days), \
newest of the week (4 weeks), newest of the month (3 months)
2026-01-31 03:00 | 395 | daily | kept | 2026-02-07 03:00 | newest of the day (7 days)
2026-01-30 03:00 | 394 | daily | kept | 2026-02-06 03:00 | newest of the day (7 days)
2026-01-29 03:00 | 393 | daily | kept | 2026-02-05 03:00 | newest of the day (7 days)
2026-01-26 12:00 | asked-390 | on-demand | kept | - | the most recent on-demand one
2026-01-25 03:00 | 389 | daily, weekly | kept | 2026-02-22 03:00 | newest of the week (4 weeks)
2026-01-18 03:00 | 382 | daily, weekly | kept | 2026-02-15 03:00 | newest of the week (4 weeks)
2026-01-11 03:00 | 375 | daily, weekly | kept | 2026-02-08 03:00 | newest of the week (4 weeks)
2026-01-01 03:00 | 365 | daily, monthly | kept | 2026-04-01 03:00 | newest of the month (3 months)
2025-12-01 03:00 | 334 | daily, monthly | kept | 2026-03-01 03:00 | newest of the month (3 months)
"""


def test_four_hundred_days_leave_the_list_computed_by_hand() -> None:
    """Each day's backup is taken, what goes is gone for good, and the last list is exactly the one by hand."""
    listed: list[Candidate] = []
    for day in range(400):
        taken = [Candidate(str(day), at := FIRST + timedelta(days=day), tiers_of(at))]
        if day % 10 == 0:
            taken.append(on_demand(f"asked-{day}", at + timedelta(hours=9)))
        for backup in taken:
            listed.append(backup)
            answers = verdicts(listed, COMPOSE, backup.at + timedelta(minutes=5))
            listed = [candidate for candidate in listed if answers[candidate.id].keep]
    assert table(listed, verdicts(listed, COMPOSE, listed[-1].at + timedelta(hours=1))) == BY_HAND


def test_a_year_of_failures_ages_nothing() -> None:
    """When every run fails for a year, what was good on the last good day is still there."""
    good = [Candidate(str(day), at := FIRST + timedelta(days=day), tiers_of(at)) for day in range(30)]
    before = verdicts(good, COMPOSE, good[-1].at)
    failed = [
        replace(one, id=f"f{one.id}", at=one.at + timedelta(days=day), good=False, stored=False)
        for day in range(1, 365)
        for one in good[-1:]
    ]
    after = verdicts([*good, *failed], COMPOSE, good[-1].at + timedelta(days=365))
    assert {name for name in before if before[name].keep} == {one.id for one in good if after[one.id].keep}
