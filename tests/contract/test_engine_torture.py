"""A short run of the torture: captures under writes and log cleaning, judged transaction by transaction."""

import copy
from pathlib import Path
from typing import Any

import pytest

from bench.torture_capture import torture, verdict_of

pytestmark = pytest.mark.long
WHOLE: dict[str, Any] = {
    "versions": {"0": [2, 2, 2], "1": [1, 1, 1]},
    "items": {f"{name}": [[1, 1], [0, 1], [2, 0]] for name in ("0-1", "0-2", "1-1")},
}
"""What an image holds after two transactions of the first writer and one of the second."""


@pytest.mark.java
def test_captures_under_load_are_exact(tmp_path: Path) -> None:
    """Three captures of a graph under load open, hold all that was acknowledged, and no half of a transaction."""
    figures = torture(3, tmp_path, compare_each=2, kept=50)
    assert figures["captures"] == 3
    assert figures["ok"] == 3
    assert figures["fingerprints_equal"] == "2 of 2"
    assert figures["files_cleaned"] > 0


def test_the_judge_takes_a_whole_image() -> None:
    """What was acknowledged is there; what was committed a moment later may be there as well."""
    assert verdict_of(WHOLE, (2, 1)) == "ok"
    assert verdict_of(WHOLE, (1, 0)) == "ok"


def test_the_judge_misses_nothing() -> None:
    """An acknowledged transaction that isn't there, half of one, and an image that doesn't open are told apart."""
    assert verdict_of(WHOLE, (3, 1)) == "missing"
    assert verdict_of({"error": "LogFileNotFound"}, (0, 0)) == "unopened"
    assert verdict_of({"versions": {}, "items": {}}, (0, 0)) == "torn"
    for name, change in (("0-1", [[0, 1], [2, 0]]), ("0-2", [[0, 1], [1, 0], [2, 0]]), ("0-3", [[0, 1]])):
        torn = copy.deepcopy(WHOLE)
        torn["items"][name] = change
        assert verdict_of(torn, (2, 1)) == "torn"
    torn = copy.deepcopy(WHOLE)
    torn["versions"]["0"] = [2, 2, 1]
    assert verdict_of(torn, (1, 1)) == "torn"
    del (lost := copy.deepcopy(WHOLE))["items"]["0-1"]
    assert verdict_of(lost, (2, 1)) == "torn"
