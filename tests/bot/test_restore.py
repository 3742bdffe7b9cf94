"""From the modal to the instance, and every way in which it is turned down."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core.model.instance import InstanceState
from core.model.restore import RestoreState
from tests.bot.conftest import World
from tests.bot.people import APPROVER, GUEST, ONCALL, button, words

Json = dict[str, Any]


def reasoned(text: str, lifetime: int = 14_400) -> Json:
    """Return the state of the restore modal's inputs."""
    return {
        "reason": {"reason": {"value": text}},
        "lifetime": {"lifetime": {"selected_option": {"value": str(lifetime)}}},
    }


def plan_of(world: World) -> Json:
    """Take a backup, press Restore in its message and return the modal with the plan."""
    world.backed_up()
    message = standing(world, "C0BACKUPS", "is done and proven")
    world.people.send(world.people.click(ONCALL, button(message["blocks"], "Restore"), ephemeral=False))
    return world.people.modal("Restore orders")


def asked(world: World, reason: str = "look at the albums") -> Json:
    """Ask for a restore and return the approvers' message."""
    told = world.people.sent(ONCALL, plan_of(world), reasoned(reason))
    assert "You asked for the restore of `orders`" in words(told["blocks"])
    return standing(world, "C0APPROVALS", "asks to restore")


def standing(world: World, channel: str, text: str) -> Json:
    """Wait for a message that holds the text, and return it."""

    def look() -> Json | None:
        found = world.slack.messages.get(channel, [])
        return next((message for message in found if text in words(message["blocks"])), None)

    message = world.slack.until(look, f"a message with {text}")
    assert message is not None
    return message


def approve(world: World, message: Json, user: str = APPROVER) -> Json:
    """Press Approve without waiting for an answer: the message itself changes. Returns the envelope."""
    body = world.people.click(user, button(message["blocks"], "Approve"), ephemeral=False)
    world.people.send(body)
    return body


def test_story_from_modal_to_destroyed_instance(world: World) -> None:
    """Asked, approved by somebody else, ready with an equal fingerprint, extended and destroyed."""
    message = asked(world)
    assert "look at the albums" in words(message["blocks"])
    assert "(50 rows in 1 table)" in words(message["blocks"])
    # Nobody redraws it while it waits: an age of now would be wrong in an hour.
    assert "less than a minute old when this was asked" in words(message["blocks"])
    approve(world, message)
    decided = standing(world, "C0APPROVALS", f"Approved by <@{APPROVER}>")
    assert decided["ts"] == message["ts"]
    assert "Restore initiated" in words(decided["blocks"])
    ready = standing(world, "C0BACKUPS", "is *ready*")
    assert "fingerprint equal" in words(ready["blocks"])
    standing(world, "C0APPROVALS", "is *ready*")
    assert standing(world, "C0BACKUPS", f"<@{ONCALL}> your restore of `orders` is ready")["thread_ts"] == ready["ts"]
    instance = world.core.catalog.instances.current()[0]
    assert instance.endpoint in words(ready["blocks"])
    assert "now lives until" in world.people.press(ONCALL, button(ready["blocks"], "Extend"), ephemeral=False).text
    assert world.core.catalog.instances.get(instance.name).lease_ends_at > instance.lease_ends_at
    world.people.press(ONCALL, button(ready["blocks"], "Destroy"), ephemeral=False)
    gone = standing(world, "C0BACKUPS", "was destroyed")
    assert gone["ts"] == ready["ts"]
    assert world.core.catalog.instances.get(instance.name).state is InstanceState.DESTROYED
    assert instance.name not in [path.name for path in (world.folder / "instances").iterdir()]


def test_modal_shows_the_plan_and_keeps_to_it(world: World) -> None:
    """The modal opens at once, then holds size, place, needs and plan; another lifetime gives another plan."""
    view = plan_of(world)
    text = words(view["blocks"])
    assert "sqlite-restore-" in text
    assert "<!subteam^S0DBA>" in text
    assert view["submit"]["text"] == "Ask for approval"
    assert re.search(r"of disk \([\d.]+ [MG]B free\)", text)
    lifetime = next(block["element"] for block in view["blocks"] if block.get("block_id") == "lifetime")
    chosen = {"selected_option": {"value": "3600"}}
    world.people.send(world.people.click_in_view(ONCALL, lifetime, view, chosen))
    world.slack.until(lambda: '3600]"' in f'{world.slack.views[view["id"]]["private_metadata"]}"', "the new plan")
    world.people.sent(ONCALL, world.slack.views[view["id"]], reasoned("an hour is enough", 3_600))
    (restore,) = world.core.catalog.restores.waiting()
    assert restore.plan.lifetime_seconds == 3_600
    assert restore.plan.instance in text


