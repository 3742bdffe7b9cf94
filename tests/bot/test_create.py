"""Back up now, and the message that follows it."""

import threading
from collections.abc import Callable
from typing import Any

from tests.bot.conftest import World
from tests.bot.heard import Trouble
from tests.bot.people import APPROVER, GUEST, ONCALL, button, words


def in_channel(world: World) -> list[dict[str, Any]]:
    """Return what stands in #backups, threads left out."""
    return [m for m in world.slack.messages.get("C0BACKUPS", []) if not m["thread_ts"]]


def test_back_up_now_answers_at_once_and_the_message_ends_proven(world: World) -> None:
    """The press brings a row on top, one message in the channel that ends with size and proof, and a thread reply."""
    listed = world.people.typed(ONCALL, "")
    screen = world.people.press(ONCALL, button(listed.blocks, "Back up now"))
    assert f"Backup of `orders` initiated by <@{ONCALL}>" in screen.text
    world.slack.until(lambda: "is done and proven" in words(world.slack.messages.get("C0BACKUPS", [])), "the end")
    world.slack.until(lambda: len(world.slack.messages["C0BACKUPS"]) == 2, "the reply")
    message, reply = world.slack.messages["C0BACKUPS"]
    assert "50 " in message["text"]
    assert [button(message["blocks"], label) for label in ("Options", "Download", "Restore")]
    assert reply["thread_ts"] == message["ts"]
    assert "SHA-256" in reply["text"]


def test_the_message_names_the_on_demand_backup_that_goes_and_keeps_it(world: World) -> None:
    """A second Back up now says which earlier one goes for it, by its note, and its button holds that one."""
    first = world.backed_up("before the migration")
    held = threading.Event()
    for number in range(world.core.config.runner_threads):
        world.core.runner.submit(f"in the way {number}", lambda: bool(held.wait(30)) or None)
    world.people.typed(ONCALL, "now orders")
    said = "“before the migration” is let go"
    world.slack.until(lambda: [m for m in in_channel(world) if f"{said}: *Keep* holds it" in m["text"]], "the message")
    held.set()
    (message,) = world.slack.until(
        lambda: [m for m in in_channel(world) if f"{said}, unless somebody keeps it" in m["text"]], "the end"
    )
    assert button(message["blocks"], "Keep the earlier one")["value"] == first


def test_verify_says_when_it_was_proven_again(world: World) -> None:
    """Verify answers at once, and the backup's message tells when it has been done."""
    backup = world.backed_up()
    world.slack.until(lambda: in_channel(world), "the message")
    opened = world.people.typed(ONCALL, f"show {backup}")
    assert "Verifying" in world.people.press(ONCALL, button(opened.blocks, "Verify")).text
    world.slack.until(lambda: "Verified and proven again" in words(in_channel(world)), "the end")
    assert "right to verify" in world.people.typed(GUEST, f"verify {backup}").text


def test_running_backup_is_pending_and_can_be_cancelled(world: World) -> None:
    """A backup under way stands on top as pending with Cancel; a second request joins it; cancelled, it says so."""
    held = threading.Event()
    for number in range(world.core.config.runner_threads):
        world.core.runner.submit(f"in the way {number}", lambda: bool(held.wait(30)) or None)
    listed = world.people.typed(ONCALL, "")
    pressed = world.people.press(ONCALL, button(listed.blocks, "Back up now"))
    assert "*Pending* · started" in pressed.text
    assert "you joined it" in world.people.typed(APPROVER, "now orders").text
    message = world.slack.until(lambda: in_channel(world), "the message")[0]
    assert "asked to stop" in world.people.press(ONCALL, button(message["blocks"], "Cancel"), ephemeral=False).text
    world.slack.until(lambda: "was cancelled" in words(in_channel(world)), "the end")
    held.set()


def test_same_envelope_twice_is_one_backup(world: World) -> None:
    """Slack delivers an envelope again when it missed the acknowledgement: one backup comes of it."""
    listed = world.people.typed(ONCALL, "")
    body = world.people.click(ONCALL, button(listed.blocks, "Back up now"))
    world.people.send(body)
    world.people.send(body)
    world.people.answer(body["response_url"])
    command = world.people.command(ONCALL, "now orders")
    world.people.send(command)
    world.people.send(command)
    world.people.answer(command["response_url"])
    world.slack.until(lambda: not world.core.catalog.backups.open_ones(), "the end")
    assert world.core.list_backups(None).total <= 2


def test_double_click_is_one_backup(world: World) -> None:
    """Two presses in a moment begin one backup, however quickly the first is done."""
    listed = world.people.typed(ONCALL, "")
    for _ in range(2):
        world.people.press(ONCALL, button(listed.blocks, "Back up now"))
    assert world.core.list_backups(None).total == 1


