"""A list follows what is under way in it: it is drawn again as it stands, within what a response_url is good for."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from bot.blocks.listing import FOLLOWS, STANDS, ListPlace
from bot.following import LISTS, SECONDS_BETWEEN_STEPS, SECONDS_FOLLOWED, STEPS, Followed, Sheet
from bot.lists import draw_list
from core.model.person import Door, Person
from core.model.progress import Step
from tests.bot.conftest import World
from tests.bot.heard import Json
from tests.bot.people import APPROVER, ONCALL, Screen, button, words
from tests.bot.slack_server import USES
from tests.bot.test_refused import ANY, SteppedClock

ELSEWHERE = "1700000000.000200"


@contextmanager
def nothing_runs(world: World) -> Iterator[None]:
    """Let backups that are begun wait until the end of the block."""
    held = threading.Event()
    for number in range(world.core.config.runner_threads):
        world.core.runner.submit(f"in the way {number}", lambda: bool(held.wait(30)) or None)
    try:
        yield
    finally:
        held.set()


def drawings(world: World, screen: Screen) -> list[Json]:
    """Return what came by the response_url of a screen."""
    return world.slack.replies[screen.url[screen.url.index("/response/") :]]


def last(world: World, screen: Screen) -> str:
    """Return what a screen has come to show."""
    return words(drawings(world, screen)[-1]["blocks"])


def begun(world: World, user: str = ONCALL, **more: Any) -> Screen:
    """Press Back up now in a list."""
    return world.people.press(user, button(world.people.typed(user, "").blocks, "Back up now"), **more)


def test_list_follows_a_backup_to_its_end(world: World) -> None:
    """Without another click the pending row becomes the good one in the same message, and says so no longer."""
    with nothing_runs(world):
        screen = begun(world)
        assert "*Pending* · started" in screen.text
        assert FOLLOWS in screen.text
        assert "initiated by" in screen.text
    world.slack.until(lambda: "· proven ·" in last(world, screen), "the good row")
    assert all(drawn["replace_original"] for drawn in drawings(world, screen))
    for gone in ("Pending", FOLLOWS, "initiated by"):
        assert gone not in last(world, screen)
    assert len(drawings(world, screen)) < USES


def test_list_follows_a_backup_that_fails(world: World) -> None:
    """A run that fails shows why in the list, with Retry in its Options; Retry is followed as well."""
    (world.folder / "orders.db").rename(world.folder / "away.db")
    screen = begun(world)
    world.slack.until(lambda: "*failed*" in last(world, screen), "the failure")
    opened = world.people.press(ONCALL, button(drawings(world, screen)[-1]["blocks"], "Options"))
    (world.folder / "away.db").rename(world.folder / "orders.db")
    told = world.people.press(ONCALL, button(opened.blocks, "Retry"))
    world.slack.until(lambda: "· proven ·" in last(world, told), "the second try")
    assert "Close" in last(world, told)


def test_newer_click_is_not_drawn_over(world: World) -> None:
    """Who opens a row meanwhile sees it open when the run has ended, by that click's URL and by no older one."""
    with nothing_runs(world):
        screen = begun(world)
        opened = world.people.press(ONCALL, button(screen.blocks, "Options"))
        assert "Close" in opened.text
    world.slack.until(lambda: "· proven ·" in last(world, opened), "the good row")
    assert button(drawings(world, opened)[-1]["blocks"], "Close")
    assert button(drawings(world, opened)[-1]["blocks"], "Download")
    assert len(drawings(world, screen)) == 1


def test_what_took_the_place_of_a_list_stays(world: World) -> None:
    """Retention in the place of a list is not drawn over when the backup has ended; other people's lists are drawn."""
    with nothing_runs(world):
        screen = begun(world)
        policy = world.people.press(ONCALL, button(screen.blocks, "Retention"))
        later = begun(world, APPROVER, ts=ELSEWHERE)
        assert "you joined it" in later.text
    world.slack.until(lambda: "· proven ·" in last(world, later), "the list of somebody else")
    assert [len(drawings(world, one)) for one in (screen, policy)] == [1, 1]
    again = world.people.press(ONCALL, button(policy.blocks, "Back"))
    assert "· proven ·" in again.text


def test_clicks_that_answer_elsewhere_leave_a_list_followed(world: World) -> None:
    """Verify pressed in an opened row is answered on its own, and the list shows the new proof by itself."""
    world.backed_up()
    opened = world.people.press(ONCALL, button(world.people.typed(ONCALL, "").blocks, "Options"))
    told = world.people.press(ONCALL, button(opened.blocks, "Verify"))
    assert "Verifying" in told.text
    world.slack.until(lambda: len(drawings(world, told)) > 1 and "*Pro" in last(world, told), "the list")
    assert drawings(world, told)[1]["replace_original"]
    assert button(drawings(world, told)[1]["blocks"], "Close")


