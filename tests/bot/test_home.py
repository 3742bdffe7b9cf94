"""The dashboard."""

from collections.abc import Callable
from datetime import timedelta

from tests.bot.conftest import World
from tests.bot.people import APPROVER, GUEST, ONCALL, button, words
from tests.bot.test_restore import asked, standing


def home(world: World, user: str) -> str:
    """Return every text on somebody's dashboard."""
    return words(world.slack.homes.get(user, {}).get("blocks", []))


def test_home_follows_what_happens(world: World) -> None:
    """An opened dashboard shows the source, then the backup, then the waiting restore with its buttons."""
    world.people.open_home(APPROVER)
    world.slack.until(lambda: "No good backup yet" in home(world, APPROVER), "the first drawing")
    message = asked(world)
    world.slack.until(lambda: "Waiting for you" in home(world, APPROVER), "the request")
    approve = button(world.slack.homes[APPROVER]["blocks"], "Approve")
    view = {"type": "home", "id": "VHOME", **world.slack.homes[APPROVER]}
    world.people.send(world.people.click_in_view(APPROVER, approve, view))
    standing(world, "C0APPROVALS", "Restore initiated")
    assert message["ts"]
    world.slack.until(lambda: "*ready*" in home(world, APPROVER), "the instance")


def test_only_who_may_decide_is_offered_the_decision(world: World) -> None:
    """A guest's dashboard shows what waits, without buttons that would be refused."""
    asked(world)
    world.people.open_home(GUEST)
    world.slack.until(lambda: "Waiting for a decision" in home(world, GUEST), "the request")
    (restore,) = world.core.catalog.restores.waiting()
    assert f"plan `{restore.plan.short}`" in home(world, GUEST)
    assert "Restore of `orders`, backup of <!date^" in home(world, GUEST)
    assert "Approve" not in home(world, GUEST)


def test_home_backs_up_and_lists(world: World) -> None:
    """Back up now works from the dashboard, and Options opens the list over it, in which rows open."""
    world.people.open_home(ONCALL)
    world.slack.until(lambda: ONCALL in world.slack.homes, "the drawing")
    view = {"type": "home", "id": "VHOME", **world.slack.homes[ONCALL]}
    world.people.send(world.people.click_in_view(ONCALL, button(view["blocks"], "Back up now"), view))
    world.slack.until(lambda: "1 backup," in home(world, ONCALL), "the backup")
    world.people.send(world.people.click_in_view(ONCALL, button(view["blocks"], "Options"), view))
    modal = world.people.modal("Backups")
    assert "Backups of orders" in words(modal["blocks"])
    world.people.send(world.people.click_in_view(ONCALL, button(modal["blocks"], "Options"), modal))
    world.slack.until(lambda: "Close" in words(world.slack.views[modal["id"]]["blocks"]), "the opened row")
    opened = world.slack.views[modal["id"]]
    world.people.send(world.people.click_in_view(ONCALL, button(opened["blocks"], "Restore"), opened))
    assert "sqlite-restore-" in words(world.people.modal("Restore orders")["blocks"])


def test_errors_on_the_home_open_a_notice(world: World) -> None:
    """Where no message can be shown, an error opens as a modal."""
    asked(world)
    world.people.open_home(ONCALL)
    world.slack.until(lambda: "Waiting for a decision" in home(world, ONCALL), "the request")
    blocks = world.slack.homes[ONCALL]["blocks"]
    cancel = {**button(blocks, "Cancel"), "value": "r-00000000"}
    world.people.send(world.people.click_in_view(ONCALL, cancel, {"type": "home", "id": "VHOME", "blocks": blocks}))
    assert "r-00000000" in words(world.people.modal("Safehold")["blocks"])


def test_home_says_the_next_run_what_is_overdue_and_a_freeze(make_world: Callable[..., World]) -> None:
    """Each source has its next run, one that is too old says so, and a freeze stands on top while it lasts."""
    world = make_world(more=f'retain = ["{APPROVER}"]')
    world.backed_up()
    world.people.open_home(GUEST)
    world.slack.until(lambda: "Next: daily" in home(world, GUEST), "the next run")
    assert "overdue" not in home(world, GUEST)
    world.people.typed(APPROVER, "freeze 7d rows are missing")
    world.slack.until(lambda: "*Nothing is deleted until <!date^" in home(world, GUEST), "the freeze")
    world.people.typed(APPROVER, "thaw")
    world.slack.until(lambda: "Nothing is deleted" not in home(world, GUEST), "its end")
    world.clock.shift = timedelta(days=3)
    world.people.open_home(GUEST)
    world.slack.until(lambda: "*overdue*" in home(world, GUEST), "that it is overdue")
