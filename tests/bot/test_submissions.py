"""What people see after they submitted a modal, however long the work takes and however it ends."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from bot.blocks.restore import ModalPlan
from core.model.person import Door, Person
from tests.bot.conftest import TEAM, World
from tests.bot.heard import Trouble
from tests.bot.people import APPROVER, ONCALL, button, elements, words
from tests.bot.test_restore import plan_of, reasoned

Json = dict[str, Any]


@pytest.fixture
def held(slack: Any) -> Iterator[threading.Event]:
    """Give what lets Slack answer who is in a group: until it is set, it does not."""
    go = threading.Event()
    yield go
    go.set()
    slack.holds.clear()


@pytest.fixture
def grouped(make_world: Callable[..., World]) -> World:
    """Give a bot that asks Slack at each request for a restore whether the person is in a group."""
    world = make_world(instead=(f"restore = {TEAM}", 'restore = ["S0TEAM"]'))
    world.slack.groups["S0TEAM"] = [ONCALL]
    return world


def written(world: World, user: str) -> str:
    """Return what the app wrote to somebody's own messages."""
    return words([message["blocks"] for message in world.slack.messages.get(user, [])])


def hold(world: World, go: threading.Event) -> None:
    """Let Slack keep the question who is in a group to itself."""
    world.slack.holds["usergroups.users.list"] = go


def test_a_slow_request_asks_to_wait_and_then_tells_what_happens_next(grouped: World, held: threading.Event) -> None:
    """Submit is acknowledged before anybody is asked; the modal then says who can approve until when."""
    view = plan_of(grouped)
    hold(grouped, held)
    assert "One moment…" in words(grouped.people.submit(ONCALL, view, reasoned("why"))["view"]["blocks"])
    assert not grouped.core.catalog.restores.waiting()
    held.set()
    told = grouped.people.shown(view["id"])
    assert told["title"]["text"] == "Restore asked for"
    assert "<!subteam^S0DBA> can approve it until" in words(told["blocks"])
    assert len(grouped.core.catalog.restores.waiting()) == 1


def test_a_second_submit_waits_for_the_first_and_shows_its_failure(grouped: World, held: threading.Event) -> None:
    """While the first is worked on the second asks to wait as well; when that fails, the modal says so."""
    view = plan_of(grouped)
    hold(grouped, held)
    grouped.people.submit(ONCALL, view, reasoned("why"))
    assert "One moment…" in words(grouped.people.submit(ONCALL, view, reasoned("why"))["view"]["blocks"])
    grouped.slack.groups["S0TEAM"].clear()
    held.set()
    assert "right to restore" in words(grouped.people.shown(view["id"])["blocks"])
    assert not grouped.core.catalog.restores.waiting()


def test_a_failure_that_may_pass_keeps_what_was_typed(grouped: World) -> None:
    """Where Slack could not be asked, the form stands again with the error and the reason, and can be sent again."""
    view = plan_of(grouped)
    grouped.slack.troubles["usergroups.users.list"] = [Trouble(200, "internal_error")]
    again = grouped.people.sent(ONCALL, view, reasoned("albums are gone", 3_600))
    assert "Slack can't say" in words(again["blocks"])
    inputs = {element["action_id"]: element for element in elements(again["blocks"])}
    assert inputs["reason"]["initial_value"] == "albums are gone"
    assert inputs["lifetime"]["initial_option"]["value"] == "3600"
    told = grouped.people.sent(ONCALL, again, reasoned("albums are gone", 3_600))
    assert told["title"]["text"] == "Restore asked for"
    assert len(grouped.core.catalog.restores.waiting()) == 1


def test_a_failure_after_the_modal_was_closed_is_written_to_the_person(grouped: World, held: threading.Event) -> None:
    """Who closed the modal meanwhile reads the error in their own messages from the app."""
    view = plan_of(grouped)
    hold(grouped, held)
    grouped.people.submit(ONCALL, view, reasoned("why"))
    grouped.slack.views.pop(view["id"])
    grouped.slack.groups["S0TEAM"].clear()
    held.set()
    grouped.slack.until(lambda: "right to restore" in written(grouped, ONCALL), "a message to the person")