def test_list_of_every_source_shows_what_a_modal_began(make_world: Callable[..., World]) -> None:
    """Where Back up now had to ask for the source, the list it was pressed in shows the backup all the same."""
    world = make_world(("orders", "people"))
    turned = world.people.press(
        ONCALL,
        {"type": "static_select", "action_id": "choose_source"},
        value={"selected_option": {"value": "*"}},
    )
    pressed = world.people.click(ONCALL, button(turned.blocks, "Back up now"))
    world.people.send(pressed)
    view = world.people.modal("Back up now")
    world.people.sent(ONCALL, view, {"source": {"source": {"selected_option": {"value": "people"}}}})
    shown = world.people.answer(pressed["response_url"])
    world.slack.until(lambda: "`people`" in last(world, shown) and "· proven ·" in last(world, shown), "the list")


def test_list_over_the_dashboard_follows_too(world: World) -> None:
    """The list in a modal is drawn again when the backup that was begun in it has ended."""
    world.people.open_home(ONCALL)
    world.slack.until(lambda: ONCALL in world.slack.homes, "the dashboard")
    home = {"type": "home", "id": "VHOME", **world.slack.homes[ONCALL]}
    world.people.send(world.people.click_in_view(ONCALL, button(home["blocks"], "Options"), home))
    modal = world.people.modal("Backups")
    world.people.send(world.people.click_in_view(ONCALL, button(modal["blocks"], "Back up now"), modal))
    world.slack.until(lambda: "· proven ·" in words(world.slack.views[modal["id"]]["blocks"]), "the good row")


def test_url_that_works_no_longer_ends_it_quietly(world: World) -> None:
    """Where Slack refuses the response_url, it is asked once and nobody is told; the next click is followed again."""
    with nothing_runs(world):
        screen = begun(world)
        path = screen.url[screen.url.index("/response/") :]
        world.slack.expired.add(path)
    world.slack.until(lambda: world.slack.refused.get(path), "the refusal")
    again = begun(world)
    world.slack.until(lambda: "· proven ·" in last(world, again), "the next one")
    assert (world.slack.refused[path], len(drawings(world, screen))) == (1, 1)
    assert not world.slack.calls("chat.postEphemeral")


class Slow:
    """A list with a backup whose run takes as long as a test says."""

    def __init__(self, make_world: Callable[..., World], more: str = "") -> None:
        self.clock = SteppedClock()
        self.world = make_world(board=False, clock=self.clock, more=more)
        self.following = self.world.board.following
        self.backup = self.world.backed_up()
        self.come_to("checking")
        self.sheet = Sheet("a list", ONCALL, self.world.slack.response_url())
        self.following.drew(self.sheet, draw_list(self.world.core, ListPlace(source="orders"), follows=True))

    def come_to(self, step: str) -> None:
        """Let the run come to a step, or to its end."""
        self.world.core.catalog.backups.move(self.backup, ANY, step=Step(step, 1, 2) if step else None)

    def after(self, seconds: float = SECONDS_BETWEEN_STEPS) -> list[str]:
        """Let time pass; return what the list has come to show after the click."""
        self.clock.seconds += seconds
        self.following.tick()
        path = self.sheet.url[self.sheet.url.index("/response/") :]
        return [words(drawn["blocks"]) for drawn in self.world.slack.replies.get(path, [])]


def test_progress_is_drawn_twice_and_the_end_always(make_world: Callable[..., World]) -> None:
    """However many steps a run has, two of them are drawn, not at once, and the end is; all by one response_url."""
    slow = Slow(make_world)
    slow.come_to("capturing")
    assert slow.after(1.0) == []
    for number in range(20):
        slow.come_to(f"step {number}")
        slow.after()
    assert [shown.count("step 0") + shown.count("step 1") for shown in slow.after()] == [1, 1]
    slow.come_to("")
    assert "step" not in slow.after(0.1)[-1]
    assert len(slow.after(10.0)) == 3


def test_list_says_when_it_is_no_longer_followed(make_world: Callable[..., World]) -> None:
    """A run that outlives the response_url is followed by the list for half an hour, which then says so, once."""
    slow = Slow(make_world)
    assert slow.after(SECONDS_FOLLOWED - 1) == []
    (shown,) = slow.after(1.0)
    assert STANDS in shown
    assert "checking" in shown
    slow.come_to("")
    assert len(slow.after()) == 1


