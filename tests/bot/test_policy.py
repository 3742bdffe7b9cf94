"""The policy with what goes next, and the freeze of all of it, as people ask for them."""

import re
from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.blocks.text import when
from core.errors import Stale
from core.model.person import Door, Person
from core.model.schedule import Cron, Schedule
from tests.bot.conftest import World
from tests.bot.people import APPROVER, GUEST, ONCALL, button, elements, timeless, words
from tests.bot.test_keep import expire, standing

RETAIN = f'retain = ["{APPROVER}"]'


def labels(blocks: list[dict[str, object]]) -> list[str]:
    """Return the labels of all buttons."""
    return [element["text"]["text"] for element in elements(blocks) if element["type"] == "button"]


def test_the_policy_in_words_with_what_goes_next(world: World) -> None:
    """The rules, how long bytes stay, and each backup that goes with when, why, Keep and Why kept."""
    ids = [world.backed_up() for _ in range(3)]
    shown = world.people.typed(ONCALL, "policy")
    assert "Retention of orders" in shown.text
    assert "• daily: 7 days\n• weekly: 4 weeks\n• monthly: 3 months\n• the most recent on-demand one" in shown.text
    assert "keeps its bytes 1 day more" in shown.text
    assert shown.text.count("bytes deleted from *<!date^") == 2
    assert "no longer the most recent on-demand one" in shown.text
    assert "1-2 of 2" in shown.text
    assert labels(shown.blocks) == ["Keep", "Why kept", "Keep", "Why kept", "Back"]
    assert {button(shown.blocks, "Keep", n)["value"] for n in range(2)} == set(ids[:2])


def test_nothing_to_go_is_said(world: World) -> None:
    """With one backup nothing goes, which is said of what there is now; no zone is named where none counts."""
    world.backed_up()
    shown = world.people.typed(ONCALL, "policy orders")
    assert (
        "Of the backups that there are now none goes in the next 35 days if backups go on as scheduled." in shown.text
    )
    assert "Those that are still to be taken go by the rules above" in shown.text
    assert "days are those of" not in shown.text
    assert labels(shown.blocks) == ["Back"]
    assert "Did you mean orders?" in world.people.typed(ONCALL, "policy ordres").text


def test_the_list_leads_to_the_policy_and_back_and_through_its_pages(world: World) -> None:
    """Retention stands in the place of the list; Later, Sooner and Back lead where they say."""
    for _ in range(9):
        world.backed_up()
    listed = world.people.typed(ONCALL, "list")
    first = world.people.press(ONCALL, button(listed.blocks, "Retention"))
    assert first.body["replace_original"] is True
    assert "1-6 of 8" in first.text
    second = world.people.press(ONCALL, button(first.blocks, "Later"))
    assert "7-8 of 8" in second.text
    assert labels(second.blocks)[-2:] == ["Back", "Sooner"]
    assert words(world.people.press(ONCALL, button(second.blocks, "Sooner")).blocks) == first.text
    back = world.people.press(ONCALL, button(second.blocks, "Back"))
    assert timeless(words(back.blocks)) == timeless(listed.text)
    gone = {**button(first.blocks, "Later")}
    gone["value"] = gone["value"].replace('"first":7', '"first":700')
    assert "7-8 of 8" in world.people.press(ONCALL, gone).text
    assert "older Safehold" in world.people.press(ONCALL, {**gone, "value": "x"}).text


def test_the_policy_of_every_source(make_world: Callable[..., World]) -> None:
    """Sources of one policy share its words, and rows name their source; in a modal it is drawn in place."""
    world = make_world(("orders", "people"))
    for _ in range(2):
        world.backed_up()
    shown = world.people.typed(ONCALL, "policy")
    assert "Retention of every source" in shown.text
    assert shown.text.count("*What is kept* of `orders`, `people` (policy `compose`)") == 1
    assert "`orders` · <!date^" in shown.text
    world.people.send(world.people.click_in_view(ONCALL, {"type": "button", "action_id": "list", "value": ""}, {}))
    opened = world.people.modal("Backups")
    world.people.send(world.people.click_in_view(ONCALL, button(opened["blocks"], "Retention"), opened))
    assert "Retention of every source" in words(world.people.modal("Retention")["blocks"])
    assert len(world.slack.views) == 1