def test_a_submission_from_before_a_restart_says_where_to_look(grouped: World) -> None:
    """An envelope that another process took up is answered with where its end stands."""
    view = plan_of(grouped)
    from bot.deliveries import Deliveries

    Deliveries(grouped.core.catalog).claim(f"view {view['id']} {view['hash']}")
    assert "was sent before" in words(grouped.people.sent(ONCALL, view, reasoned("why"))["blocks"])


def test_a_name_taken_meanwhile_is_shown_before_anything_is_asked_for(world: World) -> None:
    """Of two modals with one name the second shows its new plan and asks once more, under the name it then shows."""
    first = plan_of(world)
    shown = ModalPlan.read(first["private_metadata"])
    plan = world.core.plan_restore(shown.backup_id, Person(APPROVER, "approver", Door.SLACK))
    world.core.request_restore(replace(plan, instance=shown.instance), "faster", Person(APPROVER, "a", Door.SLACK))
    again = world.people.sent(ONCALL, first, reasoned("slower"))
    text, renewed = words(again["blocks"]), ModalPlan.read(again["private_metadata"])
    assert f"`{shown.instance}` was taken meanwhile" in text
    assert renewed.instance != shown.instance
    assert renewed.instance in text
    assert len(world.core.catalog.restores.waiting()) == 1
    assert world.people.sent(ONCALL, again, reasoned("slower"))["title"]["text"] == "Restore asked for"
    assert renewed.instance in {restore.plan.instance for restore in world.core.catalog.restores.waiting()}


def test_a_lifetime_chosen_as_the_modal_closes_breaks_nothing(world: World) -> None:
    """A menu whose modal was closed or submitted meanwhile changes nothing and opens no error."""
    view = plan_of(world)
    menu = next(e for e in elements(view["blocks"]) if e["type"] == "static_select")
    told = world.people.sent(ONCALL, view, reasoned("why"))
    for gone in (False, True):
        if gone:
            world.slack.views.pop(view["id"])
        tries = len(world.slack.calls("views.update"))
        world.people.send(world.people.click_in_view(ONCALL, menu, view, {"selected_option": {"value": "3600"}}))
        world.slack.until(lambda tries=tries: len(world.slack.calls("views.update")) > tries, "a drawing")
        assert gone or world.slack.views[view["id"]]["blocks"] == told["blocks"]
    world.closing.pop(0)()
    assert "broke" not in words([one["blocks"] for one in world.slack.views.values()]) + written(world, ONCALL)


def test_joining_a_run_is_told_with_the_fate_of_the_note(make_world: Callable[..., World]) -> None:
    """Who backs up what is being backed up already reads whose run they joined and that it keeps its own note."""
    world, go = make_world(("orders", "people")), threading.Event()
    for number in range(world.core.config.runner_threads):
        world.core.runner.submit(f"in the way {number}", lambda: bool(go.wait(30)) or None)
    world.people.typed(APPROVER, "now people first")
    world.people.send(world.people.click(ONCALL, button(world.people.typed(ONCALL, "").blocks, "Back up now")))
    state = {
        "source": {"source": {"selected_option": {"value": "people"}}},
        "note": {"note": {"value": "second"}},
    }
    told = words(world.people.sent(ONCALL, world.people.modal("Back up now"), state)["blocks"])
    assert f"by <@{APPROVER}> is under way: you joined it. Your note was not kept" in told
    assert "Your note was not kept" in world.people.typed(ONCALL, "now people third").text
    go.set()


def test_what_the_dashboard_began_is_told_though_the_trigger_died(world: World) -> None:
    """When no modal can be opened any more, the answer goes to the person's own messages, and it is the true one."""
    plan = plan_of(world)
    world.people.sent(ONCALL, plan, reasoned("why"))
    (restore,) = world.core.catalog.restores.waiting()
    world.slack.troubles["views.open"] = [Trouble(200, "expired_trigger_id")]
    cancel = {"type": "button", "action_id": "cancel", "value": restore.id}
    world.people.send(world.people.click_in_view(ONCALL, cancel, {"type": "home", "id": "VHOME", "blocks": []}))
    world.slack.until(lambda: "was asked to stop" in written(world, ONCALL), "a message to the person")
    assert "Nothing was changed" not in written(world, ONCALL)
    assert not world.core.catalog.restores.waiting()
