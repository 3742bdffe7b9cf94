"""How a bot ends: clicks that were accepted are done, runs are stopped, and Slack says so before the process ends."""

import sqlite3
from pathlib import Path

import pytest

from bot.__main__ import SECONDS_BETWEEN_RECONCILES
from core.bootstrap import SECONDS_BETWEEN_BEATS
from core.runtime.ports import free_port
from tests.bot.conftest import write_config
from tests.bot.people import words
from tests.bot.slack_server import APP_TOKEN, BOT_TOKEN, SlackServer
from tests.bot.socket_server import SocketServer
from tests.bot.test_restart import roots
from tests.bot.test_serve import Process, envelope, socket

__all__ = ["socket"]
MEGABYTES = 150


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Give a configuration with a web port that no other file's tests look for."""
    port = free_port(range(32_000, 33_000), "127.0.0.1")
    return write_config(tmp_path, more=f'[web]\nport = {port}\nhost = "127.0.0.1"')


def grown(config: Path) -> None:
    """Make the source so large that its backup takes seconds."""
    with sqlite3.connect(config.parent / "orders.db") as db:
        db.execute("create table if not exists cover (picture blob)")
        db.executemany("insert into cover values (randomblob(1000000))", [()] * MEGABYTES)
    db.close()


def test_stopped_in_a_backup_says_so_before_it_ends(slack: SlackServer, socket: SocketServer, config: Path) -> None:
    """TERM in the middle of a backup: message and reply say that it was interrupted, within ten seconds."""
    grown(config)
    bot = Process(config, slack, SLACK_BOT_TOKEN=BOT_TOKEN, SLACK_APP_TOKEN=APP_TOKEN)
    try:
        bot.until("is ready")
        slack.until(lambda: socket.connections, "a connection")
        socket.send(envelope(slack, 1, "now orders"))
        slack.until(lambda: "initiated" in words(roots(slack)), "the backup")
    finally:
        code, seconds = bot.end()
    assert "was interrupted" in words(roots(slack)), "".join(bot.lines)
    assert len(slack.messages["C0BACKUPS"]) == 2
    assert code == 0
    assert seconds < 10


def test_accepted_clicks_are_done_before_the_end(slack: SlackServer, socket: SocketServer, config: Path) -> None:
    """TERM right after a click was acknowledged: what it asked for is answered."""
    bot = Process(config, slack, SLACK_BOT_TOKEN=BOT_TOKEN, SLACK_APP_TOKEN=APP_TOKEN)
    try:
        bot.until("is ready")
        slack.until(lambda: socket.connections, "a connection")
        for number in range(12):
            socket.send(envelope(slack, number, "list"))
        slack.until(lambda: len(socket.acknowledged) == 12, "the acknowledgements")
    finally:
        code, _ = bot.end()
    assert code == 0
    assert len(slack.replies) == 12


def test_reconciling_comes_often_enough() -> None:
    """Nothing that a look every three beats would show is missed: another host's death is seen within a minute."""
    assert SECONDS_BETWEEN_RECONCILES <= 3 * SECONDS_BETWEEN_BEATS
