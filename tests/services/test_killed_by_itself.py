"""Kill -9 in whatever Safehold does by itself; `bench.torture_moments` does the same for long."""

import random
from pathlib import Path

import pytest

from tests.support.struck import ACTS, KEPT_DAYS, SOURCE, Struck


@pytest.fixture
def struck(tmp_path: Path) -> Struck:
    """Return a world in which each day lets a backup go."""
    struck = Struck(tmp_path, random.Random(7))
    struck.prepare()
    return struck


def test_nothing_is_untrue_or_left_after_a_kill(struck: Struck) -> None:
    """Backups, retention, sweeps and rebuilds, each killed twice, and each day one more backup let go."""
    for act in ACTS * 2:
        blow = struck.strike(act)
        assert not blow.faults, f"{act} killed at event {blow.event}, {blow.step}"
    assert len(struck.good) > KEPT_DAYS + 3


def test_the_judge_sees_a_backup_that_is_lost(struck: Struck) -> None:
    """Bytes that vanish, of a backup that was good, are a fault: the test above can fail."""
    lost = max(struck.good)
    for file in (struck.root / "vault" / SOURCE / lost).iterdir():
        file.unlink()
    assert any(lost in fault for fault in struck.strike("sweep").faults)
