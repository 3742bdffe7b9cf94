"""A bot over a real core with SQLite sources, in front of a small Slack."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from slack_bolt import App
from slack_sdk import WebClient

from bot.access import SlackGroups
from bot.app import build_app
from bot.call import Desk
from bot.notify import MessageBoard
from bot.postbox import Postbox
from core.bootstrap import Core, build_core, load_config
from core.model.person import Door, Person
from tests.bot.people import APPROVER, ONCALL, People
from tests.bot.slack_server import BOT_TOKEN, SlackServer

TEAM = f'["{ONCALL}", "{APPROVER}"]'


@dataclass
class ShiftedClock:
    """The real time, moved forward by what a test wants to have passed."""

    shift: timedelta = timedelta(0)

    def now(self) -> datetime:
        """Return the moved time."""
        return datetime.now(UTC) + self.shift

    def monotonic(self) -> float:
        """Return the real one."""
        return time.monotonic()


@dataclass
class World:
    """A running bot, its Slack, its people, its core."""

    slack: SlackServer
    folder: Path
    clock: ShiftedClock
    core: Core
    app: App
    board: MessageBoard
    people: People
    source: str = "orders"
    closing: list[Callable[[], object]] = field(default_factory=list)

    def backed_up(self, note: str = "") -> str:
        """Take a backup to its end and return its id."""
        begun = self.core.create_backup(self.source, _person(ONCALL), note)
        assert self.core.runner.wait(begun.backup.id, 30)
        return begun.backup.id


def _person(user: str) -> Person:
    return Person(user, user.lower(), Door.SLACK)


def write_config(folder: Path, sources: tuple[str, ...] = ("orders",), more: str = "") -> Path:
    """Write a configuration with SQLite sources and return its path."""
    (folder / "vault").mkdir(exist_ok=True)
    tables = []
    for name in sources:
        with sqlite3.connect(folder / f"{name}.db") as db:
            db.execute("create table if not exists album (id integer primary key, title text)")
            db.executemany("insert into album (title) values (?)", [(f"title {n}",) for n in range(50)])
        db.close()
        tables.append(f'[sources.{name}]\nengine = "sqlite"\npath = "{folder / f"{name}.db"}"\n')
    path = folder / "safehold.toml"
    path.write_text(
        "\n".join(tables)
        + f"""
[vaults.local]
type = "directory"
path = "{folder / "vault"}"
[provisioners.here]
type = "process"
directory = "{folder / "instances"}"
memory = "1m"
[state]
directory = "{folder / "state"}"
[access]
backup = {TEAM}
download = {TEAM}
restore = {TEAM}
approve = ["S0DBA"]
destroy = ["S0DBA"]
{more}
"""
    )
    return path


def build_world(
    slack: SlackServer, folder: Path, config: Path, *, board: bool = True, clock: ShiftedClock | None = None
) -> World:
    """Start a bot as the composition root does, without sockets and without pauses between messages."""
    clock = clock or ShiftedClock()
    client = WebClient(BOT_TOKEN, base_url=slack.url, retry_handlers=[])
    core = build_core(load_config(config), role="bot", groups=SlackGroups(client), clock=clock, secret=b"a test secret")
    postbox = Postbox(client, core.catalog, clock, seconds_between_messages=0.0)
    message_board = MessageBoard(core, client, postbox)
    pool = ThreadPoolExecutor(4)
    app = build_app(Desk(core, client, message_board, "http://bot.example"), pool, "a signing secret")
    world = World(slack, folder, clock, core, app, message_board, People(app, slack))
    core.start()
    if board:
        message_board.start()
    world.closing = [lambda: pool.shutdown(wait=True), message_board.stop, core.close, core.catalog.close]
    return world


def close(world: World) -> None:
    """Stop the bot; nothing that Slack refuses may have been sent."""
    for step in world.closing:
        step()
    assert not world.slack.faults


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    """Give a Slack in which one group holds the approver."""
    with SlackServer(groups={"S0DBA": [APPROVER]}) as server:
        yield server


@pytest.fixture
def make_world(slack: SlackServer, tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Give what starts bots over one folder; all are stopped at the end."""
    with ExitStack() as stack:

        def make(
            sources: tuple[str, ...] = ("orders",),
            more: str = "",
            *,
            board: bool = True,
            instead: tuple[str, str] = ("", ""),
            clock: ShiftedClock | None = None,
        ) -> World:
            path = write_config(tmp_path, sources, more)
            path.write_text(path.read_text().replace(*instead, 1))
            world = build_world(slack, tmp_path, path, board=board, clock=clock)
            stack.callback(close, world)
            return world

        yield make


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """Give a bot with one source."""
    return make_world()
