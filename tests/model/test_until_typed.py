"""Until when, as people type it."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UsageError
from core.model.until_typed import parse_until, require_to_come
from core.model.wall_time import moment_of

NOW = datetime(2026, 11, 27, 12, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def until(text: str) -> datetime:
    """Return what somebody in Berlin means."""
    return parse_until(text, NOW, lambda wall: moment_of(BERLIN, wall))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2027-02-01", datetime(2027, 2, 1, 22, 59, tzinfo=UTC)),
        ("2027-07-01", datetime(2027, 7, 1, 21, 59, tzinfo=UTC)),
        (" 2027-02-01 14:00 ", datetime(2027, 2, 1, 13, tzinfo=UTC)),
        ("2027-02-01T14:00", datetime(2027, 2, 1, 13, tzinfo=UTC)),
        ("2027-02-01T14:00+00:00", datetime(2027, 2, 1, 14, tzinfo=UTC)),
        ("36h", NOW + timedelta(hours=36)),
        ("30d", NOW + timedelta(days=30)),
        ("4 W", NOW + timedelta(weeks=4)),
        ("3mo", datetime(2027, 2, 27, 12, 30, tzinfo=UTC)),
        ("1y", datetime(2027, 11, 27, 12, 30, tzinfo=UTC)),
    ],
)
def test_days_times_and_spans_are_understood(text: str, meant: datetime) -> None:
    """A day means to its end, a time is that of the one who typed it, a span begins now."""
    assert until(text) == meant


@pytest.mark.parametrize("text", ["", "soon", "2027-02-30", "2027-2-1", "3 months", "-1d", "999999y", "101y"])
def test_anything_else_is_refused_with_examples(text: str) -> None:
    """What is no time, or is further away than a hundred years, is answered with how to write one."""
    with pytest.raises(UsageError) as refused:
        until(text)
    assert "2027-02-01" in refused.value.hint


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2027-02-30", "There is no 2027-02-30."),
        ("2027-13-01 10:00", "There is no 2027-13-01."),
        ("2027-02-01 25:00", '"2027-02-01 25:00" is no time.'),
    ],
)
def test_day_that_no_calendar_has_is_called_that(text: str, says: str) -> None:
    """Not a time that is written wrong."""
    with pytest.raises(UsageError) as refused:
        until(text)
    assert refused.value.message == says


@pytest.mark.parametrize(("text", "what"), [("3m", "minutes"), ("5 M", "minutes"), ("90s", "seconds")])
def test_minutes_are_refused_with_what_is_written_for_months(text: str, what: str) -> None:
    """Who writes 3m for three months is not held for three minutes, but told how months and hours are written."""
    with pytest.raises(UsageError) as refused:
        until(text)
    assert what in refused.value.message
    assert refused.value.hint == "Write 3mo for three months, 3h for three hours."


def test_a_day_that_ends_in_less_than_an_hour_is_refused() -> None:
    """Late in the evening the date of today is no end that anybody means; with its time it is, and so is tomorrow."""
    late = datetime(2026, 11, 27, 22, 30, tzinfo=UTC)

    def typed(text: str) -> datetime:
        return parse_until(text, late, lambda wall: moment_of(BERLIN, wall))

    with pytest.raises(UsageError, match=r"2026-11-27 ends in 29 min\."):
        typed("2026-11-27")
    assert typed("2026-11-27 23:59") == late + timedelta(minutes=29)
    assert typed("2026-11-28") == late + timedelta(days=1, minutes=29)


def test_what_is_past_is_said_in_the_zone_in_which_it_was_read() -> None:
    """Where the day named is over there and not here, the refusal says which day it is there, and the example fits."""
    now = datetime(2026, 11, 26, 23, 30, tzinfo=UTC)
    with pytest.raises(UsageError) as refused:
        require_to_come(datetime(2026, 11, 26, 23, 59, tzinfo=BERLIN), now, days=7)
    assert refused.value.message == "2026-11-26 23:59 Europe/Berlin is past."
    assert refused.value.hint == "Name a time to come, such as 2026-12-04: there it is 2026-11-27 00:30 now."
    require_to_come(datetime(2026, 11, 27, 0, 31, tzinfo=BERLIN), now, days=7)


@given(st.text(max_size=30))
def test_nothing_that_is_typed_breaks_it(text: str) -> None:
    """Whatever is typed is a moment with a zone, or a usage error."""
    with suppress(UsageError):
        assert until(text).tzinfo is not None
