"""24 hours without Slack: everything is told afterwards, in order, once, folded where much is alike."""

from collections.abc import Callable

from core.model.backup import BackupState
from core.model.notice import NoticeKind
from tests.bot.conftest import World
from tests.bot.driven import Driven, driven
from tests.bot.heard import Trouble
from tests.bot.slack_server import SlackServer
from tests.bot.test_refused import shown

MINUTE = 60.0
PERSON = {"id": "U0ONCALL", "name": "olga", "door": "slack"}


def an_hour(bot: Driven, number: int) -> None:
    """Let an hour pass in which a run fails, and at times something else happens."""
    bot.scheduled(BackupState.FAILED)
    if number % 6 == 1:
        bot.tell(NoticeKind.OVERDUE, "orders", newest_good_at=None, goal_seconds=3_600, last_failure="It is down.")
    if number % 6 == 4:
        bot.tell(NoticeKind.RECOVERED, "orders", backup_id="b", overdue_seconds=10_800)
    if number % 8 == 3:
        bot.tell(NoticeKind.SCHEDULE, "orders", person=PERSON, says=f"daily 0{number % 9}:00, UTC", next=[])
    if number in {5, 15}:
        bot.tell(NoticeKind.FROZEN, person=PERSON, reason="incident", until="2026-12-01T00:00:00+00:00")
    if number in {9, 21}:
        bot.tell(NoticeKind.DIGEST, key=f"day {number}", sources=[], storage_bytes=number)
    if number == 18:
        bot.tell(NoticeKind.CATALOG, what="rebuilt", path="/x", manifests=3)
    bot.tick(MINUTE, times=60)


def test_a_day_without_slack(slack: SlackServer, make_world: Callable[..., World]) -> None:
    """Slack fails, then is overrun, then is gone; the bot is replaced in the middle; the first answer gets lost."""
    bot = driven(make_world)
    bot.tell(NoticeKind.CATALOG, key="before", what="rebuilt", path="/x", manifests=1)
    bot.settle()
    slack.always = Trouble(500, "internal_error")
    for number in range(8):
        an_hour(bot, number)
    slack.always = Trouble(429, "ratelimited", 30)
    for number in range(8, 12):
        an_hour(bot, number)
    bot.world.board.stop()
    bot = driven(make_world, bot.clock)
    for number in range(12, 16):
        an_hour(bot, number)
    slack.always = None
    slack.go_away()
    for number in range(16, 24):
        an_hour(bot, number)
    assert len(bot.messages) == 1
    tried = len(slack.heard)
    slack.come_back()
    slack.troubles["chat.postMessage"] = [Trouble(cut=True), Trouble(429, "ratelimited", 2)]
    bot.settle()
    catalog = bot.world.core.catalog
    told = catalog.notices.changed_since(0)
    standing = [catalog.messages.get(f"notice:{notice.seq}", "main") for notice in told]
    assert all(message is not None and message.ts for message in standing), "something was not told"
    numbers = [int(subject.partition(":")[2]) for subject in bot.subjects() if subject.startswith("notice:")]
    assert numbers == sorted(set(numbers)), "out of order, or twice"
    assert len(numbers) == 1 + 6, "\n".join(bot.texts())
    failures = [text for text in bot.texts() if text.startswith("Backup of `orders` failed")]
    assert len(failures) == 1
    assert "failed 24 times since" in failures[0]
    assert [text for text in bot.texts() if "was overdue 4 times since" in text]
    assert [text for text in bot.texts() if "changed 2 times more since" in text]
    assert [text for text in bot.texts() if "1 earlier digest of" in text]
    assert shown(bot.world)
    assert tried < 3_000, "no more than it may ask"
