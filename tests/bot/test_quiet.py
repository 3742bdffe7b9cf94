"""What goes well by schedule has no message of its own, and failures that are alike share one."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from core.model.backup import BackupState, Tier
from tests.bot.conftest import World
from tests.bot.driven import Driven, driven
from tests.bot.heard import Trouble
from tests.bot.people import button, words
from tests.bot.test_refused import shown

HOUR = 3_600.0


@pytest.fixture
def bot(make_world: Callable[..., World]) -> Driven:
    """Give a bot whose time a test drives."""
    return driven(make_world)


def test_scheduled_success_is_left_to_the_digest(bot: Driven) -> None:
    """What goes well by itself posts nothing; what a person joined, or what has a warning, does."""
    bot.scheduled(BackupState.GOOD)
    bot.settle()
    assert bot.messages == []
    bot.clock.seconds += HOUR
    bot.scheduled(BackupState.GOOD, tiers=frozenset({Tier.DAILY, Tier.ON_DEMAND}))
    bot.settle()
    assert len(bot.roots) == 1
    bot.clock.seconds += HOUR
    bot.scheduled(BackupState.GOOD, warning="It is far smaller than the last one.")
    bot.settle()
    assert len(bot.roots) == 2
    assert "far smaller" in bot.texts()[1]


def test_running_scheduled_backup_is_silent_until_it_fails(bot: Driven) -> None:
    """While it runs nothing is posted; when it fails, its message says so and offers Retry."""
    running = bot.scheduled(BackupState.RUNNING, finished_at=None, failure=None)
    bot.settle()
    assert bot.messages == []
    failure = replace(bot.scheduled(BackupState.FAILED, source="other").failure, message="The vault is full.")  # type: ignore[type-var]
    bot.world.core.catalog.backups.move(
        running.id, frozenset({BackupState.RUNNING}), state=BackupState.FAILED, failure=failure
    )
    bot.settle()
    [message] = [message for message in bot.roots if "The vault is full" in words(message["blocks"])]
    assert button(message["blocks"], "Retry")["value"] == running.id


def test_backup_that_has_a_message_keeps_it_true(bot: Driven) -> None:
    """A scheduled run that failed and has a message is edited when its record changes."""
    failed = bot.scheduled(BackupState.FAILED)
    bot.settle()
    bot.world.core.catalog.backups.move(failed.id, frozenset({BackupState.FAILED}), state=BackupState.INTERRUPTED)
    bot.settle()
    assert "was interrupted" in bot.texts()[0]
    assert len(bot.roots) == 1


def test_success_after_a_failure_answers_it(bot: Driven) -> None:
    """People who read that a run failed read there that the next one went well; the one after that is silent."""
    bot.scheduled(BackupState.FAILED)
    bot.settle()
    for _ in range(2):
        bot.clock.seconds += HOUR
        bot.scheduled(BackupState.GOOD)
        bot.settle()
    answers = [message for message in bot.messages if message["thread_ts"] == bot.roots[0]["ts"]]
    assert [("is done and proven" in words(one["blocks"]), one["reply_broadcast"]) for one in answers] == [
        (False, None),
        (True, True),
    ]
    assert len(bot.roots) == 1


def test_failures_that_wait_are_one_message(bot: Driven) -> None:
    """Five failures of one source that nobody could be told are one message, which stays so when it is edited."""
    bot.world.slack.always = Trouble(429, "ratelimited", 30)
    for _ in range(5):
        newest = bot.scheduled(BackupState.FAILED)
        bot.tick(HOUR)
    other = bot.scheduled(BackupState.FAILED, source="other")
    bot.world.slack.always = None
    bot.settle()
    assert len(bot.roots) == 2
    [together] = [text for text in bot.texts() if "`orders`" in text]
    assert "Backup of `orders` failed 5 times since" in together
    assert newest.failure is not None
    assert newest.failure.message in together
    assert other.failure is not None
    bot.world.core.catalog.backups.move(newest.id, frozenset({BackupState.FAILED}), state=BackupState.INTERRUPTED)
    bot.settle()
    assert "failed 5 times since" in bot.texts()[0]
    assert "was interrupted" in bot.texts()[0]
    assert len(bot.roots) == 2
    assert shown(bot.world)


def test_failures_of_a_begun_message_stay_together(bot: Driven) -> None:
    """The answer to a message about two failures was lost: it is found, and a third failure has its own."""
    for _ in range(2):
        bot.scheduled(BackupState.FAILED)
        bot.clock.seconds += 1
    bot.world.slack.troubles["chat.postMessage"] = [Trouble(cut=True)]
    bot.tick()
    bot.scheduled(BackupState.FAILED)
    bot.settle()
    assert ["failed 2 times" in text for text in bot.texts()] == [True, False]
