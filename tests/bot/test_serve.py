"""The whole bot as a process, in Socket Mode, against a Slack that is not the playground."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.runtime.ports import free_port
from tests.bot.conftest import write_config
from tests.bot.people import ONCALL, words
from tests.bot.slack_server import APP_TOKEN, BOT_TOKEN, SlackServer
from tests.bot.socket_server import SocketServer

ROOT = Path(__file__).parents[2]


class Process:
    """A bot that runs until it is told to end."""

    def __init__(self, config: Path, slack: SlackServer, **environment: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SLACK", "SAFEHOLD"))}
        self.child = subprocess.Popen(
            [sys.executable, "-m", "bot", str(config)],
            cwd=ROOT,
            env={**kept, "SLACK_API_URL": slack.url, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []

    def until(self, text: str) -> str:
        """Read until a line holds the text."""
        assert self.child.stdout is not None
        for line in self.child.stdout:
            self.lines.append(line)
            if text in line:
                return line
        raise AssertionError(f"it ended without {text}: {''.join(self.lines)}")

    def end(self) -> tuple[int, float]:
        """Ask it to end; returns its exit code and the seconds it took."""
        started = time.monotonic()
        self.child.send_signal(signal.SIGTERM)
        rest, _ = self.child.communicate(timeout=20)
        self.lines.append(rest)
        return self.child.returncode, time.monotonic() - started


@pytest.fixture
def socket(slack: SlackServer) -> Iterator[SocketServer]:
    """Give Slack's side of Socket Mode."""
    with SocketServer() as server:
        slack.socket_url = server.url
        yield server


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Give a configuration with a web port of its own."""
    # Tests beside this one take their own: a bot that is started again must find its port free.
    first = 30_000 + os.getpid() % 100 * 20
    port = free_port(range(first, first + 20), "127.0.0.1")
    return write_config(tmp_path, more=f'[web]\nport = {port}\nhost = "127.0.0.1"')


def envelope(slack: SlackServer, number: int, text: str) -> dict[str, Any]:
    """Return what Slack sends for a command."""
    payload = {
        "command": "/backups",
        "text": text,
        "user_id": ONCALL,
        "user_name": "oncall",
        "team_id": "T0TEST",
        "channel_id": "C0BACKUPS",
        "trigger_id": f"trigger {number}",
        "response_url": slack.response_url(),
    }
    return {"type": "slash_commands", "envelope_id": f"e{number}", "payload": payload, "accepts_response_payload": True}


def test_serves_answers_survives_a_cut_wire_and_ends(slack: SlackServer, socket: SocketServer, config: Path) -> None:
    """Ready with its address on stdout; a command is acknowledged and done; a cut wire is replaced; TERM ends it."""
    bot = Process(config, slack, SLACK_BOT_TOKEN=BOT_TOKEN, SLACK_APP_TOKEN=APP_TOKEN)
    try:
        line = bot.until("is ready")
        assert httpx.get(f"{line.split()[-1]}/health").json()["ok"] is True
        slack.until(lambda: socket.connections, "a connection")
        socket.send(envelope(slack, 1, "now orders"))
        slack.until(lambda: [a for a in socket.acknowledged if a["envelope_id"] == "e1"], "the acknowledgement")
        slack.until(lambda: "is done and proven" in words(slack.messages.get("C0BACKUPS", [])), "the backup")
        socket.wires[-1].cut()
        slack.until(lambda: len(socket.connections) == 2, "a new connection")
        socket.send(envelope(slack, 2, "list"))
        slack.until(lambda: [a for a in socket.acknowledged if a["envelope_id"] == "e2"], "the acknowledgement")
    finally:
        code, seconds = bot.end()
    assert code == 0
    assert seconds < 10
    assert BOT_TOKEN not in "".join(bot.lines)
    assert APP_TOKEN not in "".join(bot.lines)
    assert "WARNING" not in "".join(bot.lines[: bot.lines.index(line)])


def test_refused_token_is_said(slack: SlackServer, config: Path) -> None:
    """A token that Slack does not know ends the start with one sentence and exit code 2."""
    bot = Process(config, slack, SLACK_BOT_TOKEN="xoxb-wrong", SLACK_APP_TOKEN=APP_TOKEN)
    bot.until("Slack refused SLACK_BOT_TOKEN: invalid_auth.")
    rest, _ = bot.child.communicate(timeout=20)
    assert bot.child.returncode == 2
    assert "Traceback" not in rest


def test_missing_tokens_are_said(slack: SlackServer, config: Path) -> None:
    """Without tokens the start says which ones are missing."""
    bot = Process(config, slack)
    bot.until("SLACK_BOT_TOKEN")
    bot.child.communicate(timeout=20)
    assert bot.child.returncode == 2