def test_a_freeze_is_said_everywhere_until_it_is_thawed(make_world: Callable[..., World]) -> None:
    """Lists, the policy and the channel say until when, by whom and why; nothing expired goes before; Thaw ends it."""
    world = make_world(more=RETAIN)
    expire(world, world.backed_up())
    frozen = world.people.typed(APPROVER, 'freeze 7d "rows are missing"')
    assert "Nothing of any source is let go or deleted until <!date^" in frozen.text
    for asked in ("list", "policy"):
        text = world.people.typed(GUEST, asked).text
        assert "Nothing is deleted until <!date^" in text
        assert f"frozen by <@{APPROVER}>, “rows are missing”" in text
    freeze = world.core.time.retention.freeze()
    assert freeze is not None
    assert f"<!date^{int(freeze.until.timestamp())}^" in world.people.typed(GUEST, "list").text.split("*expires*")[1]
    world.slack.until(lambda: any("rows are missing" in words(m["blocks"]) for m in world.slack.messages["C0BACKUPS"]))
    thaw = button(world.people.typed(APPROVER, "policy").blocks, "Thaw")
    assert world.people.press(GUEST, thaw).text.endswith(f"Those who may: <@{APPROVER}>.")
    assert "Retention goes on" in world.people.press(APPROVER, thaw).text
    assert "Nothing is deleted until" not in world.people.typed(GUEST, "list").text
    assert "not frozen" in world.people.typed(APPROVER, "thaw").text
    acts = [(e.act, e.outcome, e.person.id) for e in world.core.catalog.audit.entries() if e.subject == "retention"]
    tried = ("thaw", "refused: not-allowed", GUEST)
    assert acts == [("freeze", "frozen", APPROVER), tried, ("thaw", "thawed", APPROVER)]


def test_where_no_backup_is_scheduled_the_doors_say_what_is_waited_for(make_world: Callable[..., World]) -> None:
    """A held backup is foretold to go by the schedule; once that is off, nothing is, and both say why."""
    world = make_world(more=RETAIN)
    first, approver = world.backed_up(), Person(APPROVER, "approver", Door.SLACK)
    world.backed_up()
    world.core.time.keep_backup(first, approver, "look", world.clock.now() + timedelta(days=2))
    assert "1-1 of 1" in world.people.typed(GUEST, "policy").text
    why = world.people.typed(GUEST, f"why {first}").text
    assert "If backups go on as scheduled, its bytes are deleted from <!date^" in why
    assert "Sooner: *Release*." in why
    world.core.time.schedules.change("orders", Schedule(daily=False, weekly=None, monthly=None), approver)
    shown = world.people.typed(GUEST, "policy").text
    assert "none goes in the next 35 days" in shown
    assert "`orders`: no backup is scheduled, so what waits for a newer good one goes with the next" in shown
    assert "It is let go with the first good backup after that." in world.people.typed(GUEST, f"why {first}").text


def test_where_backups_are_very_frequent_the_doors_say_how_far_they_look(make_world: Callable[..., World]) -> None:
    """Ten days of hourly runs are looked at: the page and the answer name the end, and say nothing of what is later."""
    world = make_world(more=RETAIN)
    backup, hourly = world.backed_up(), Schedule(daily=False, weekly=None, monthly=None, crons=(Cron("0 * * * *"),))
    world.core.time.schedules.change("orders", hourly, Person(APPROVER, "approver", Door.SLACK))
    shown = world.people.typed(GUEST, "policy").text
    assert "none goes in the next 35 days (of `orders` only until <!date^" in shown
    assert ": 240 runs ahead) if backups go on as scheduled." in shown
    why = world.people.typed(GUEST, f"why {backup}").text
    assert "Looked ahead until <!date^" in why
    assert "which is 240 runs: by the schedule it does not go by then." in why


def test_what_goes_says_its_note_and_how_far_it_was_checked(world: World) -> None:
    """The row of a backup that goes, or is expired, has what it was taken for and its proof."""
    key = world.backed_up("before *the* migration")
    world.backed_up()
    shown = "on-demand “before \u2217the\u2217 migration” · "
    assert re.search(shown + r"[0-9.]+ \w+ · proven · `", world.people.typed(GUEST, "policy").text)
    expire(world, key)
    assert re.search(r"bytes · proven · \*expires\*", world.people.typed(GUEST, "list").text)


