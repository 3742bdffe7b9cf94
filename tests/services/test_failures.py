"""The story behind a reference is there for whoever looks for it, however many failures and whatever the clock says."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.services.failures import LOGS_KEPT, FailureLog

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def filled(folder: Path, at: float) -> list[Path]:
    """Write as many logs as are kept, of this time."""
    made = [folder / f"run-{number:08x}.log" for number in range(LOGS_KEPT)]
    for number, path in enumerate(made):
        path.write_text("old")
        os.utime(path, (at + number, at + number))
    return made


def kept(log: FailureLog) -> str:
    """Keep a failure and return its reference."""
    return log.keep("b1", "storing", ValueError("the newest"), at=NOW).reference


def test_the_oldest_go(tmp_path: Path) -> None:
    """Of too many logs the oldest are removed, those that another process is removing included."""
    log, made = FailureLog(tmp_path), filled(tmp_path, 1_000_000.0)
    vanished = tmp_path / "vanished-00000000.log"
    vanished.symlink_to(tmp_path / "nowhere")
    assert "the newest" in log.read(kept(log))
    assert not os.path.lexists(vanished)
    assert [path.exists() for path in made[:2]] == [False, True]
    assert len(list(tmp_path.iterdir())) == LOGS_KEPT


def test_after_the_clock_was_set_back_the_new_story_stays(tmp_path: Path) -> None:
    """Logs from what is the future now were written before: they go first, and references lead somewhere."""
    log, made = FailureLog(tmp_path), filled(tmp_path, 8_000_000_000.0)
    references = [kept(log) for _ in range(3)]
    assert all("the newest" in log.read(reference) for reference in references)
    assert [path.exists() for path in made[:4]] == [False, False, False, True]


@pytest.mark.parametrize("reference", ["*", "", "????????", "../../etc"])
def test_only_a_reference_opens_a_log(tmp_path: Path, reference: str) -> None:
    """What is no reference finds nothing."""
    log = FailureLog(tmp_path)
    kept(log)
    assert log.read(reference) == ""
