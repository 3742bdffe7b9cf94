"""Values become the words that people read."""

import time
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import words
from core.model.progress import Step, Unit

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the reader into Berlin."""
    with monkeypatch.context() as place:
        place.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (312, "312 bytes"), (156_900, "156.9 kB"), (28_900_000, "28.9 MB"), (1_200_000_000, "1.2 GB")],
)
def test_sizes_are_in_the_largest_unit(count: int, text: str) -> None:
    """A size is read as in Slack."""
    assert words.size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (41, "41 s"),
        (60, "1 min"),
        (95, "1 min 35 s"),
        (7800, "2 h 10 min"),
        (86_400, "24 h"),
        (277_200, "3 d 5 h"),
    ],
)
def test_spans_of_time_have_two_units_at_most(seconds: float, text: str) -> None:
    """A span is as exact as a person needs it."""
    assert words.duration(seconds) == text


@pytest.mark.usefixtures("berlin")
def test_times_are_in_the_readers_zone_with_its_offset() -> None:
    """A time says which zone it is in, in winter and in summer."""
    assert words.moment(NOON) == "2026-11-23 13:00 +01:00"
    assert words.moment(datetime(2026, 7, 1, 12, tzinfo=UTC)) == "2026-07-01 14:00 +02:00"
    assert words.moment(None) == "-"


def test_ages_and_rests() -> None:
    """What was is ago, what will be is left, what has passed is over."""
    assert words.ago(NOON - timedelta(seconds=7800), NOON) == "2 h 10 min ago"
    assert words.left(NOON + timedelta(seconds=90), NOON) == "1 min 30 s left"
    assert words.left(NOON, NOON) == "over"


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (None, "starting"),
        (Step("capturing"), "capturing"),
        (Step("storing", 12_100_000, 28_900_000), "storing, 12.1 of 28.9 MB"),
        (Step("storing", 50_000, 28_900_000), "storing, 50.0 kB of 28.9 MB"),
        (Step("rebuilding indexes", 2, 5, Unit.ITEMS), "rebuilding indexes, 2 of 5"),
    ],
)
def test_a_step_says_how_far_it_is(step: Step | None, text: str) -> None:
    """Progress is a word and, where it is known, how much of how much."""
    assert words.step(step) == text


def test_counts_are_summed_and_named() -> None:
    """Totals first, the biggest labels after them; one of a kind is in the singular."""
    graph = {"vertices": {"god": 3, "titan": 1}, "edges": {"father": 1}}
    assert words.counts(graph) == "4 vertices, 1 edge"
    assert words.counts_by_label(graph) == "4 vertices (god 3, titan 1), 1 edge (father 1)"
    assert words.counts({"tables": {"album": 347, "artist": 0}}) == "347 rows in 2 tables"
    many = {"vertices": {f"label{n}": n for n in range(20)}}
    assert words.counts_by_label(many, most=1) == "190 vertices (label19 19, ...)"


@pytest.mark.parametrize(
    ("entry", "name", "said"),
    [
        ("S0ZSTRTK4WC", "", "the Slack user group S0ZSTRTK4WC"),
        ("U0ARNE", "", "the Slack user U0ARNE"),
        ("U0ARNE", "arne", "arne in Slack (U0ARNE)"),
        ("os:anna", "anna", "the login anna"),
        ("everyone", "", "everyone"),
    ],
)
def test_who_has_a_right_is_said_in_words(entry: str, name: str, said: str) -> None:
    """Ids of Slack are said to be such, and a known person by name, with the id by which rights are given."""
    assert words.holder(entry, name) == said


@given(st.text())
def test_nothing_steers_the_terminal(text: str) -> None:
    """Whatever a note or an error holds, no control character gets through."""
    steering = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert not steering & {unicodedata.category(c) for c in words.clean(text) if c not in "\n\t"}
    assert "\x1b" not in words.clean(f"{text}\x1b[2J")
