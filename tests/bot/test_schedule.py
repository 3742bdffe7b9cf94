"""When backups are taken, as people look at it and change it."""

from collections.abc import Callable
from datetime import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.blocks import schedule as pages
from core.errors import Stale
from core.model.backup import Tier
from core.model.person import Door, Person
from core.model.schedule import Cron, Due, Monthly, Schedule, Weekday, Weekly
from core.model.schedule_change import ScheduleChange
from core.model.schedule_words import from_fields, to_fields
from tests.bot.conftest import World
from tests.bot.drawn import NOW, moments, names
from tests.bot.drawn import words as long_words
from tests.bot.limits import check_blocks, check_view
from tests.bot.people import APPROVER, GUEST, ONCALL, Screen, button, elements, timeless, words

Json = dict[str, Any]
RETAIN = f'retain = ["{APPROVER}", "{ONCALL}"]'
FIELDS = {"daily": "on", "at": "03:00", "zone": "UTC", "weekly": "sunday", "monthly": "1", "window": "", "cron": ""} | {
    "weekly_at": "",
    "monthly_at": "",
}
CHOSEN = {"daily", "weekly", "monthly"}


def filled(**typed: str) -> Json:
    """Return what stands in the modal; what is not given as it is by default."""
    values = {**FIELDS, **typed}
    return {
        key: {key: {"selected_option": {"value": value}} if key in CHOSEN else {"value": value}}
        for key, value in values.items()
    }


def asked(world: World, user: str = APPROVER, source: str = "orders") -> Json:
    """Press Change and return the modal that opens."""
    return opened(world, user, {"type": "button", "action_id": "change_schedule", "value": source}, "schedule")


def configured(world: World, page: Screen) -> Json:
    """Press As configured and return the modal that shows what that means."""
    return opened(world, APPROVER, button(page.blocks, "As configured"), "schedule_runs")


def opened(world: World, user: str, press: Json, callback: str) -> Json:
    """Press a button and return the modal that opens."""
    known = set(world.slack.views)
    world.people.send(world.people.click(user, press))

    def look() -> Json | None:
        found = [view for key, view in world.slack.views.items() if key not in known]
        return found[0] if found and found[0]["callback_id"] == callback else None

    return world.slack.until(look, "the modal") or {}


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """Give a bot whose two people may change schedules."""
    return make_world(more=RETAIN)


def test_a_schedule_in_words_with_its_next_runs(world: World) -> None:
    """Anybody reads it with its coming runs; the list leads there and back, and so do the schedules of all."""
    shown = world.people.typed(GUEST, "schedule")
    assert "`orders`: *daily 03:00, weekly on Sundays, monthly on the 1st, UTC*" in shown.text
    assert shown.text.count(", 03:00 UTC · daily") >= 5
    assert "weekly\n" in shown.text
    assert "monthly" in shown.text.partition("Next runs")[2]
    assert "As the configuration says." in shown.text
    listed = world.people.typed(GUEST, "list")
    again = world.people.press(GUEST, button(listed.blocks, "Schedule"))
    assert words(again.blocks) == shown.text
    back = world.people.press(GUEST, button(again.blocks, "Back"))
    assert timeless(words(back.blocks)) == timeless(listed.text)
    assert "Did you mean orders?" in world.people.typed(GUEST, "schedule ordres").text


def test_the_schedules_of_every_source(make_world: Callable[..., World]) -> None:
    """With several sources each has its line, its next run and the way to its page."""
    world = make_world(("orders", "people"))
    shown = world.people.typed(GUEST, "schedule")
    assert shown.text.count("Next: ") == 2
    assert "Schedule of people" in world.people.press(GUEST, button(shown.blocks, "Schedule", 1)).text


def test_a_change_shows_its_next_runs_before_it_is_saved(world: World) -> None:
    """The runs stand in the team's zone and in UTC; only Save saves, the channel is told, and it is on record."""
    view = asked(world)
    runs = world.people.sent(APPROVER, view, filled(at="04:30", zone="Europe/Berlin", weekly="off", monthly="31"))
    text = words(runs["blocks"])
    assert "monthly on the 31st (in shorter months on their last day), Europe/Berlin" in text
    assert text.count("UTC) · daily") >= 5
    assert "monthly" in text.partition("Next runs")[2]
    assert "Until now: daily 03:00" in text
    assert world.core.time.schedules.changed("orders") is None
    told = world.people.sent(APPROVER, runs, {})
    assert "Saved." in words(told["blocks"])
    saved = world.core.time.schedules.current("orders")
    assert saved == Schedule("Europe/Berlin", time(4, 30), weekly=None, monthly=Monthly(31))
    world.slack.until(
        lambda: any("04:30" in words(m["blocks"]) for m in world.slack.messages.get("C0BACKUPS", [])), "the notice"
    )
    page = world.people.typed(ONCALL, "schedule orders")
    assert f"Set by <@{APPROVER}>" in page.text
    back = configured(world, page)
    assert "Until now: daily 04:30" in words(back["blocks"])
    assert "As configured again." in words(world.people.sent(APPROVER, back, {})["blocks"])
    assert world.core.time.schedules.current("orders") == Schedule()
    assert "again since" in world.people.typed(GUEST, "schedule orders").text
    assert [entry.act for entry in world.core.catalog.audit.entries()].count("schedule") == 2


