"""Fixtures: a workplace, and a terminal in it."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.terminal import CONFIG, Terminal, Workplace


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    """Return a folder with a configuration, a source of three rows, and an empty vault."""
    made = Workplace(tmp_path)
    for folder in ("vault", "instances"):
        (tmp_path / folder).mkdir()
    made.config.write_text(CONFIG)
    made.fill(3)
    return made


@pytest.fixture
def safehold(
    workplace: Workplace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Terminal]:
    """Return a terminal in that folder."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.chdir(workplace.folder)
    yield Terminal(workplace, capsys, monkeypatch)
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let programs that are started hear SIGINT, even where this one was started in the background, deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
