"""What one person alone sees has the buttons that they may press, and says who may press the others."""

from collections.abc import Callable
from datetime import timedelta

from core.model.backup import BackupState
from core.model.instance import Instance, InstanceState
from core.model.person import Door, Person
from tests.bot.conftest import World
from tests.bot.heard import Trouble
from tests.bot.people import APPROVER, GUEST, ONCALL, button, words
from tests.bot.test_following import drawings, last, nothing_runs
from tests.bot.test_keep import RELEASE, WHY, asked, standing, typed
from tests.bot.test_policy import labels

RETAIN = f'retain = ["{APPROVER}"]'
GROUPED = ('restore = ["U0ONCALL", "U0APPROVER"]', 'restore = ["S0DBA"]')
QUESTION = "usergroups.users.list"


def test_a_guest_is_shown_what_can_be_looked_at(make_world: Callable[..., World]) -> None:
    """Lists, rows, policy and schedule have for a guest no button that would be refused, and say who may, once."""
    world = make_world(more=RETAIN)
    backup = world.backed_up()
    listed = world.people.typed(GUEST, "list")
    assert labels(listed.blocks) == ["Schedule", "Retention", "Options"]
    assert f"Only <@{ONCALL}>, <@{APPROVER}> may press *Back up now*." in listed.text
    opened = world.people.press(GUEST, button(listed.blocks, "Options"))
    assert labels(opened.blocks) == ["Schedule", "Retention", "Close", "Why kept"]
    assert f"Only <@{ONCALL}>, <@{APPROVER}> may press *Back up now*, *Download*, *Restore*, *Verify*" in opened.text
    assert labels(world.people.press(GUEST, {**WHY, "value": backup}).blocks) == []
    assert labels(world.people.typed(ONCALL, "schedule").blocks) == ["Back"]
    assert labels(world.people.typed(APPROVER, "schedule").blocks) == ["Change", "Back"]
    world.people.typed(APPROVER, "freeze 7d look")
    assert "Thaw" not in labels(world.people.typed(ONCALL, "list").blocks)
    assert f"Only <@{APPROVER}> may press *Thaw*." in world.people.typed(ONCALL, "list").text
    assert "Thaw" in labels(world.people.typed(APPROVER, "list").blocks)


def test_a_list_that_is_drawn_again_by_itself_offers_no_more(world: World) -> None:
    """When the backup in a guest's opened row ends, what stands there then is still what a guest may do."""
    with nothing_runs(world):
        world.people.typed(ONCALL, "now orders")
        opened = world.people.press(GUEST, button(world.people.typed(GUEST, "list").blocks, "Options"))
        assert labels(opened.blocks) == ["Schedule", "Retention", "Close"]
    world.slack.until(lambda: "· proven ·" in last(world, opened), "the good row")
    assert labels(drawings(world, opened)[-1]["blocks"]) == ["Schedule", "Retention", "Close", "Why kept"]


def test_what_nobody_may_is_said(world: World) -> None:
    """Where the configuration names nobody, the page says so instead of offering what everybody is refused."""
    assert "So far nobody may press *Change*." in world.people.typed(ONCALL, "schedule").text


def test_the_channel_keeps_its_buttons(world: World) -> None:
    """What all see has them all, whoever asked for it, for others see it, too."""
    world.backed_up()
    assert labels(standing(world, "is done")["blocks"]) == ["Options", "Download", "Restore"]


def test_release_is_offered_to_who_placed_the_hold_and_who_may_release_any(make_world: Callable[..., World]) -> None:
    """Of two who may keep, the one who holds and the one with the other right are offered Release, as it is granted."""
    world = make_world(more=RETAIN)
    first, second = world.backed_up(), world.backed_up()
    world.people.sent(ONCALL, asked(world, ONCALL, first), typed())
    world.people.sent(APPROVER, asked(world, APPROVER, second), typed())
    for user, backup, offered in ((ONCALL, first, True), (ONCALL, second, False), (APPROVER, first, True)):
        shown = world.people.press(user, {**WHY, "value": backup})
        assert ("Release" in labels(shown.blocks)) is offered
    assert "Released" in world.people.press(APPROVER, {**RELEASE, "value": first}).text


