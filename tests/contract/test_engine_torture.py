"""A short run of the torture: captures under writes and log cleaning, judged transaction by transaction."""

from pathlib import Path

import pytest

from bench.torture_capture import torture

pytestmark = pytest.mark.java


def test_captures_under_load_are_exact(tmp_path: Path) -> None:
    """Three captures of a graph under load open, hold all that was acknowledged, and no half of a transaction."""
    figures = torture(3, tmp_path)
    assert figures["captures"] == 3
    assert figures["ok"] == 3
    assert figures["fingerprints_equal"] == "1 of 1"
    assert figures["files_cleaned"] > 0
