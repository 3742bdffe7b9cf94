"""The bot is killed in the middle of a backup and of a restore, and everything is true again after its restart."""

from pathlib import Path

import pytest

from bench.torture_kill import torture
from tests.support.stricken import stricken_demo

pytestmark = [pytest.mark.java, pytest.mark.long, pytest.mark.timeout(600)]


def test_a_killed_bot_leaves_nothing_untrue_and_nothing_behind(tmp_path: Path) -> None:
    """After each kill the records, messages, files, processes and ports are right, and the next backup is good."""
    with stricken_demo(tmp_path) as world:
        figures = torture(world, ["backup", "restore"], seed=7)
    assert [blow.act for blow in figures.blows] == ["backup", "restore"]
    assert figures.faults == []
    assert figures.survived
    assert figures.last == "good"