def test_ones_own_run_and_instance_can_be_ended(world: World) -> None:
    """Cancel and Extend are offered to whose it is, whatever other rights they have, and not to others."""
    backup = world.backed_up()
    guest, now = Person(GUEST, "guest", Door.SLACK), world.clock.now()
    world.core.catalog.backups.move(backup, frozenset(BackupState), state=BackupState.RUNNING, requested_by=guest)
    assert labels(world.people.typed(GUEST, f"show {backup}").blocks) == ["Close", "Cancel"]
    about = ("sqlite-restore-x", "r-1", backup, "orders", "sqlite", "here", InstanceState.READY)
    world.core.catalog.instances.create(Instance(*about, guest, now, now + timedelta(hours=4)))
    assert labels(world.people.typed(GUEST, "instances").blocks) == ["Extend", "Destroy"]
    assert labels(world.people.typed(ONCALL, "instances").blocks) == []


def test_a_group_is_asked_once_and_then_remembered(make_world: Callable[..., World]) -> None:
    """Drawing asks Slack for a group once a minute; the click asks again, and refuses who has left it meanwhile."""
    world = make_world(instead=GROUPED)
    backup = world.backed_up()
    for user, offered in ((APPROVER, True), (ONCALL, False), (APPROVER, True)):
        shown = world.people.typed(user, f"show {backup}")
        assert ("Restore" in labels(shown.blocks)) is offered
    assert "Only <!subteam^S0DBA> may press *Restore*." in world.people.typed(ONCALL, f"show {backup}").text
    assert len(world.slack.calls(QUESTION)) == 1
    world.slack.groups["S0DBA"] = []
    world.people.send(world.people.click(APPROVER, button(shown.blocks, "Restore")))
    assert "right to restore" in words(world.people.modal("Safehold")["blocks"])


def test_where_groups_can_not_be_read_every_button_is_shown(make_world: Callable[..., World]) -> None:
    """A Slack that does not answer takes no button away, and is not asked again for each list."""
    world = make_world(instead=GROUPED)
    backup = world.backed_up()
    world.slack.troubles[QUESTION] = [Trouble(429, "ratelimited", 30)]
    for _ in range(3):
        assert "Restore" in labels(world.people.typed(ONCALL, f"show {backup}").blocks)
    assert len(world.slack.calls(QUESTION)) == 1


def test_of_many_groups_one_is_asked_for_a_view(make_world: Callable[..., World]) -> None:
    """What is not known yet is shown, and is known a few views later: nobody waits for many answers of Slack."""
    world = make_world(instead=GROUPED, more='retain = ["S0OTHER", "S0DBA"]')
    world.slack.groups["S0OTHER"] = []
    world.backed_up()
    world.people.typed(APPROVER, "freeze 7d look")
    for offered in (True, False):
        before = len(world.slack.calls(QUESTION))
        assert ("Thaw" in labels(world.people.typed(ONCALL, "list").blocks)) is offered
        assert len(world.slack.calls(QUESTION)) == before + 1


def test_a_modal_opens_without_a_question_to_slack(make_world: Callable[..., World]) -> None:
    """A trigger does not last: what is not known of a group when a list opens is shown, and known at the next click."""
    world = make_world(instead=('backup = ["U0ONCALL", "U0APPROVER"]', 'backup = ["S0DBA"]'))
    press = {"type": "button", "action_id": "list", "value": "orders"}
    world.people.send(world.people.click_in_view(GUEST, press, {"type": "home", "id": "VHOME"}))
    shown = world.people.modal("Backups")
    assert "Back up now" in labels(shown["blocks"])
    assert world.slack.calls(QUESTION) == []
    world.people.send(world.people.click_in_view(GUEST, button(shown["blocks"], "Schedule"), shown))
    world.slack.until(lambda: "Schedule of orders" in words(world.slack.views[shown["id"]]["blocks"]), "the schedule")
    schedule = world.slack.views[shown["id"]]
    world.people.send(world.people.click_in_view(GUEST, button(schedule["blocks"], "Back"), schedule))
    world.slack.until(lambda: "Backups of orders" in words(world.slack.views[shown["id"]]["blocks"]), "the list")
    assert "Back up now" not in labels(world.slack.views[shown["id"]]["blocks"])


def test_a_dashboard_offers_what_its_reader_may(make_world: Callable[..., World]) -> None:
    """A guest's Home has no Back up now and says who may; the sources can be looked at."""
    world = make_world()
    for user, offered in ((GUEST, False), (ONCALL, True)):
        world.people.open_home(user)
        home = world.slack.until(lambda user=user: world.slack.homes.get(user), "the dashboard") or {}
        assert ("Back up now" in labels(home["blocks"])) is offered
        assert ("may press *Back up now*" in words(home["blocks"])) is not offered
        assert "Options" in labels(home["blocks"])
