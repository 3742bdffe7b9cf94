"""What can be typed after /backups."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.parse import USAGE, Request, Verb, duration, parse
from core.errors import UsageError


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", Request(Verb.LIST)),
        ("list", Request(Verb.LIST)),
        (" list  gods ", Request(Verb.LIST, "gods")),
        ("now", Request(Verb.NOW)),
        ("now gods", Request(Verb.NOW, "gods")),
        ("now gods before the migration", Request(Verb.NOW, "gods", "before the migration")),
        ('now gods "before the migration"', Request(Verb.NOW, "gods", "before the migration")),
        ("now “before it”", Request(Verb.NOW, "", "before it")),
        ("Restore b7", Request(Verb.RESTORE, "b7")),
        ("restore `b7`", Request(Verb.RESTORE, "b7")),
        ("deny r-1 use staging", Request(Verb.DENY, "r-1", "use staging")),
        ("extend x 4h", Request(Verb.EXTEND, "x", seconds=14_400)),
        ("extend x", Request(Verb.EXTEND, "x")),
        ("policy", Request(Verb.POLICY)),
        ("why 7f3a", Request(Verb.WHY, "7f3a")),
        ("freeze 7d rows are missing", Request(Verb.FREEZE, "7d", "rows are missing")),
        ('freeze 2027-02-01 14:00 "look"', Request(Verb.FREEZE, "2027-02-01 14:00", "look")),
        ("freeze 7d", Request(Verb.FREEZE, "7d")),
        ("freeze", Request(Verb.FREEZE)),
        ("help restore", Request(Verb.HELP)),
    ],
)
def test_what_is_understood(typed: str, expected: Request) -> None:
    """Each form is read as it is meant."""
    assert parse(typed) == expected


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("restor b7", "Did you mean restore?"),
        ("gods", "/backups list gods"),
        ("restore", "Which one shall I restore?"),
        ("restore b7 b8", "/backups restore 7f3a"),
        ("extend x soon", "4h or 2d"),
        ("instances all", "more than instances takes"),
        ("thaw now", "more than thaw takes"),
        ("keep", "Which one shall I keep?"),
        ("x" * 500, "..."),
    ],
)
def test_what_is_not_understood(typed: str, said: str) -> None:
    """Each mistake is answered with a right example, in few words."""
    with pytest.raises(UsageError) as caught:
        parse(typed)
    assert said in str(caught.value)
    assert "/backups" in str(caught.value) or "for example" in str(caught.value).lower()
    assert len(str(caught.value)) < 300


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(typed: str) -> None:
    """Whatever is typed becomes a request or a UsageError."""
    with contextlib.suppress(UsageError):
        assert parse(typed).verb in Verb


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("24h", 86_400), ("7d", 604_800)])
def test_durations(text: str, seconds: int) -> None:
    """The four units are read."""
    assert duration(text) == seconds


def test_every_verb_is_in_the_help() -> None:
    """The help names each verb that the parser knows."""
    assert set(USAGE) == set(Verb)


def test_a_note_is_what_was_typed_and_not_what_slack_made_of_it() -> None:
    """Slack hands &, < and > over escaped; the record holds the person's own words."""
    assert parse('now gods "a &lt;b&gt; &amp;amp; c"').text == "a <b> &amp; c"
