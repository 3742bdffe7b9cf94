"""Killed and started again: messages are edited, never posted twice, and nothing that happened meanwhile is lost."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bot.conftest import World, write_config
from tests.bot.heard import Trouble
from tests.bot.people import ONCALL, words
from tests.bot.slack_server import SlackServer

PROGRAM = """
import sys
from pathlib import Path
from tests.bot.conftest import build_world
from tests.bot.slack_server import SlackServer

class Far(SlackServer):
    url = sys.argv[2]

world = build_world(Far(), Path(sys.argv[1]), Path(sys.argv[1]) / "safehold.toml")
from core.model.person import Door, Person
world.core.create_backup("orders", Person("U0ONCALL", "oncall", Door.SLACK), "killed")
print("begun", flush=True)
world.core.runner.wait("nothing")
import threading
threading.Event().wait()
"""


def killed_bot(slack: SlackServer, folder: Path, when: Callable[[], object]) -> None:
    """Run a bot in a process of its own that begins a backup, and kill it when the look finds something true."""
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), slack.url],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    try:
        slack.until(when, "what the kill waits for")
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert child.stdout is not None
        child.stdout.close()


def roots(slack: SlackServer) -> list[dict[str, object]]:
    """Return the messages of #backups that answer no other."""
    return [m for m in slack.messages.get("C0BACKUPS", []) if not m["thread_ts"]]


def test_killed_between_the_post_and_its_record(
    slack: SlackServer, tmp_path: Path, make_world: Callable[..., World]
) -> None:
    """Slack has the message, the catalog only the intention: the next bot finds it and edits it."""
    write_config(tmp_path)
    slack.troubles["chat.postMessage"] = [Trouble(cut=True)] * 50
    killed_bot(slack, tmp_path, lambda: roots(slack))
    slack.troubles.clear()
    world = make_world()
    backup = world.core.list_backups(None).backups[0]
    slack.until(lambda: not world.core.catalog.backups.open_ones(), "the settling")
    slack.until(lambda: "is done" in words(roots(slack)) or "was interrupted" in words(roots(slack)), "the edit")
    assert len(roots(slack)) == 1
    assert world.core.catalog.messages.get(f"backup:{backup.id}", "main") is not None


def test_killed_after_posting(slack: SlackServer, tmp_path: Path, make_world: Callable[..., World]) -> None:
    """A kill at the first message leaves one message, which a restart brings to what is true."""
    write_config(tmp_path)
    killed_bot(slack, tmp_path, lambda: roots(slack))
    world = make_world()
    slack.until(lambda: "is done" in words(roots(slack)) or "was interrupted" in words(roots(slack)), "the edit")
    assert len(roots(slack)) == 1
    assert not world.core.catalog.backups.open_ones()


def test_what_happened_without_a_bot_is_told_once(make_world: Callable[..., World]) -> None:
    """A backup taken while the board was away is posted when it comes, and a third start says nothing again."""
    first = make_world()
    first.board.stop()
    first.backed_up("from the command line")
    second = make_world()
    second.slack.until(lambda: "is done and proven" in words(roots(second.slack)), "the message")
    second.slack.until(lambda: len(second.slack.messages["C0BACKUPS"]) == 2, "the reply")
    revision = str(second.core.catalog.revision())
    second.slack.until(lambda: second.core.catalog.marks.get("slack board revision") == revision, "the mark")
    second.board.stop()
    posts = len(second.slack.calls("chat.postMessage"))
    third = make_world(board=False)
    third.board.resume()
    third.board.tick()
    third.board.tick()
    assert len(third.slack.calls("chat.postMessage")) == posts


@pytest.mark.parametrize("error", ["channel_not_found", "invalid_auth"])
def test_slack_that_refuses_loses_nothing(make_world: Callable[..., World], error: str) -> None:
    """A bot that was not invited yet keeps trying, and says the newest once it is."""
    world = make_world()
    world.slack.troubles["chat.postMessage"] = [Trouble(200, error)]
    world.people.typed(ONCALL, "now orders")
    world.slack.until(lambda: "is done and proven" in words(roots(world.slack)), "the message")
    assert len(roots(world.slack)) == 1


def test_deleted_message_is_not_posted_again(make_world: Callable[..., World]) -> None:
    """Somebody who deletes a backup's message has it gone, while later backups get theirs."""
    world = make_world()
    world.backed_up()
    world.slack.until(lambda: len(world.slack.messages.get("C0BACKUPS", [])) == 2, "the message and its reply")
    world.slack.messages["C0BACKUPS"].clear()
    backup = world.core.list_backups(None).backups[0]
    world.people.typed(ONCALL, f"verify {backup.id}")
    world.slack.until(lambda: world.slack.calls("chat.update"), "an edit")
    world.backed_up()
    world.slack.until(lambda: "is done and proven" in words(roots(world.slack)), "the next message")
    assert len(roots(world.slack)) == 1


def test_unshowable_blocks_are_said_in_words(make_world: Callable[..., World]) -> None:
    """Should Slack refuse our blocks, the words alone reach the channel."""
    world = make_world()
    world.slack.troubles["chat.postMessage"] = [Trouble(200, "invalid_blocks")]
    world.people.typed(ONCALL, "now orders")
    world.slack.until(lambda: "is done and proven" in words(roots(world.slack)), "the message")
    assert len(roots(world.slack)) == 1


def test_first_click_asks_slack_nothing_before_it_is_acknowledged(slack: SlackServer, world: World) -> None:
    """Bolt does not look up who we are while the first person after a start waits."""
    world.people.typed(ONCALL, "list")
    assert not slack.calls("auth.test")
