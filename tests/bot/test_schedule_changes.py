"""What is said of a change of a schedule: before it is saved, and to others."""

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

import pytest

from bot.blocks import schedule as pages
from core.model.person import Door, Person
from core.model.schedule import Monthly, Schedule, Weekly
from tests.bot.conftest import World
from tests.bot.people import APPROVER, GUEST, ONCALL, button, elements, words
from tests.bot.test_schedule import RETAIN, asked, configured, filled


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """Give a bot whose two people may change schedules."""
    return make_world(more=RETAIN)


def test_a_change_that_leaves_todays_run_out_says_so(make_world: Callable[..., World]) -> None:
    """Before Save it is said that the run that is due today will not take place; after it nothing is said."""
    world = make_world(more=RETAIN, instead=("", 'schedule.daily = "23:59"\n'))
    now = world.clock.now()
    world.clock.shift = now.replace(hour=12) + timedelta(days=1) - now
    runs = world.people.sent(APPROVER, asked(world), filled(at="00:00"))
    assert "*Look at this* The run that is due today at 23:59 UTC is left out" in words(runs["blocks"])
    assert "left out" not in words(world.people.sent(APPROVER, runs, {})["blocks"])


def test_going_back_to_the_configuration_warns_as_any_change_does(world: World) -> None:
    """As configured says first that today's run is left out; what somebody else saved meanwhile is not overwritten."""
    now = world.clock.now()
    world.clock.shift = now.replace(hour=12) + timedelta(days=1) - now
    world.core.time.schedules.change("orders", Schedule(at=time(23, 59)), Person(ONCALL, "oncall", Door.SLACK))
    page = world.people.typed(APPROVER, "schedule")
    shown = configured(world, page)
    assert "*Look at this* The run that is due today at 23:59 UTC is left out" in words(shown["blocks"])
    assert world.core.time.schedules.current("orders").at == time(23, 59)
    world.core.time.schedules.change("orders", Schedule(at=time(23, 58)), Person(ONCALL, "oncall", Door.SLACK))
    assert "was changed meanwhile by oncall" in words(world.people.sent(APPROVER, shown, {})["blocks"])
    again = configured(world, page)
    assert "As configured again." in words(world.people.sent(APPROVER, again, {})["blocks"])
    assert world.core.time.schedules.current("orders") == Schedule()


def test_what_was_changed_on_the_command_line_is_told_with_that_door(world: World) -> None:
    """The channel, the page and the refusal of who came late name the login and where it was; nobody guesses a root."""
    mine = asked(world)
    world.core.time.schedules.change("orders", Schedule(at=time(5)), Person("os:root", "root", Door.COMMAND_LINE))
    said = "by root on the command line"
    world.slack.until(
        lambda: any(f"changed {said}" in words(m["blocks"]) for m in world.slack.messages.get("C0BACKUPS", []))
    )
    assert f"Set {said}" in world.people.typed(GUEST, "schedule orders").text
    late = world.people.sent(APPROVER, mine, filled(at="06:00"))
    again = world.people.sent(APPROVER, late, {})
    assert f"was changed meanwhile {said}" in words(again["blocks"])


@pytest.mark.parametrize("how", ["Save", "As configured"])
def test_page_behind_the_form_shows_what_was_saved(world: World, how: str) -> None:
    """Its buttons would change the schedule of before; very many cron expressions leave no room to know the page."""
    world.core.time.schedules.change("orders", Schedule(at=time(5)), Person(ONCALL, "oncall", Door.SLACK))
    page = world.people.typed(APPROVER, "schedule")
    click = world.people.click(APPROVER, button(page.blocks, "Change" if how == "Save" else how))
    world.people.send(click)
    view = world.people.modal("Schedule of orders")
    if how == "Save":
        view = world.people.sent(APPROVER, view, filled(at="06:00"))
    world.people.sent(APPROVER, view, {})
    shown = world.people.answer(click["response_url"])
    assert shown.body["replace_original"] is True
    assert ("daily 06:00" if how == "Save" else "daily 03:00") in shown.text
    assert f"<@{APPROVER}>" in shown.text
    assert ("As configured" in [b["text"]["text"] for b in elements(shown.blocks)]) is (how == "Save")


