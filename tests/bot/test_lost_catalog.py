"""The bot as a process, over a catalog that is damaged when it starts, or becomes so while it runs."""

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from bot.lost_catalog import CatalogWatch
from core.bootstrap import load_config
from core.catalog import Catalog
from core.errors import CatalogCorrupt
from core.model.notice import NoticeKind
from tests.bot.conftest import World
from tests.bot.people import words
from tests.bot.slack_server import APP_TOKEN, BOT_TOKEN, SlackServer
from tests.bot.socket_server import SocketServer
from tests.bot.test_serve import Process, config, envelope, socket
from tests.support.world import build_world

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


def removed(config: Path, slack: SlackServer, socket: SocketServer, other: Path | None = None) -> str:
    """Remove the catalog of a bot that has made a backup, or put another in its place; returns how the bot ended."""
    path = load_config(config).catalog_path
    bot = started(config, slack)
    try:
        url = bot.until("is ready").split()[-1]
        slack.until(lambda: socket.connections, "a connection")
        socket.send(envelope(slack, 1, "now orders"))
        slack.until(lambda: "is done and proven" in words(slack.messages.get("C0BACKUPS", [])), "the backup")
        with Catalog.open(path) as catalog:
            catalog.marks.put("just before", "recorded")
        for companion in ("", "-wal", "-shm"):
            path.with_name(f"catalog.db{companion}").unlink()
        if other is not None:
            other.rename(path)
        with suppress(httpx.TransportError):  # it may have ended
            answer = httpx.get(f"{url}/health")
            assert (answer.status_code, answer.json()["ok"]) == (503, False)
        rest, _ = bot.child.communicate(timeout=30)
    finally:
        bot.child.kill()
        bot.child.wait()
    assert bot.child.returncode == 7, rest
    return str(rest)


def test_a_catalog_that_is_removed_while_it_runs_is_put_back(
    slack: SlackServer, socket: SocketServer, config: Path
) -> None:
    """The bot ends with 7 within seconds, and the next start goes on with all that was recorded: nothing is rebuilt."""
    path = load_config(config).catalog_path
    rest = removed(config, slack, socket)
    assert f"The catalog {path} was removed while it was used. What it held was put back" in rest
    assert not path.with_name("catalog.db.damaged").exists()
    bot = started(config, slack)
    try:
        bot.until("is ready")
        slack.until(lambda: "was removed while the bot ran" in words(slack.messages["C0BACKUPS"]), "the notice")
    finally:
        code, _ = bot.end()
    assert code == 0
    assert "The catalog could not be used" not in "".join(bot.lines)
    with Catalog.open(path) as catalog:
        catalog.check(indexes=True)
        assert catalog.marks.get("just before") == "recorded"
        assert catalog.audit.check().broken is None
        assert "catalog-put-back" in [entry.act for entry in catalog.audit.entries()]
        assert catalog.freezes.active(datetime.now(UTC)) is None
    assert not list(path.parent.glob("*aside*"))


def test_another_catalog_in_its_place_is_left_there(slack: SlackServer, socket: SocketServer, config: Path) -> None:
    """It may be what somebody wants there: what the removed one held is kept beside it, and the next start uses it."""
    path, other = load_config(config).catalog_path, config.with_name("other.db")
    with Catalog.open(other) as catalog:
        catalog.marks.put("this one", "is another")
        catalog.close_whole()
    rest = removed(config, slack, socket, other)
    assert f"The catalog {path} was replaced while it was used. What it held is kept as {path}.aside-" in rest
    assert not path.with_name("catalog.db.damaged").exists()
    bot = started(config, slack)
    try:
        bot.until("is ready")
    finally:
        code, _ = bot.end()
    assert code == 0
    [kept] = path.parent.glob("*aside*")
    with Catalog.open(path) as catalog, Catalog.open(kept) as aside:
        assert catalog.marks.get("this one") == "is another"
        assert aside.marks.get("just before") == "recorded"


def test_a_bot_that_is_told_to_end_puts_back_a_catalog_whose_loss_nobody_met(
    slack: SlackServer, socket: SocketServer, config: Path
) -> None:
    """It looks once more before it lets go of what still sees it."""
    path = load_config(config).catalog_path
    bot = started(config, slack)
    try:
        bot.until("is ready")
        for companion in ("", "-wal", "-shm"):
            path.with_name(f"catalog.db{companion}").unlink()
    finally:
        code, _ = bot.end()
    assert code == 7
    assert "What it held was put back" in "".join(bot.lines)
    assert path.exists()


def test_what_could_not_be_kept_is_said(tmp_path: Path) -> None:
    """Where nothing sees a removed catalog any more, the bot says that it could not be kept, and why."""
    core = build_world(tmp_path).core  # not started: a heartbeat would have a connection now and then
    watch, path = CatalogWatch(core), core.catalog.path
    path.unlink()
    core.catalog.close()
    ends: list[str] = []
    for _ in range(2):
        watch.look(lambda: ends.append("ended"))
    assert ends == ["ended"]
    watch.keep()
    with pytest.raises(CatalogCorrupt, match=r"What it held could not be kept: .* no connection to it is left"):
        watch.require_sound()
    assert not path.with_name(f"{path.name}.damaged").exists()


def test_a_catalog_that_was_only_away_is_used_again(make_world: Callable[..., World]) -> None:
    """The bot ends all the same, and says that it is in its place: what was refused meanwhile is to be asked again."""
    core = make_world(board=False).core
    watch, path = CatalogWatch(core), core.catalog.path
    watch.look(lambda: None)
    watch.require_sound()
    away = path.rename(path.with_name("away.db"))
    watch.look(lambda: None)
    away.rename(path)
    watch.keep()
    with pytest.raises(CatalogCorrupt, match="It is in its place again: start the bot again"):
        watch.require_sound()
    assert not path.with_name(f"{path.name}.damaged").exists()


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