def test_reason_is_asked_for_below_its_input(world: World) -> None:
    """Blanks for a reason are refused in the modal, and a right one goes through afterwards."""
    view = plan_of(world)
    answer = world.people.submit(ONCALL, view, reasoned("   "))
    assert answer["response_action"] == "errors"
    assert "A reason is needed" in answer["errors"]["reason"]
    world.people.sent(ONCALL, view, reasoned("a good one"))
    assert "You asked for" in words(world.people.sent(ONCALL, view, reasoned("a good one"))["blocks"])
    assert len(world.core.catalog.restores.waiting()) == 1


def test_damaged_archive_fails_before_anything_is_made(world: World) -> None:
    """A flipped byte in the archive ends the restore with its reason and reference; no instance is left."""
    message = asked(world, "look *closely* at `it`")
    assert "look \u2217closely\u2217 at 'it'" in words(message["blocks"])
    (archive,) = (world.folder / "vault").rglob("*.tar.zst")
    damaged = bytearray(archive.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    archive.chmod(0o600)
    archive.write_bytes(damaged)
    approve(world, message)
    reply = standing(world, "C0BACKUPS", f"<@{ONCALL}> your restore of `orders`")
    assert "failed" in words(reply["blocks"])
    assert "ref `" in words(reply["blocks"])
    assert not world.core.catalog.instances.current()


def test_own_request_is_for_somebody_else(make_world: Callable[..., World]) -> None:
    """The requester who presses Approve is told, alone, who may; the request goes on waiting."""
    world = make_world()
    world.slack.groups["S0DBA"].append(ONCALL)
    message = asked(world)
    screen = world.people.press(ONCALL, button(message["blocks"], "Approve"), ephemeral=False)
    assert screen.body["response_type"] == "ephemeral"
    assert "You asked for this restore, so somebody else has to approve it: <!subteam^S0DBA>." in screen.text
    assert len(world.core.catalog.restores.waiting()) == 1


def test_guest_can_neither_ask_nor_approve(world: World) -> None:
    """A guest's press is answered with who may; nothing changes."""
    message = asked(world)
    assert "<!subteam^S0DBA>" in world.people.press(GUEST, button(message["blocks"], "Approve"), ephemeral=False).text
    done = standing(world, "C0BACKUPS", "is done and proven")
    world.people.send(world.people.click(GUEST, button(done["blocks"], "Restore"), ephemeral=False))
    assert f"<@{ONCALL}>" in words(world.people.modal("Safehold")["blocks"])
    assert len(world.core.catalog.restores.waiting()) == 1


def test_who_left_the_group_lost_the_right(world: World) -> None:
    """Groups are read at the click: an approver removed a moment ago is refused."""
    message = asked(world)
    world.slack.groups["S0DBA"].clear()
    assert "may not decide" in world.people.press(APPROVER, button(message["blocks"], "Approve"), ephemeral=False).text
    del world.slack.groups["S0DBA"]
    assert "Slack can't say" in world.people.press(APPROVER, button(message["blocks"], "Approve"), ephemeral=False).text
    assert len(world.core.catalog.restores.waiting()) == 1


def test_denied_with_its_reason(world: World) -> None:
    """Deny asks why, and the reason stands in both channels."""
    message = asked(world)
    world.people.send(world.people.click(APPROVER, button(message["blocks"], "Deny"), ephemeral=False))
    view = world.people.modal("Deny a restore")
    told = world.people.sent(APPROVER, view, {"reason": {"reason": {"value": "use <staging>"}}})
    assert f"Denied: the restore of `orders` that <@{ONCALL}> asked for" in words(told["blocks"])
    for channel in ("C0APPROVALS", "C0BACKUPS"):
        shown = standing(world, channel, f"Denied by <@{APPROVER}>")
        assert "use &lt;staging&gt;" in words(shown["blocks"])
    assert not world.core.catalog.instances.current()


def test_expired_request_says_so(world: World) -> None:
    """After its time a request is expired in the channel, a late press changes nothing, and Ask again asks again."""
    message = asked(world)
    world.clock.shift = timedelta(hours=5)
    screen = world.people.press(APPROVER, button(message["blocks"], "Approve"), ephemeral=False)
    assert "expired" in screen.text
    standing(world, "C0APPROVALS", "without a decision")
    assert "Approve" not in words(message["blocks"])
    told = standing(world, "C0BACKUPS", "Ask again")
    world.people.send(world.people.click(ONCALL, button(told["blocks"], "Ask again"), ephemeral=False))
    view = world.people.modal("Restore orders")
    world.people.sent(ONCALL, view, reasoned("still needed"))
    (again,) = world.core.catalog.restores.waiting()
    assert again.plan.backup_id in words(message["blocks"])


@pytest.mark.parametrize("times", [2])
def test_second_approval_is_stale(world: World, times: int) -> None:
    """A double click on Approve restores once; a stale press says what was decided."""
    message = asked(world)
    kept = {**button(message["blocks"], "Approve")}
    body = approve(world, message)
    world.people.send(body)
    standing(world, "C0BACKUPS", "is *ready*")
    world.clock.shift = timedelta(seconds=4)
    screen = world.people.press(APPROVER, kept, ephemeral=False)
    assert "already" in screen.text
    assert len(world.core.catalog.instances.current()) == 1


def test_cancel_withdraws_a_waiting_request(world: World) -> None:
    """The requester's Cancel withdraws the request in both channels."""
    asked(world)
    waiting = standing(world, "C0BACKUPS", "waits for approval")
    world.people.press(ONCALL, button(waiting["blocks"], "Cancel"), ephemeral=False)
    standing(world, "C0APPROVALS", f"Withdrawn by <@{ONCALL}>")
    assert not world.core.catalog.restores.waiting()


def test_commands_decide_too(world: World) -> None:
    """/backups approve and deny do what the buttons do."""
    asked(world)
    (restore,) = world.core.catalog.restores.waiting()
    assert "Denied" in world.people.typed(APPROVER, f'deny {restore.id} "not today"').text
    assert world.core.catalog.restores.get(restore.id).state is RestoreState.DENIED
    assert "denied already" in world.people.typed(APPROVER, f"approve {restore.id}").text


def test_no_approval_where_none_is_required(make_world: Callable[..., World]) -> None:
    """Without required approvals the modal says Restore, and the restore begins at once."""
    world = make_world(more="approval_required = false")
    view = plan_of(world)
    assert view["submit"]["text"] == "Restore"
    assert world.people.sent(ONCALL, view, reasoned("now"))["title"]["text"] == "Restore initiated"
    standing(world, "C0BACKUPS", "is *ready*")
    assert "C0APPROVALS" not in world.slack.messages


def test_instances_are_listed(world: World) -> None:
    """/backups instances lists what stands with its buttons, and says what to do where nothing does."""
    assert "None stands now" in world.people.typed(ONCALL, "instances").text
    approve(world, asked(world))
    standing(world, "C0BACKUPS", "is *ready*")
    screen = world.people.typed(ONCALL, "instances")
    assert button(screen.blocks, "Destroy")["confirm"]["confirm"]["text"] == "Destroy"
    name = world.core.catalog.instances.current()[0].name
    assert "is not yours" in world.people.typed(GUEST, f"destroy {name}").text
    assert "now lives until" in world.people.typed(ONCALL, f"extend {name} 1h").text
    assert "being destroyed" in world.people.typed(ONCALL, f"destroy {name}").text


def test_late_trigger_is_said(world: World) -> None:
    """When Slack passes a press on too late to open a modal, the person is told to press again."""
    from tests.bot.heard import Trouble

    world.backed_up()
    done = standing(world, "C0BACKUPS", "is done and proven")
    world.slack.troubles["views.open"] = [Trouble(200, "expired_trigger_id")]
    assert "Press again" in world.people.press(ONCALL, button(done["blocks"], "Restore"), ephemeral=False).text