def test_the_policy_and_why_have_one_date_under_a_freeze(make_world: Callable[..., World]) -> None:
    """What a freeze or a link keeps is foretold to go when that has ended, by both; the row names the link."""
    world = make_world(more=RETAIN)
    first = world.backed_up()
    link = world.core.offer_download(first, Person(ONCALL, "oncall", Door.SLACK)).download
    world.backed_up()
    assert f"a download link is open until {when(link.expires_at)}" in world.people.typed(GUEST, "list").text
    goes = f"deleted from *{when(link.expires_at + timedelta(days=1))}* on: no longer the most recent"
    assert goes in world.people.typed(GUEST, "policy").text
    assert goes.replace("*", "") in world.people.typed(GUEST, f"why {first}").text
    world.people.typed(APPROVER, "freeze 2d look")
    freeze = world.core.time.retention.freeze()
    assert freeze is not None
    goes = f"deleted from *{when(freeze.until + timedelta(days=1))}* on: no longer the most recent"
    assert goes in world.people.typed(GUEST, "policy").text
    assert goes.replace("*", "") in world.people.typed(GUEST, f"why {first}").text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("freeze", "Until when shall nothing be deleted? For example: /backups freeze 7d"),
        ("freeze soon look", "Write one like 2027-02-01"),
        ("freeze 2020-01-01 look", "2020-01-01 23:59 UTC is past. Name a time to come, such as 20"),
        ("freeze 3y look", "A freeze lasts a year at most. Name a time up to 20"),
        ("freeze 7d", "A freeze needs a reason. For example: /backups freeze 7d"),
        ("freeze 7d " + "x" * 201, "at most 200 fit"),
    ],
)
def test_a_freeze_that_can_not_be_is_refused_with_a_right_example(
    make_world: Callable[..., World], typed: str, said: str
) -> None:
    """A time that is none or past, and a missing or endless reason are named; nothing is frozen."""
    world = make_world(more=RETAIN)
    assert said in world.people.typed(APPROVER, typed).text
    assert world.core.time.retention.freeze() is None


def test_a_day_of_a_freeze_is_one_of_the_team(make_world: Callable[..., World]) -> None:
    """A day ends when it ends for the team, wherever its writer sits; the answer and the refusal name the zone."""
    world = make_world(more=RETAIN, instead=("", 'zone = "Pacific/Kiritimati"\n'))
    there = world.clock.now().astimezone(ZoneInfo("Pacific/Kiritimati"))
    past = f"{there.date() - timedelta(days=1)}"
    refused = world.people.typed(APPROVER, f"freeze {past} look").text
    assert f"{past} 23:59 Pacific/Kiritimati is past." in refused
    assert f"there it is {there:%Y-%m-%d}" in refused
    day = there.date() + timedelta(days=1)
    frozen = world.people.typed(APPROVER, f"freeze {day} look").text
    assert f"That is {day} 23:59 Pacific/Kiritimati, the team's zone." in frozen
    freeze = world.core.time.retention.freeze()
    assert freeze is not None
    assert freeze.until.astimezone(ZoneInfo("Pacific/Kiritimati")).strftime("%Y-%m-%d %H:%M") == f"{day} 23:59"


def test_who_may_not_freeze_is_told_who_may(make_world: Callable[..., World]) -> None:
    """Backing up is not enough; the refusal names those who may, before a date is asked for, and what one may do."""
    world = make_world(more=RETAIN)
    for typed in ("freeze", "freeze 7d look", "thaw"):
        assert world.people.typed(ONCALL, typed).text.endswith(f"Those who may: <@{APPROVER}>.")
    assert "Keep the backups that matter, one by one: that you may." in world.people.typed(ONCALL, "freeze").text
    refused = world.people.typed(GUEST, "freeze").text
    assert "You may not freeze retention. To freeze it, ask one of those who may." in refused


def test_a_freeze_of_somebody_else_is_not_made_shorter_and_its_end_is_told(make_world: Callable[..., World]) -> None:
    """The refusal says whose it is, until when and what ends it; who thaws it is told with whose it was."""
    world = make_world(more=f'retain = ["{APPROVER}", "{ONCALL}"]')
    world.people.typed(ONCALL, 'freeze 7d "rows are missing"')
    refused = world.people.typed(APPROVER, "freeze 1d shorter").text
    assert f"<@{ONCALL}> has frozen retention until <!date^" in refused
    assert "(“rows are missing”), which is later. Nothing was changed." in refused
    assert "thaw" in refused
    world.people.typed(APPROVER, "freeze 9d longer")
    assert standing(world, f"takes the place of the one that <@{ONCALL}> had placed until <!date^")
    world.people.typed(ONCALL, "thaw")
    says = f"was ended by <@{ONCALL}>*, which <@{APPROVER}> had placed until <!date^"
    assert "“longer”" in words(standing(world, says)["blocks"])


