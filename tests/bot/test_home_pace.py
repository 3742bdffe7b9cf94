"""How often dashboards are drawn, and what that asks of Slack."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from slack_sdk import WebClient

from bot.access import SECONDS_REMEMBERED
from bot.homes import SECONDS_BETWEEN_DRAWINGS, SECONDS_BETWEEN_STEPS, Homes
from core.model.person import Door, Person
from core.model.progress import Step
from core.services.access import Verb
from tests.bot.conftest import World
from tests.bot.heard import Trouble
from tests.bot.people import APPROVER, GUEST, ONCALL
from tests.bot.slack_server import BOT_TOKEN, SlackServer
from tests.bot.test_refused import ANY, SteppedClock
from tests.bot.test_restart import roots

ASKING = Person(ONCALL, "oncall", Door.SLACK)


class Drawing:
    """The dashboards of a world whose time passes when a test says so."""

    def __init__(self, world: World) -> None:
        self.clock = SteppedClock()
        core = replace(world.core, clock=self.clock, browse=replace(world.core.browse, clock=self.clock))
        client = WebClient(BOT_TOKEN, base_url=world.slack.url, retry_handlers=[])
        self.homes = Homes(core, client, lambda: True)
        self.slack = world.slack
        self.homes.tick()

    def after(self, seconds: float) -> int:
        """Let time pass, draw what is due and return how many drawings there were until now."""
        self.clock.seconds += seconds
        self.homes.tick()
        return len(self.slack.calls("views.publish"))

    def asked(self) -> int:
        """Return how often Slack was asked for the members of a group."""
        return len(self.slack.calls("usergroups.users.list"))


def waiting(world: World) -> str:
    """Take a backup and ask for its restore; returns the backup's id."""
    backup = world.backed_up()
    world.core.request_restore(world.core.plan_restore(backup, ASKING), "why", ASKING)
    return backup


def test_groups_are_asked_once_a_minute_for_drawing(make_world: Callable[..., World]) -> None:
    """However many dashboards are open and whatever changes, drawing asks for a group once a minute."""
    world = make_world(board=False)
    backup, drawing = waiting(world), Drawing(world)
    for user in (ONCALL, APPROVER, GUEST):
        drawing.homes.opened(user)
    for number in range(10):
        world.core.catalog.backups.move(backup, ANY, warning=f"change {number}")
        drawing.after(SECONDS_BETWEEN_DRAWINGS)
    assert drawing.after(0) == 30
    assert drawing.asked() == 1
    world.core.catalog.backups.move(backup, ANY, warning="a minute later")
    drawing.after(SECONDS_REMEMBERED)
    assert drawing.asked() == 2


def test_decisions_ask_for_the_group_again(make_world: Callable[..., World]) -> None:
    """Who left the group a moment ago may not approve, whatever a dashboard still remembers."""
    world = make_world(board=False)
    waiting(world)
    drawing = Drawing(world)
    drawing.homes.opened(APPROVER)
    drawing.after(0)
    assert drawing.asked() == 1
    world.slack.groups["S0DBA"] = []
    assert not world.core.may(Person(APPROVER, "approver", Door.SLACK), Verb.APPROVE)
    assert drawing.asked() == 2


def test_dashboard_is_drawn_when_groups_can_not_be_read(make_world: Callable[..., World]) -> None:
    """Slack's limit on asking for groups takes nobody's dashboard away, and is not worn out by it."""
    world = make_world(board=False)
    waiting(world)
    drawing = Drawing(world)
    world.slack.troubles["usergroups.users.list"] = [Trouble(429, "ratelimited", 30)] * 9
    for user in (ONCALL, APPROVER, GUEST):
        drawing.homes.opened(user)
    assert drawing.after(0) == 3
    assert drawing.asked() == 1


def test_progress_is_drawn_seldom_and_news_at_once(make_world: Callable[..., World]) -> None:
    """A run that only goes on redraws a dashboard four times a minute; a change of anything else in 1.5 s."""
    world = make_world(board=False)
    backup, drawing = world.backed_up(), Drawing(world)
    drawing.homes.opened(ONCALL)
    assert drawing.after(0) == 1
    world.core.catalog.backups.move(backup, ANY, step=Step("verifying", 0, 100))
    assert drawing.after(SECONDS_BETWEEN_DRAWINGS) == 2
    for number in range(1, 15):
        world.core.catalog.backups.move(backup, ANY, step=Step("verifying", number, 100))
        assert drawing.after(1) == 2
    assert drawing.after(SECONDS_BETWEEN_STEPS - 14) == 3
    world.core.catalog.backups.move(backup, ANY, step=Step("verifying", 16, 100))
    assert drawing.after(0) == 3
    world.core.catalog.backups.move(backup, ANY, step=None)
    assert drawing.after(SECONDS_BETWEEN_DRAWINGS) == 4


def test_dashboard_that_nobody_opens_is_dropped(make_world: Callable[..., World]) -> None:
    """A day after it was opened a dashboard is no longer drawn, until it is opened again."""
    world = make_world(board=False)
    backup, drawing = world.backed_up(), Drawing(world)
    drawing.homes.opened(ONCALL)
    assert drawing.after(0) == 1
    drawing.clock.shift = timedelta(hours=23)
    world.core.catalog.backups.move(backup, ANY, warning="within the day")
    assert drawing.after(SECONDS_BETWEEN_DRAWINGS) == 2
    drawing.clock.shift = timedelta(hours=25)
    world.core.catalog.backups.move(backup, ANY, warning="after it")
    assert drawing.after(SECONDS_BETWEEN_DRAWINGS) == 2
    drawing.homes.opened(ONCALL)
    assert drawing.after(SECONDS_BETWEEN_DRAWINGS) == 3


def test_dashboards_survive_a_restart(slack: SlackServer, make_world: Callable[..., World]) -> None:
    """What was opened through one bot is drawn by the next, also where an older one kept no times."""
    first = make_world()
    first.board.stop()
    first.core.catalog.marks.put("slack homes opened", f'["{ONCALL}"]')
    make_world()
    slack.until(lambda: ONCALL in slack.homes, "the drawing")


def test_messages_never_wait_for_dashboards(slack: SlackServer, make_world: Callable[..., World]) -> None:
    """While Slack does not answer the drawing of a dashboard, messages are posted and edited."""
    world = make_world()
    held = slack.holds["views.publish"] = threading.Event()
    try:
        world.people.open_home(ONCALL)
        world.backed_up()
        slack.until(lambda: roots(slack), "the message")
    finally:
        held.set()
    slack.until(lambda: ONCALL in slack.homes, "the drawing")
