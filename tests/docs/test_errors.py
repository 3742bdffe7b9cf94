"""docs/errors.md and core/errors.py say the same."""

import inspect
import re
from pathlib import Path

from core import errors

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"
ROW = re.compile(r"^\| `(?P<code>[a-z-]+)` \| (?P<kind>[a-z]+) \| (?P<exit>\d+) \|", re.MULTILINE)


def classes() -> list[type[errors.SafeholdError]]:
    """Return every error class but the root."""
    found = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, errors.SafeholdError)]
    return [c for c in found if c is not errors.SafeholdError]


def test_every_error_is_documented_with_its_kind_and_exit_code() -> None:
    """Whoever looks up a code finds it, with the exit code that a script will see."""
    documented = {(m["code"], m["kind"], int(m["exit"])) for m in ROW.finditer(PAGE.read_text())}
    assert documented == {(c.code, c.kind, c.exit_code) for c in classes()}


def test_no_two_errors_share_a_code() -> None:
    """A code names one thing."""
    codes = [c.code for c in classes()]
    assert len(codes) == len(set(codes))