def test_what_is_held_back_waits_for_a_yes(make_world: Callable[..., World]) -> None:
    """Where most would go at once the channel and the policy say so, with a button that those who retain may press."""
    world = make_world(more=RETAIN)
    assert "Nothing of orders is held back." in world.people.typed(APPROVER, "let-go").text
    for _ in range(12):
        world.backed_up()
    world.core.time.expire(world.clock.now())
    told = standing(world, "11 of 12 backups of `orders` would expire at once")
    assert "`/backups policy orders`, shows which" in words(told["blocks"])
    assert "*Let them go*, or `/backups let-go orders`." in words(told["blocks"])
    shown = world.people.press(GUEST, button(told["blocks"], "Retention"), ephemeral=False)
    assert shown.body["replace_original"] is False
    assert "*Held back*: 11 of 12 good backups of `orders` would go at once, so none does." in shown.text
    assert "*held back*, it goes only after a yes, `/backups let-go orders`: no longer the most recent" in shown.text
    assert "bytes deleted from" not in shown.text
    listed = world.people.typed(ONCALL, "list")
    assert "*held back*: it goes only after a yes, `/backups let-go orders`" in listed.text
    oldest = world.core.list_backups("orders", size=100).backups[-1].id
    why = world.people.typed(ONCALL, f"why {oldest}").text
    assert "Most of `orders` would go with it, so it goes only after a yes, `/backups let-go orders`." in why
    asked = world.people.typed(ONCALL, "let-go orders")
    assert "*Held back*: 11 of 12" in asked.text
    assert f"Only <@{APPROVER}> may press *Let them go*." in asked.text
    refused = world.people.press(ONCALL, button(told["blocks"], "Let them go"), ephemeral=False)
    assert refused.text.endswith(f"Those who may: <@{APPROVER}>.")
    world.backed_up()
    world.core.time.expire(world.clock.now())
    anew = world.people.press(APPROVER, button(told["blocks"], "Let them go"), ephemeral=False)
    assert "*It has changed since you looked, and nothing was let go.* Now:\n*Held back*: 12 of 13" in anew.text
    done = world.people.press(APPROVER, button(anew.blocks, "Let them go"))
    assert "What is held back of `orders` may go until <!date^" in done.text
    world.core.time.expire(world.clock.now())
    assert world.people.typed(ONCALL, "list").text.count("*expires*") == 9
    acts = [(e.outcome, e.person.id) for e in world.core.catalog.audit.entries() if e.act == "allow-expiry"]
    assert acts == [("refused: not-allowed", ONCALL), ("allowed", APPROVER)]


def test_let_go_asks_which_source(make_world: Callable[..., World]) -> None:
    """With several sources one has to be named, and one that is not known is named."""
    world = make_world(("orders", "people"), RETAIN)
    assert "Of which source? For example: /backups let-go gods" in world.people.typed(APPROVER, "let-go").text
    assert "Did you mean orders?" in world.people.typed(APPROVER, "let-go ordres").text


def test_the_header_says_what_comes_next(world: World) -> None:
    """With nothing configured a list says when the next daily backup is taken."""
    assert "Next: daily" in world.people.typed(GUEST, "list").text


def test_why_keep_and_release_are_verbs(world: World) -> None:
    """What the buttons do can be typed, with a shortened id."""
    short = world.backed_up()[-6:-2]
    assert "is kept" in world.people.typed(GUEST, f"why {short}").text
    world.people.send(world.people.command(ONCALL, f"keep {short}"))
    view = world.people.modal("Keep a backup")
    values = {"until": {"until": {"value": ""}}, "reason": {"reason": {"value": "audit"}}}
    world.slack.until(lambda: world.slack.views[view["id"]]["callback_id"] == "keep")
    world.people.sent(ONCALL, world.slack.views[view["id"]], values)
    assert "Released" in world.people.typed(ONCALL, f"release {short}").text


def test_a_place_that_can_not_be_read_is_stale() -> None:
    """The value of a button is read as it was written, anything else is of another version."""
    from bot.blocks.policy import PolicyPlace

    place = PolicyPlace("orders", 7)
    assert PolicyPlace.read(place.text()) == place
    with pytest.raises(Stale):
        PolicyPlace.read('{"unknown":1}')