def test_who_came_late_has_what_was_typed_and_can_save_it(world: World) -> None:
    """The form stands again over the other's schedule, which is said, and the second Save is taken."""
    mine = asked(world)
    typed = filled(at="06:00", cron="0 12 * * * = weekly")
    late = world.people.sent(APPROVER, mine, typed)
    world.core.time.schedules.change("orders", Schedule(at=time(5)), Person(ONCALL, "oncall", Door.SLACK))
    again = world.people.sent(APPROVER, late, {})
    said = "Nothing was saved. It is now: daily 05:00, weekly on Sundays, monthly on the 1st, UTC. What you typed"
    assert said in words(again["blocks"])
    assert (inputs(again)["at"], inputs(again)["cron"]) == ("06:00", "0 12 * * * = weekly")
    assert world.core.time.schedules.current("orders").at == time(5)
    runs = world.people.sent(APPROVER, again, typed)
    assert "Saved." in words(world.people.sent(APPROVER, runs, {})["blocks"])
    assert world.core.time.schedules.current("orders").at == time(6)


def inputs(view: dict[str, Any]) -> dict[str, str]:
    """Return what stands in a modal, by input."""
    found = {}
    for element in elements(view["blocks"]):
        chosen = element.get("initial_option")
        found[element["action_id"]] = chosen["value"] if chosen else element.get("initial_value", "")
    return found


def test_times_of_single_tiers_are_shown_kept_and_set(make_world: Callable[..., World]) -> None:
    """Weekly and monthly have times of their own as configured; who changes something else keeps them, or sets them."""
    configured = 'schedule.weekly = "sunday 05:00"\nschedule.monthly = "last 06:30"\n'
    world = make_world(more=RETAIN, instead=("", configured))
    view = asked(world)
    as_shown = inputs(view)
    assert (as_shown["weekly"], as_shown["weekly_at"]) == ("sunday", "05:00")
    assert (as_shown["monthly"], as_shown["monthly_at"]) == ("last", "06:30")
    runs = world.people.sent(APPROVER, view, filled(**{**as_shown, "at": "04:00"}))
    assert "weekly on Sundays 05:00, monthly on the last day 06:30" in words(runs["blocks"])
    world.people.sent(APPROVER, runs, {})
    kept = Schedule(at=time(4), weekly=Weekly(at=time(5)), monthly=Monthly("last", time(6, 30)))
    assert world.core.time.schedules.current("orders") == kept
    other = world.people.sent(APPROVER, asked(world), filled(at="04:00", weekly_at="07:00", monthly="off"))
    assert "weekly on Sundays 07:00, UTC" in words(other["blocks"])


def test_a_wrong_time_of_a_tier_is_said_at_its_field(world: World) -> None:
    """The error stands below the time of that tier alone."""
    answer = world.people.submit(APPROVER, asked(world), filled(weekly_at="25:00"))
    assert set(answer["errors"]) == {"weekly_at"}
    assert 'The time is "25:00", which is no time of day. Write one like "03:00"' in answer["errors"]["weekly_at"]


@pytest.mark.parametrize(("expressions", "kept"), [(1, True), (200, False)])
def test_form_knows_its_page_where_there_is_room(expressions: int, kept: bool) -> None:  # noqa: FBT001
    """A schedule that takes all the room that a modal has is remembered without it."""
    fields = {"cron": {f"{n} 3 * * *": ["daily"] for n in range(expressions)}}
    text = pages.ModalSchedule("orders", 1, fields, "https://hooks.slack.com/actions/T0/1/x").remembered()
    assert ("hooks" in text) is kept