@pytest.mark.parametrize(
    ("zone", "team", "says"),
    [
        (
            "Asia/Tokyo",
            "America/New_York",
            "Tue 24 Nov 2026, 08:03 Asia/Tokyo (Mon 18:03 America/New_York, Mon 23:03 UTC)",
        ),
        ("Asia/Tokyo", "Asia/Tokyo", "Tue 24 Nov 2026, 08:03 Asia/Tokyo (Mon 23:03 UTC)"),
        ("UTC", "Asia/Tokyo", "Mon 23 Nov 2026, 23:03 UTC (Tue 08:03 Asia/Tokyo)"),
        ("UTC", "UTC", "Mon 23 Nov 2026, 23:03 UTC"),
    ],
)
def test_runs_are_told_in_the_zones_of_the_schedule_and_the_team_and_in_utc(zone: str, team: str, says: str) -> None:
    """The schedule's own clock comes first, the others beside it, with the day where it is another; each zone once."""
    due = Due(NOW.replace(hour=23), frozenset({Tier.WEEKLY, Tier.DAILY}), NOW.date())
    told = words(pages.saved(pages.Timetable("orders", Schedule(zone), (due,), team)))
    assert f"• {says} · daily, weekly" in told


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        (
            {"zone": "CET"},
            {"zone": 'The time zone is "CET", a short or old name'},
        ),
        ({"zone": "Europe/Berln"}, {"zone": 'Did you mean "Europe/Berlin"?'}),
        ({"at": "25:00"}, {"at": 'The time is "25:00", which is no time of day. Write one like "03:00"'}),
        ({"window": "2d"}, {"window": 'The window is "2d", which is no window. Write how long it is, "1m" to "23h"'}),
        ({"cron": "61 * * * *"}, {"cron": 'The cron expression is "61 * * * *", which is no cron expression'}),
        ({"cron": "0 3 * * * = yearly"}, {"cron": '"yearly" is no tier of a schedule. Write daily, weekly or'}),
        ({"cron": "0 3 * * * ="}, {"cron": '"" is no tier of a schedule'}),
        ({"cron": "\n".join(f"{n} 3 * * *" for n in range(11))}, {"cron": "11 cron expressions, 10 fit"}),
        (
            {"at": "3", "zone": "EST", "window": "x"},
            {"at": "no time of day", "zone": "New_York", "window": "no window"},
        ),
    ],
)
def test_what_is_wrong_is_said_at_its_field(world: World, typed: dict[str, str], wrong: dict[str, str]) -> None:
    """Each input that is wrong has its own error with the right form; nothing is shown or saved."""
    answer = world.people.submit(APPROVER, asked(world), filled(**typed))
    assert set(answer["errors"]) == set(wrong)
    for block, says in wrong.items():
        assert says in answer["errors"][block]


def test_what_does_not_fit_is_warned_of_before_it_is_saved(world: World) -> None:
    """A window shorter than the last run, and runs further apart than the goal, are said beside the next runs."""
    backup = world.backed_up()
    world.core.catalog.backups.move(backup, frozenset({world.core.find_backup(backup).state}), timings={"store": 900.0})
    weekly = world.people.sent(APPROVER, asked(world), filled(daily="off", monthly="off", window="5m"))
    text = words(weekly["blocks"])
    assert "*Look at this* The window is 5m, and the last run took 15 min" in text
    assert "*Look at this* Backups of orders are up to 7d apart" in text
    nothing = world.people.sent(APPROVER, asked(world), filled(daily="off", weekly="off", monthly="off"))
    assert "No run is to come" in words(nothing["blocks"])


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(world: World) -> None:
    """Of two people who opened the modal the second is told that the first saved, by name; theirs stays."""
    mine, other = asked(world), asked(world, ONCALL)
    runs = world.people.sent(ONCALL, other, filled(at="05:00"))
    assert "Saved." in words(world.people.sent(ONCALL, runs, {})["blocks"])
    late = world.people.sent(APPROVER, mine, filled(at="06:00"))
    told = words(world.people.sent(APPROVER, late, {})["blocks"])
    assert "was changed meanwhile by u0oncall" in told
    assert world.core.time.schedules.current("orders").at == time(5)


