"""What happens by itself is told in the channel: once, in order, where people look, and what is alike together."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.model.backup import BackupState
from core.model.expected import MOST_COVERED
from core.model.notice import NoticeKind
from tests.bot.conftest import World
from tests.bot.driven import Driven, DrivenClock, driven
from tests.bot.heard import Trouble
from tests.bot.people import ONCALL, button, words
from tests.bot.test_refused import shown

HOUR = 3_600.0


@pytest.fixture
def bot(make_world: Callable[..., World]) -> Driven:
    """Give a bot whose time a test drives."""
    return driven(make_world)


def overdue(bot: Driven, source: str = "orders") -> None:
    """Record that a source is overdue."""
    bot.tell(NoticeKind.OVERDUE, source, newest_good_at=None, goal_seconds=86_400, last_failure="It is down.")


def test_each_notice_is_one_message_in_order(bot: Driven) -> None:
    """What was told first is posted first, each once, and a restart posts none again."""
    for number in range(4):
        bot.tell(NoticeKind.CATALOG, key=f"{number}", what="rebuilt", path="/x", manifests=number)
    bot.settle()
    assert bot.subjects() == ["notice:1", "notice:2", "notice:3", "notice:4"]
    assert [f"from {n} manifest" in text for n, text in enumerate(bot.texts())] == [True] * 4
    assert shown(bot.world)
    bot.world.core.catalog.marks.put("slack board revision", "0")
    bot.world.board.resume()
    bot.settle()
    assert len(bot.messages) == 4


def test_each_freeze_says_who_and_until_when(bot: Driven) -> None:
    """After an outage of Slack the freezes and thaws of meanwhile are told one by one, in their order."""
    bot.world.slack.go_away()
    for number, who in enumerate(("U0ONCALL", "U0APPROVER")):
        person, until = {"id": who, "name": "", "door": "slack"}, f"2026-12-0{number + 1}T00:00:00+00:00"
        bot.tell(NoticeKind.FROZEN, key=f"{number}", person=person, reason=f"incident {number}", until=until)
        bot.tick(60.0)
        bot.tell(NoticeKind.THAWED, key=f"{number}", person=person, reason=f"incident {number}", until=until)
    bot.world.slack.come_back()
    bot.settle()
    assert bot.subjects() == ["notice:1", "notice:2", "notice:3", "notice:4"]
    first, _, second, _ = bot.texts()
    assert ("by <@U0ONCALL>: “incident 0”" in first, "by <@U0APPROVER>: “incident 1”" in second) == (True, True)
    assert first.partition(" by ")[0] != second.partition(" by ")[0]


def test_later_notice_waits_for_an_earlier_one(bot: Driven) -> None:
    """Where Slack refuses one, the next is not told before it."""
    bot.world.slack.troubles["chat.postMessage"] = [Trouble(200, "restricted_action_thread_locked")] * 3
    for number in range(2):
        bot.tell(NoticeKind.CATALOG, key=f"{number}", what="rebuilt", path="/x", manifests=number)
    bot.settle()
    assert bot.subjects() == ["notice:1", "notice:2"]


def test_notices_wait_for_an_invitation_however_long(bot: Driven) -> None:
    """A bot that was removed from its channel for days tells what happened meanwhile when it is back."""
    bot.world.slack.left = {"C0BACKUPS"}
    bot.tell(NoticeKind.CATALOG, key="1", what="rebuilt", path="/x", manifests=1)
    bot.tick(60.0, times=3 * 24 * 60)
    bot.world.slack.left = set()
    bot.settle()
    assert bot.subjects() == ["notice:1"]


def test_overdue_source_is_told_with_what_to_do(bot: Driven) -> None:
    """The alarm names goal and failure, and offers a new backup and the options of the last try."""
    failed = bot.scheduled(BackupState.FAILED)
    overdue(bot)
    bot.settle()
    [message] = [message for message in bot.roots if "is overdue" in words(message["blocks"])]
    assert "The last try failed: It is down." in words(message["blocks"])
    assert button(message["blocks"], "Options")["value"] == failed.id
    press = button(message["blocks"], "Back up now")
    screen = bot.world.people.press(ONCALL, press, ephemeral=False)
    assert "initiated" in screen.text


def test_recovery_answers_its_alarm(bot: Driven) -> None:
    """That a source is good again stands in the thread of its alarm and in the channel, once."""
    overdue(bot)
    bot.settle()
    bot.tell(NoticeKind.RECOVERED, "orders", backup_id="20261123T030000Z-000001", overdue_seconds=7_200)
    bot.settle()
    [alarm, recovered] = bot.messages
    assert recovered["thread_ts"] == alarm["ts"]
    assert recovered["reply_broadcast"]
    assert "is good again.* It was overdue for 2 h." in words(recovered["blocks"])


def test_alarm_and_recovery_that_both_wait_are_one_message(bot: Driven) -> None:
    """What was overdue and is good again before anybody could be told is told as that."""
    bot.world.slack.always = Trouble(429, "ratelimited", 30)
    for _ in range(2):
        overdue(bot)
        bot.tick(HOUR)
        bot.tell(NoticeKind.RECOVERED, "orders", backup_id="b", overdue_seconds=3_600)
        bot.tick(HOUR)
    bot.world.slack.always = None
    bot.settle()
    [text] = bot.texts()
    assert "`orders` is good again.* It was overdue 2 times since" in text
    assert shown(bot.world)


def test_very_many_missed_runs_are_told_as_at_least(bot: Driven) -> None:
    """Where more runs were missed than are counted, the catch-up says that there were at least so many."""
    due = "2026-11-23T03:00:00+00:00"
    bot.tell(NoticeKind.CAUGHT_UP, "orders", due_at=due, covers=3, covers_since=due, backup_id="")
    bot.settle()
    bot.tell(
        NoticeKind.CAUGHT_UP, "orders", key="later", due_at=due, covers=MOST_COVERED, covers_since=due, backup_id=""
    )
    bot.settle()
    text = " ".join(bot.texts())
    assert "makes up for that and 3 earlier runs" in text
    assert f"makes up for that and at least {MOST_COVERED} earlier runs" in text


def test_digests_that_wait_are_folded_into_the_newest(bot: Driven) -> None:
    """Of three digests that could not be delivered only the newest stands, and says which ones are missing."""
    bot.world.slack.always = Trouble(429, "ratelimited", 30)
    for day in ("2026-11-23", "2026-11-24", "2026-11-25"):
        bot.tell(NoticeKind.DIGEST, key=day, day=day, sources=[], storage_bytes=5)
        bot.tick(HOUR)
    bot.world.slack.always = None
    bot.settle()
    [text] = bot.texts()
    assert "Backups, Wed 25 Nov" in text
    assert "2 earlier digests of Mon 23 Nov and Tue 24 Nov could not be delivered." in text
    messages = bot.world.core.catalog.messages
    assert [messages.get(f"notice:{seq}", "main").host for seq in (1, 2, 3)] == ["notice:3", "notice:3", ""]  # type: ignore[union-attr]


def test_digest_says_which_sources_fail_still(bot: Driven) -> None:
    """A source whose last try failed is failing; one that has a good backup since is good, its failures counted."""
    early, late = ((bot.clock.now() - timedelta(hours=hours)).isoformat() for hours in (3, 1))
    rows = [{"name": name, "newest_good_at": at, "failures": 1} for name, at in (("gods", early), ("orders", late))]
    middle = (bot.clock.now() - timedelta(hours=2)).isoformat()
    failures = [{"id": "b", "source": one["name"], "at": middle, "message": "It is down."} for one in rows]
    bot.tell(NoticeKind.DIGEST, key="2026-11-23", sources=rows, failures=failures, free={"local": None})
    bot.settle()
    [text] = bot.texts()
    assert "`gods` · *failing*, newest good 3 h ago" in text
    assert "`orders` · good, newest 1 h ago" in text
    assert text.count("1 failure ·") == 2
    assert "the vault `local` can't be reached" in text


def test_many_sources_with_the_same_alarm_are_one_message(make_world: Callable[..., World]) -> None:
    """After a day off everything is overdue at once: one message says so, and one that all are good again."""
    names = tuple(f"s{number}" for number in range(8))
    bot = driven(make_world, sources=names)
    for name in names:
        overdue(bot, name)
    bot.settle()
    [text] = bot.texts()
    assert "*8 sources are overdue:*" in text
    assert all(f"`{name}`" in text for name in names)
    for name in names[:2]:
        bot.tell(NoticeKind.RECOVERED, name, backup_id="b", overdue_seconds=60)
    bot.settle()
    assert [message["thread_ts"] for message in bot.messages[1:]] == [bot.messages[0]["ts"]] * 2


def test_what_many_sources_hold_back_is_told_with_what_says_yes(make_world: Callable[..., World]) -> None:
    """One message about many names the commands that show what would go and that let it."""
    names = tuple(f"s{number}" for number in range(8))
    bot = driven(make_world, sources=names)
    for name in names:
        bot.tell(NoticeKind.HELD_BACK, name, count=11, of=12, why="The policy was changed.")
    bot.settle()
    [text] = bot.texts()
    assert "*8 sources would lose many backups at once" in text
    assert "`/backups policy`" in text
    assert "`/backups let-go` says yes" in text


def test_fold_that_was_begun_stays_as_it_was(bot: Driven) -> None:
    """A message whose answer was lost is found again, and what came later is told in the next one."""
    for day in ("2026-11-23", "2026-11-24"):
        bot.tell(NoticeKind.DIGEST, key=day, day=day, sources=[])
    bot.world.slack.troubles["chat.postMessage"] = [Trouble(cut=True)]
    bot.tick()
    assert len(bot.messages) == 1
    bot.tell(NoticeKind.DIGEST, key="2026-11-25", day="2026-11-25", sources=[])
    bot.settle()
    assert bot.subjects() == ["notice:2", "notice:3"]
    assert "1 earlier digest of Mon 23 Nov" in bot.texts()[0]
    assert "earlier" not in bot.texts()[1]


def test_notice_that_can_not_be_shown_holds_no_other_up(bot: Driven) -> None:
    """A notice that our own words stumble over is logged; the next is told and the revision advances."""
    bot.tell(NoticeKind.CLOCK, jump_seconds="forward")
    bot.tell(NoticeKind.CATALOG, what="rebuilt", path="/x", manifests=1)
    bot.settle()
    assert bot.subjects() == ["notice:2"]
    assert shown(bot.world)


def test_new_process_tells_what_the_old_one_could_not(make_world: Callable[..., World]) -> None:
    """What waited when the bot ended is told by the next one, what was told is not."""
    first = driven(make_world)
    first.tell(NoticeKind.CATALOG, key="1", what="rebuilt", path="/x", manifests=1)
    first.settle()
    first.world.slack.always = Trouble(500, "internal_error")
    first.tell(NoticeKind.CATALOG, key="2", what="rebuilt", path="/x", manifests=2)
    first.settle()
    first.world.board.stop()
    first.world.slack.always = None
    first.clock.shift += timedelta(hours=1)
    second = driven(make_world, first.clock)
    second.settle()
    assert second.subjects() == ["notice:1", "notice:2"]


def test_that_the_catalog_was_made_anew_is_told(make_world: Callable[..., World]) -> None:
    """A catalog that no bot has ever served, rebuilt of manifests alone, begins with telling just that."""
    clock = DrivenClock()
    world = make_world(board=False, clock=clock)
    bot = Driven(world, clock)
    bot.tell(NoticeKind.CATALOG, what="set aside", path="", copy_at=None, manifests=3)
    world.board.resume()
    bot.settle()
    [text] = bot.texts()
    assert "The catalog was gone" in text
    assert "rebuilt from 3 manifests" in text
    assert "retention is frozen for a week" in text
