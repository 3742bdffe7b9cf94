"""Notes and reasons: one line, of a length that fits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UsageError
from core.services.text import LIMIT, checked_text


@given(st.text())
def test_what_passes_is_one_printable_line(text: str) -> None:
    """Whatever is typed, a passed text can stand in a list, a log and a manifest."""
    try:
        passed = checked_text(text, "note")
    except UsageError:
        return
    assert len(passed) <= LIMIT
    assert len(passed.splitlines()) <= 1
    assert passed.encode().decode() == passed


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "bell\a", "\u2028x\u2028y", "x" * 201, "\x1b[31m"])
def test_what_does_not_fit_is_refused(text: str) -> None:
    """Line breaks, control characters and length are said, not cut."""
    with pytest.raises(UsageError):
        checked_text(text, "note")


def test_markup_is_kept_as_it_was_written() -> None:
    """Doors escape what they show; the record holds what the person wrote."""
    assert checked_text(" <!channel> & *bold* ", "note") == "<!channel> & *bold*"
