"""A playground as a process: its start, what it prints, what it keeps, and how fast an app is back."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from playground.desk import Desk
from playground.server import Playground, listen
from tests.playground.conftest import leave
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]
TOKENS = ("--bot-token", "xoxb-1", "--app-token", "xapp-1")


@contextmanager
def process(port: int, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Run a playground and kill it at the end."""
    command = [sys.executable, "-m", "playground", "--port", str(port), *TOKENS, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        until(lambda: answers(port))
        yield running
    finally:
        running.kill()
        running.wait()
        if running.stdout:
            running.stdout.close()


def answers(port: int) -> bool:
    """Say whether the playground can be reached."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/_playground/state", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def port() -> int:
    """Give a free port."""
    with listen("127.0.0.1", 0) as listener:
        return int(listener.getsockname()[1])


def test_it_says_where_it_is_and_what_to_set(port: int) -> None:
    """The printed lines are addresses for people and settings for the app."""
    with process(port) as running:
        running.send_signal(signal.SIGINT)
        printed = running.communicate(timeout=10)[0]
    assert f"SLACK_API_URL=http://127.0.0.1:{port}/api/\n" in printed
    assert "SLACK_BOT_TOKEN=xoxb-1\nSLACK_APP_TOKEN=xapp-1\n" in printed
    assert re.search(rf"Arne Lindqvist \(Approver, U0\w{{9}}\)  http://127.0.0.1:{port}/w/arne/backups\n", printed)
    assert running.returncode == 0


def test_a_taken_port_is_said() -> None:
    """The error names the port and the way out."""
    with Playground() as running:
        command = [sys.executable, "-m", "playground", "--port", str(running.port)]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)
    assert ended.returncode == 1
    assert f"Port {running.port} can't be used: Address already in use. Choose another with --port." in ended.stderr


def test_messages_survive_a_kill_and_the_app_is_back(port: int, tmp_path: Path) -> None:
    """After kill -9 the messages stand again, and a connected app answers without being started again."""
    state = tmp_path / "state.json"
    client = WebClient(token="xoxb-1", base_url=f"http://127.0.0.1:{port}/api/")
    app = App(client=client, token_verification_enabled=False)
    app.command("/backups")(lambda ack: ack("here again"))
    handler = SocketModeHandler(app, "xapp-1", ping_interval=1)
    with process(port, "--state", str(state)):
        handler.connect()
        client.chat_postMessage(channel="#backups", text="stays")
        until(lambda: state.exists() and "stays" in state.read_text())
    with process(port, "--state", str(state)), Desk(f"http://127.0.0.1:{port}") as desk:
        assert [message["text"] for message in desk.messages()] == ["stays"]
        until(lambda: desk.state()["connections"] == 1, 30)
        assert desk.write("olga", "/backups") == {"ok": True}
        leave(desk, handler)


def test_a_state_that_is_none_is_said(port: int, tmp_path: Path) -> None:
    """A file that holds something else is refused, not overwritten."""
    state = tmp_path / "state.json"
    state.write_text('{"messages": 5}')
    command = [sys.executable, "-m", "playground", "--port", str(port), "--state", str(state)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)
    assert ended.returncode == 1
    assert "is not a playground's state. Name another file with --state" in ended.stderr
    assert state.read_text() == '{"messages": 5}'


def test_what_was_said_last_survives_a_terminate(port: int, tmp_path: Path) -> None:
    """SIGTERM right after a message keeps it."""
    state = tmp_path / "state.json"
    with process(port, "--state", str(state)) as running, Desk(f"http://127.0.0.1:{port}") as desk:
        desk.write("olga", "the last word")
        running.terminate()
        running.wait(10)
    assert "the last word" in state.read_text()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Host": "localhost:1", "Origin": "http://localhost:1"}, 200),
    ],
)
def test_another_web_site_cannot_act_here(headers: dict[str, str], status: int) -> None:
    """A page elsewhere, or a foreign name that leads here, is refused; plain clients pass."""
    with Playground() as running:
        body = {"kind": "write", "channel": "backups", "text": "hello"}
        answer = httpx.post(f"{running.url}/w/olga/act", json=body, headers=headers, trust_env=False)
    assert answer.status_code == status
