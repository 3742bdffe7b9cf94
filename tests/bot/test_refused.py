"""What Slack refuses: it concerns that one message, and what was refused is neither lost nor posted twice."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from bot.postbox import LONGEST_WAIT, MOST_REFUSALS
from core.model.backup import BackupState
from tests.bot.conftest import ShiftedClock, World
from tests.bot.heard import Trouble
from tests.bot.people import words
from tests.bot.slack_server import SlackServer
from tests.bot.test_restart import roots

ANY = frozenset(BackupState)


@dataclass
class SteppedClock(ShiftedClock):
    """A clock whose seconds pass when a test says so."""

    seconds: float = 1_000.0

    def monotonic(self) -> float:
        """Return the seconds that the test let pass."""
        return self.seconds


def shown(world: World) -> bool:
    """Say whether everything up to now counts as shown, also after a restart."""
    return world.core.catalog.marks.get("slack board revision") == str(world.core.catalog.revision())


@pytest.mark.parametrize("code", ["channel_not_found", "is_archived", "not_in_channel"])
def test_message_that_can_not_be_edited_holds_no_other_up(
    slack: SlackServer, make_world: Callable[..., World], code: str
) -> None:
    """A message in a channel that is gone stays as it is; the others are edited, and no restart tries it again."""
    world = make_world()
    first, second = world.backed_up(), world.backed_up()
    slack.until(lambda: len(slack.messages.get("C0BACKUPS", [])) == 4 and shown(world), "both messages and replies")
    old = world.core.catalog.messages.get(f"backup:{first}", "main")
    assert old is not None
    world.core.catalog.messages.put(replace(old, channel="C0OLD"))
    slack.archived |= {"C0OLD"} if code == "is_archived" else set()
    slack.left |= {"C0OLD"} if code == "not_in_channel" else set()
    world.core.catalog.backups.move(first, ANY, warning="nobody will read this")
    world.core.catalog.backups.move(second, ANY, warning="important news")
    slack.until(lambda: "important news" in words(roots(slack)), "the edit of the other message")
    slack.until(lambda: shown(world), "the revision")
    assert len([body for body in slack.calls("chat.update") if body["channel"] == "C0OLD"]) == 1


def test_message_refused_again_and_again_is_given_up(
    slack: SlackServer, make_world: Callable[..., World], caplog: pytest.LogCaptureFixture
) -> None:
    """An uninvited bot tries for about an hour, less and less often, and later posts what is new."""
    world = make_world(board=False)
    clock = SteppedClock()
    world.board.postbox.clock = clock
    world.board.resume()
    slack.left = {"C0BACKUPS"}
    world.backed_up()
    with caplog.at_level(logging.WARNING):
        for _ in range(2 * MOST_REFUSALS):
            world.board.tick()
            clock.seconds += LONGEST_WAIT
    assert len(slack.calls("chat.postMessage")) == MOST_REFUSALS
    assert len([line for line in caplog.messages if line.endswith("given up")]) == 1
    assert shown(world)
    slack.left = set()
    world.backed_up()
    for _ in range(5):
        world.board.tick()
        clock.seconds += 1
    assert len(roots(slack)) == 1
    assert shown(world)


def test_refused_message_waits_alone(slack: SlackServer, make_world: Callable[..., World]) -> None:
    """Where Slack refuses one message, the next in its channel is posted at once."""
    world = make_world(board=False)
    clock = SteppedClock()
    world.board.postbox.clock = clock
    world.board.resume()
    world.backed_up()
    second = world.backed_up()
    slack.troubles["chat.postMessage"] = [Trouble(200, "restricted_action_read_only_channel")]
    world.board.tick()
    assert [message["metadata"] for message in roots(slack) if second in str(message)]
    assert len(roots(slack)) == 1
    for _ in range(5):
        world.board.tick()
        clock.seconds += 1
    assert len(roots(slack)) == 2


def test_record_that_can_not_be_shown_holds_no_other_up(slack: SlackServer, make_world: Callable[..., World]) -> None:
    """A record that our own words stumble over is logged; the others are shown and the revision advances."""
    world = make_world(board=False)
    world.board.resume()
    broken = world.backed_up()
    world.core.catalog.backups.move(broken, ANY, counts={"vertices": {"god": "three"}})
    world.backed_up()
    for _ in range(6):
        world.board.tick()
    assert len(roots(slack)) == 1
    assert "is done and proven" in words(roots(slack))
    assert shown(world)


@pytest.mark.parametrize("trouble", [Trouble(429, "ratelimited"), Trouble(200, "internal_error"), Trouble(cut=True)])
def test_lost_answer_and_a_refused_look_post_nothing_twice(
    slack: SlackServer, make_world: Callable[..., World], trouble: Trouble
) -> None:
    """Where the answer to a post was lost and looking for it is refused, it is looked for again."""
    world = make_world()
    slack.troubles["conversations.history"] = [trouble]
    slack.troubles["chat.postMessage"] = [Trouble(cut=True)]
    world.backed_up()
    slack.until(lambda: len(slack.messages.get("C0BACKUPS", [])) >= 2 and shown(world), "the message and its reply")
    assert len(roots(slack)) == 1


def test_failing_slack_may_have_posted(slack: SlackServer, make_world: Callable[..., World]) -> None:
    """After an internal error of Slack the message is looked for before it is posted again."""
    world = make_world()
    slack.troubles["chat.postMessage"] = [Trouble(500, "internal_error")]
    world.backed_up()
    slack.until(lambda: len(slack.messages.get("C0BACKUPS", [])) == 2 and shown(world), "the message and its reply")
    assert slack.calls("conversations.history")
    assert len(roots(slack)) == 1
