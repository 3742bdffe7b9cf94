"""A demo is told to end once, and leaves nothing unrecorded."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.demo.children import Children
from cli.demo.ending import Ending
from cli.exits import ENDING, Terminated
from playground.__main__ import main as playground

SLEEPER = (sys.executable, "-c", "import signal; signal.pause()")


@pytest.fixture
def ending() -> Iterator[Ending]:
    """Give one that listens; the handlers of before come back at the end."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in ENDING}
    made = Ending()
    made.listen()
    yield made
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", ENDING)
def test_only_the_first_signal_is_heard(ending: Ending, number: int) -> None:
    """Ctrl-C, SIGTERM or a closed terminal ends the demo; impatience afterwards doesn't end its taking down."""
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)
    for later in ENDING:
        signal.raise_signal(later)
    assert ending.asked


@pytest.mark.parametrize("number", ENDING)
def test_nothing_is_heard_while_all_is_taken_down(ending: Ending, number: int) -> None:
    """A demo that ends for another reason takes down everything, whatever is pressed meanwhile."""
    ending.ignore()
    signal.raise_signal(number)
    assert not ending.asked


def test_what_a_signal_interrupts_in_the_making_is_on_record(ending: Ending, tmp_path: Path) -> None:
    """A program that was started as the signal came is recorded, so that it is stopped; it can hear signals itself."""

    class Signalled(Children):
        def _write(self) -> None:
            signal.raise_signal(signal.SIGINT)
            super()._write()

    children = Signalled(tmp_path / "running.json", tmp_path, ending)
    with pytest.raises(KeyboardInterrupt):
        children.start("sleeper", SLEEPER)
    assert children.running["sleeper"].alive
    assert Children(tmp_path / "running.json", tmp_path).stop_leftovers() == ("sleeper",)
    assert not children.running["sleeper"].alive


def test_a_request_that_got_lost_is_heard_at_the_next_step(ending: Ending, tmp_path: Path) -> None:
    """An exception may be swallowed where it struck; nothing new is left running for that."""
    with pytest.raises(Terminated):
        os.kill(os.getpid(), signal.SIGHUP)
    children = Children(tmp_path / "running.json", tmp_path, ending)
    with pytest.raises(Terminated):
        children.start("sleeper", SLEEPER)
    children.stop("sleeper")
    assert not children.running


def test_a_demo_that_outlives_its_terminal_by_intent_does(ending: Ending) -> None:
    """What nohup has made deaf stays deaf."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    ending.listen()
    signal.raise_signal(signal.SIGHUP)
    assert not ending.asked


def test_the_workspace_takes_its_tokens_by_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No token has to stand among arguments, which everybody on the machine can read."""
    monkeypatch.setenv("PLAYGROUND_BOT_TOKEN", "xoxb-by-environment")
    monkeypatch.setenv("PLAYGROUND_APP_TOKEN", "xapp-by-environment")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert playground(["--port", str(taken.getsockname()[1])]) == 1
    said = capsys.readouterr().out
    assert "SLACK_BOT_TOKEN=xoxb-by-environment\nSLACK_APP_TOKEN=xapp-by-environment\n" in said