def test_change_it_leads_back_to_what_was_typed(world: World) -> None:
    """From the next runs the form stands again with what was typed, cron included; Save twice saves once."""
    crons = "0 12 * * * = weekly, monthly\n0 9 * * *"
    runs = world.people.sent(APPROVER, asked(world), filled(weekly="friday", cron=crons))
    world.people.send(world.people.click_in_view(APPROVER, button(runs["blocks"], "Change it"), runs))
    world.slack.until(lambda: world.slack.views[runs["id"]]["callback_id"] == "schedule")
    form = world.slack.views[runs["id"]]
    inputs = {element["action_id"]: element for element in elements(form["blocks"])}
    assert inputs["weekly"]["initial_option"]["value"] == "friday"
    assert inputs["cron"]["initial_value"] == crons
    again = world.people.sent(APPROVER, form, filled(weekly="friday"))
    first = world.people.sent(APPROVER, again, {})
    world.people.submit(APPROVER, again, {})
    assert words(world.people.shown(again["id"])["blocks"]) == words(first["blocks"])
    assert [entry.act for entry in world.core.catalog.audit.entries()].count("schedule") == 1


def test_the_same_schedule_is_not_saved_again(world: World) -> None:
    """Where nothing was changed the form says so and keeps what was typed."""
    again = world.people.sent(APPROVER, asked(world), filled())
    assert "That is the schedule already." in words(again["blocks"])
    assert again["callback_id"] == "schedule"


def test_who_may_not_change_schedules_is_told_who_may(world: World) -> None:
    """A guest reads who has the right, before anything is asked, and when setting it back."""
    change = {"type": "button", "action_id": "change_schedule", "value": "orders"}
    world.people.send(world.people.click(GUEST, change))
    may = f"Those who may: <@{APPROVER}>, <@{ONCALL}>."
    assert words(world.people.modal("Safehold")["blocks"]).endswith(may)
    who = Person(ONCALL, "oncall", Door.SLACK)
    world.core.time.schedules.change("orders", Schedule(zone="Asia/Tokyo"), who)
    reset = {"type": "button", "action_id": "reset_schedule", "value": "orders"}
    world.people.send(world.people.click(GUEST, reset))
    world.slack.until(lambda: len(tried(world)) > 1, "the second refusal on record")
    assert words(world.people.modal("Safehold")["blocks"]).endswith(may)
    assert tried(world) == [("schedule", "refused: not-allowed")] * 2


def tried(world: World) -> list[tuple[str, str]]:
    """Return what the audit record says of the guest."""
    return [(e.act, e.outcome) for e in world.core.catalog.audit.entries(limit=1000) if e.person.id == GUEST]


times = st.times().map(lambda at: at.replace(second=0, microsecond=0, tzinfo=None))
schedules = st.builds(
    Schedule,
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"]),
    at=times,
    daily=st.booleans(),
    weekly=st.none() | st.builds(Weekly, weekday=st.sampled_from(Weekday), at=st.none() | times),
    monthly=st.none() | st.builds(Monthly, day=st.just("last") | st.integers(1, 31), at=st.none() | times),
    crons=st.lists(
        st.builds(
            Cron,
            expression=st.integers(0, 59).map(lambda minute: f"{minute} " + ",".join(map(str, range(24))) + " * * *"),
            tiers=st.frozensets(st.sampled_from([Tier.DAILY, Tier.WEEKLY, Tier.MONTHLY]), min_size=1),
        ),
        max_size=10,
        unique_by=lambda cron: cron.expression,
    ).map(tuple),
    window_seconds=st.integers(0, 1380).map(lambda minutes: minutes * 60),
)


@settings(max_examples=60, deadline=None)
@given(schedules, names, long_words, moments)
def test_pages_and_modals_of_schedules_fit(schedule: Schedule, name: str, warning: str, at: Any) -> None:
    """Any schedule that can be configured makes a page and modals that Slack takes, and comes back from them."""
    table = pages.Timetable(name, schedule, (), "Europe/Berlin", (warning[:400],))
    who = Person("os:x" * 20, warning, Door.COMMAND_LINE)
    for changed in (None, ScheduleChange(name, {}, who, at), ScheduleChange(name, None, who, at)):
        check_blocks(pages.schedule_page(table, changed))
    check_blocks(pages.every_schedule([table] * 40, 50))
    check_blocks(pages.saved(table))
    check_view(pages.schedule_modal(name, schedule, 2**40))
    check_view(pages.confirm_modal(table, schedule, 2**40, configured=True))
    view = pages.confirm_modal(table, schedule, 2**40)
    check_view(view)
    assert pages.ModalSchedule.read(view["private_metadata"]).schedule == from_fields(to_fields(schedule))


def test_a_modal_that_can_not_be_read_is_stale() -> None:
    """The metadata of another version is refused in words."""
    with pytest.raises(Stale):
        pages.ModalSchedule.read('{"unknown":1}')
