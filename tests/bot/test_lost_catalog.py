"""The bot as a process, over a catalog that is damaged when it starts, or becomes so while it runs."""

import sqlite3
from contextlib import closing
from pathlib import Path

from core.bootstrap import load_config
from core.catalog import Catalog
from core.model.notice import NoticeKind
from tests.bot.slack_server import APP_TOKEN, BOT_TOKEN, SlackServer
from tests.bot.socket_server import SocketServer
from tests.bot.test_serve import Process, config, socket

__all__ = ["config", "socket"]


def started(config: Path, slack: SlackServer) -> Process:
    """Start the bot."""
    return Process(config, slack, SLACK_BOT_TOKEN=BOT_TOKEN, SLACK_APP_TOKEN=APP_TOKEN)


def test_a_damaged_catalog_is_set_aside_and_the_bot_runs(
    slack: SlackServer, socket: SocketServer, config: Path
) -> None:
    """It says what it did before it is ready, tells it in the catalog, and works."""
    path = load_config(config).catalog_path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"rubbish" * 1000)
    bot = started(config, slack)
    try:
        line = bot.until("The catalog could not be used.")
        assert "It is set aside: " in line
        bot.until("is ready")
        slack.until(lambda: socket.connections, "a connection")
    finally:
        code, _ = bot.end()
    assert code == 0
    with Catalog.open(path) as catalog:
        notice = catalog.notices.newest("", NoticeKind.CATALOG)
    assert notice is not None
    assert Path(notice.fields["path"]).read_bytes() == b"rubbish" * 1000


def test_damage_while_it_runs_ends_it_and_the_next_start_rebuilds(
    slack: SlackServer, socket: SocketServer, config: Path
) -> None:
    """It can record nothing any more: exit code 7 for whatever restarts it, which brings a new catalog."""
    path = load_config(config).catalog_path
    bot = started(config, slack)
    try:
        bot.until("is ready")
        # What is in its pages does not matter as long as they are remembered: every connection reads a new schema.
        with closing(sqlite3.connect(path, isolation_level=None)) as raw:
            raw.execute("pragma writable_schema = on")
            raw.execute("update sqlite_master set sql = 'rubbish' where name = 'marks'")
            raw.execute("pragma schema_version = 9999")
        bot.until("the catalog is damaged: the bot ends")
        rest, _ = bot.child.communicate(timeout=30)
    finally:
        bot.child.kill()
        bot.child.wait()
    assert bot.child.returncode == 7
    assert "was found damaged. It is rebuilt when the bot is started again." in rest
    assert path.with_name("catalog.db.damaged").exists()
    again = started(config, slack)
    try:
        again.until("The catalog could not be used.")
        again.until("is ready")
    finally:
        again.end()
    assert not path.with_name("catalog.db.damaged").exists()


def test_a_newer_catalog_is_refused_and_left_alone(slack: SlackServer, config: Path) -> None:
    """The bot does not start over a catalog of a newer Safehold, and sets nothing aside."""
    path = load_config(config).catalog_path
    with Catalog.open(path) as catalog, catalog.write() as db:
        db.execute(
            "insert into _sqlite_migrations (migration_set, name, applied_at) values ('safehold', 'later', 'now')"
        )
    bot = started(config, slack)
    bot.until("was written by a newer Safehold (it has later)")
    bot.child.communicate(timeout=30)
    assert bot.child.returncode == 3
    assert not list(path.parent.glob("*aside*"))