def test_guest_is_told_who_may(world: World) -> None:
    """Without the right nothing begins, and the answer names those who have it."""
    screen = world.people.press(GUEST, button(world.people.typed(ONCALL, "").blocks, "Back up now"))
    assert "right to back" in screen.text
    assert f"<@{ONCALL}>" in screen.text
    assert f"<@{ONCALL}>" in world.people.typed(GUEST, "now orders").text
    assert world.core.list_backups(None).total == 0


def test_hostile_note_stays_text(world: World) -> None:
    """A mention, a link and markup in a note reach the channel as the characters they are."""
    note = "<!channel> <@U0GUEST> <https://evil.example|click> & `x` "
    world.people.typed(ONCALL, f"now orders {note}")
    world.slack.until(lambda: "is done" in words(world.slack.messages.get("C0BACKUPS", [])), "the end")
    shown = words(world.slack.messages["C0BACKUPS"]) + world.people.typed(ONCALL, "list").text
    assert "&lt;!channel&gt; &lt;@U0GUEST&gt; &lt;https://evil.example|click&gt; &amp;" in shown
    assert "<!channel>" not in shown
    assert "<https" not in shown


def test_long_note_and_control_characters_are_refused(world: World) -> None:
    """A note of 201 characters is refused with the limit; nothing begins."""
    assert "at most 200 fit" in world.people.typed(ONCALL, f"now orders {'x' * 201}").text
    assert world.core.list_backups(None).total == 0


def test_failure_says_why_and_retry_begins_again(world: World) -> None:
    """A source that is gone gives a failed message with a reference and Retry, which works once it is back."""
    path = world.folder / "orders.db"
    path.rename(world.folder / "away.db")
    world.people.typed(ONCALL, "now orders nightly")
    world.slack.until(lambda: "failed" in words(world.slack.messages.get("C0BACKUPS", [])), "the failure")
    world.slack.until(lambda: len(world.slack.messages["C0BACKUPS"]) == 2, "the reply")
    message, reply = world.slack.messages["C0BACKUPS"]
    assert "There is no good backup of it yet." in message["text"]
    assert "ref `" in reply["text"]
    (world.folder / "away.db").rename(path)
    world.people.press(ONCALL, button(message["blocks"], "Retry"), ephemeral=False)
    world.slack.until(lambda: "is done and proven" in words(world.slack.messages["C0BACKUPS"]), "the second try")
    assert len(in_channel(world)) == 2


def test_several_sources_are_asked_for(make_world: Callable[..., World]) -> None:
    """Where the list shows several sources, Back up now asks which one and why."""
    world = make_world(("orders", "people"))
    listed = world.people.typed(ONCALL, "")
    world.people.send(world.people.click(ONCALL, button(listed.blocks, "Back up now")))
    view = world.people.modal("Back up now")
    state = {
        "source": {"source": {"selected_option": {"value": "people"}}},
        "note": {"note": {"value": "by hand"}},
    }
    for _ in range(2):
        assert "initiated" in words(world.people.sent(ONCALL, view, state)["blocks"])
    page = world.core.list_backups("people")
    assert [backup.note for backup in page.backups] == ["by hand"]


def test_now_without_a_source_asks_for_it(make_world: Callable[..., World]) -> None:
    """With several sources the command wants a name, and gives an example."""
    world = make_world(("orders", "people"))
    assert "/backups now orders" in world.people.typed(ONCALL, "now").text


def test_slow_slack_gets_the_newest_state_only_once(world: World) -> None:
    """Told to wait, the board waits, and then posts one message that says how it is by then."""
    world.slack.troubles["chat.postMessage"] = [Trouble(429, "ratelimited", 1), Trouble(500, "internal_error")]
    world.people.typed(ONCALL, "now orders")
    world.slack.until(lambda: len(world.slack.messages.get("C0BACKUPS", [])) == 2, "the message and its reply")
    assert "is done and proven" in in_channel(world)[0]["text"]


def test_lost_answer_does_not_post_twice(world: World) -> None:
    """When Slack took a message and the connection died, it is found in the history instead of posted again."""
    world.slack.troubles["chat.postMessage"] = [Trouble(cut=True)]
    world.people.typed(ONCALL, "now orders")
    world.slack.until(lambda: len(world.slack.messages.get("C0BACKUPS", [])) == 2, "the message and its reply")
    world.slack.until(lambda: "is done and proven" in words(in_channel(world)), "the edit")
    assert len(in_channel(world)) == 1