def test_many_runs_in_one_list_stay_within_a_url(make_world: Callable[..., World]) -> None:
    """Where more ends than a response_url can tell, the last end is told and one use is left over."""
    slow = Slow(make_world)
    backups = slow.world.core.catalog.backups
    ids = [slow.world.backed_up() for _ in range(7)]
    for one in ids:
        backups.move(one, ANY, step=Step("verifying", 0, 1))
    slow.following.drew(slow.sheet, draw_list(slow.world.core, ListPlace(), follows=True))
    for one in [slow.backup, *ids]:
        backups.move(one, ANY, step=None)
        shown = slow.after()
    assert len(shown) == USES - 2
    assert "verifying" not in shown[-1]
    assert FOLLOWS not in shown[-1]


def test_slack_that_is_away_is_asked_again(make_world: Callable[..., World]) -> None:
    """A redrawing that did not arrive is tried again after a while, within the same uses."""
    slow = Slow(make_world)
    slow.world.slack.go_away()
    slow.come_to("")
    slow.after()
    slow.world.slack.come_back()
    assert slow.after(1.0) == []
    assert "checking" not in slow.after(10.0)[-1]


def test_only_so_many_lists_are_followed(world: World) -> None:
    """Beyond the bound the one that nobody has clicked in for longest is dropped."""
    following, drawing = world.board.following, draw_list(world.core, ListPlace())
    for number in range(LISTS + 1):
        following.drew(Sheet(f"list {number}", ONCALL), drawing)
    assert following.take(Sheet("list 0", ONCALL)) is None
    assert isinstance(following.take(Sheet("list 1", ONCALL)), Followed)


def test_a_click_that_ends_late_does_not_bring_back_what_it_was_made_in(make_world: Callable[..., World]) -> None:
    """Of two clicks in one list the later one has drawn another page: that is followed, and drawn by its URL."""
    slow = Slow(make_world)
    earlier = slow.following.take(slow.sheet)
    assert earlier is not None
    later = Sheet(slow.sheet.key, ONCALL, slow.world.slack.response_url())
    slow.following.drew(later, draw_list(slow.world.core, ListPlace(), follows=True))
    slow.following.put_back(earlier, slow.sheet)
    slow.come_to("")
    assert slow.after() == []
    assert slow.world.slack.replies[later.url[later.url.index("/response/") :]]


def test_list_that_names_a_freeze_follows_its_end(make_world: Callable[..., World]) -> None:
    """A list in which somebody has clicked does not go on saying that nothing is deleted."""
    slow = Slow(make_world, more=f'retain = ["{APPROVER}"]')
    core, boss = slow.world.core, Person(APPROVER, "arne", Door.SLACK)
    core.time.freeze_retention(boss, core.clock.now() + timedelta(days=2), "look")
    assert "Nothing is deleted until" in slow.after(0.1)[-1]
    core.time.thaw_retention(boss)
    assert "Nothing is deleted until" not in slow.after(0.1)[-1]


def test_a_freeze_takes_no_end_from_a_list(make_world: Callable[..., World]) -> None:
    """Two steps were drawn before retention is frozen: the end of the run is drawn, and names the freeze."""
    slow = Slow(make_world, more=f'retain = ["{APPROVER}"]')
    core, boss = slow.world.core, Person(APPROVER, "arne", Door.SLACK)
    for step in ("capturing", "storing"):
        slow.come_to(step)
        slow.after()
    core.time.freeze_retention(boss, core.clock.now() + timedelta(days=2), "look")
    assert len(slow.after()) == STEPS
    slow.come_to("")
    shown = slow.after()[STEPS:]
    assert ["Nothing is deleted until" in one and FOLLOWS not in one for one in shown] == [True]


def test_what_was_begun_elsewhere_takes_no_end_from_a_list(make_world: Callable[..., World]) -> None:
    """With one drawing left for it, a list waits for the end of what its person has begun meanwhile, and has both."""
    slow = Slow(make_world)
    for step in ("capturing", "storing"):
        slow.come_to(step)
        slow.after()
    with nothing_runs(slow.world):
        later = slow.world.core.create_backup("orders", Person(ONCALL, "ola", Door.SLACK)).backup.id
        slow.come_to("")
        assert len(slow.after()) == STEPS
    assert slow.world.core.runner.wait(later, 30)
    shown = slow.after()[STEPS:]
    assert [one.count("· proven ·") == 2 and FOLLOWS not in one for one in shown] == [True]
