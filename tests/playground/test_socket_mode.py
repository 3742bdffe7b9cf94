"""An unmodified Bolt app over Socket Mode: commands, buttons, modals, home, envelopes that come twice."""

import threading
from collections.abc import Callable
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

from playground.desk import Desk
from playground.server import Playground
from tests.support.waiting import until

BUTTON = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}, "value": "v1"}
ROW = {"type": "actions", "block_id": "row", "elements": [BUTTON]}
MODAL = {
    "type": "modal",
    "callback_id": "ask",
    "title": {"type": "plain_text", "text": "Restore gods"},
    "submit": {"type": "plain_text", "text": "Restore"},
    "private_metadata": "b7",
    "notify_on_close": True,
    "blocks": [
        {
            "type": "input",
            "block_id": "reason",
            "label": {"type": "plain_text", "text": "Reason"},
            "element": {"type": "plain_text_input", "action_id": "reason", "multiline": True},
        }
    ],
}


def test_a_command_is_acknowledged_with_a_text_for_one_person(bolt: App, connect: Callable, desk: Desk) -> None:
    """The text of an acknowledgement stands in the channel for the person who typed, and for nobody else."""
    bolt.command("/backups")(lambda ack, command: ack(f"you said {command['text']}"))
    connect()
    assert desk.write("olga", "/backups list <gods>") == {"ok": True}
    [message] = desk.messages()
    assert message["text"] == "you said list &lt;gods&gt;"
    assert message["only_for"] == desk.state()["people"]["olga"]


def test_an_app_that_says_nothing_is_told_to_the_person(bolt: App, connect: Callable, desk: Desk) -> None:
    """A command without acknowledgement ends as an operation_timeout that its author sees."""
    bolt.command("/backups")(lambda: None)
    connect()
    assert desk.write("olga", "/backups")["error"] == "operation_timeout"
    [message] = desk.messages()
    assert "did not respond" in message["text"]
    assert message["author"] == "USLACKBOT"


def test_without_a_connection_a_command_fails_at_once(desk: Desk) -> None:
    """No app, no waiting: dispatch_failed."""
    assert desk.write("olga", "/backups")["error"] == "dispatch_failed"


def test_a_button_updates_its_own_ephemeral_message(bolt: App, connect: Callable, desk: Desk) -> None:
    """A click's response_url replaces the message that only the person sees, and takes it away at the end."""

    def start(ack: Any, respond: Any) -> None:
        ack()
        respond(text="start", blocks=[ROW])

    def go(ack: Any, respond: Any, body: dict[str, Any]) -> None:
        ack()
        assert "message" not in body  # Slack leaves it out for ephemeral messages
        assert body["container"]["is_ephemeral"]
        respond(text="gone on", blocks=[{**ROW, "elements": [{**BUTTON, "action_id": "end"}]}], replace_original=True)

    def end(ack: Any, respond: Any) -> None:
        ack()
        respond(delete_original=True)

    bolt.command("/backups")(start)
    bolt.action("go")(go)
    bolt.action("end")(end)
    connect()
    desk.write("olga", "/backups")
    first = until(desk.messages)[0]
    assert desk.press("olga", first, "go") == {"ok": True}
    until(lambda: desk.messages()[0]["text"] == "gone on")
    assert len(desk.messages()) == 1
    assert desk.press("olga", desk.messages()[0], "end") == {"ok": True}
    until(lambda: not desk.messages())


def test_messages_are_posted_edited_and_threaded(bolt: App, connect: Callable, client: WebClient, desk: Desk) -> None:
    """A click carries the message it stands in; the answer edits it and goes on in its thread."""
    heard: list[dict[str, Any]] = []

    def go(ack: Any, body: dict[str, Any], client: WebClient) -> None:
        ack()
        heard.append(body)
        client.chat_update(channel=body["channel"]["id"], ts=body["message"]["ts"], text="done")
        client.chat_postMessage(channel=body["channel"]["id"], thread_ts=body["message"]["ts"], text="detail")

    bolt.action("go")(go)
    connect()
    client.chat_postMessage(channel="#backups", text="pending", blocks=[ROW])
    assert desk.press("arne", desk.messages()[0], "go") == {"ok": True}
    until(lambda: len(desk.messages()) == 2)
    edited, reply = desk.messages()
    assert (edited["text"], reply["thread_ts"]) == ("done", edited["ts"])
    assert edited["blocks"][0]["block_id"] == "row"  # an update without blocks keeps them
    assert heard[0]["actions"][0]["value"] == "v1"
    thread = client.conversations_replies(channel=edited["channel"], ts=edited["ts"])["messages"]
    assert [message["text"] for message in thread] == ["done", "detail"]
    assert thread[0]["reply_count"] == 1


def test_a_modal_is_opened_refused_updated_and_closed(bolt: App, connect: Callable, desk: Desk) -> None:
    """Each response_action does what it does in Slack; values stay what the person typed."""

    def start(ack: Any, body: dict[str, Any], client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    def ask(ack: Any, view: dict[str, Any]) -> None:
        typed = view["state"]["values"]["reason"]["reason"]["value"]
        if typed == "no":
            ack(response_action="errors", errors={"reason": "Say more."})
        elif typed == "next":
            ack(response_action="update", view={**MODAL, "callback_id": "second"})
        else:
            ack()

    bolt.command("/backups")(start)
    bolt.view("ask")(ask)
    bolt.view("second")(lambda ack: ack(response_action="clear"))
    connect()
    desk.write("olga", "/backups restore")
    view = until(lambda: desk.modal("olga"))

    def submit(reason: str) -> dict[str, Any]:
        return desk.act("olga", "submit", view=view["id"], values={"reason": {"reason": reason}})

    assert submit("")["errors"] == {"reason": "Please complete this required field."}
    assert submit("no")["errors"] == {"reason": "Say more."}
    assert submit("next") == {"ok": True}
    assert desk.modal("olga")["body"]["callback_id"] == "second"
    assert submit("why not") == {"ok": True}
    assert desk.modal("olga") is None


def test_a_closed_modal_is_told_where_it_asked_for_it(bolt: App, connect: Callable, desk: Desk) -> None:
    """view_closed comes for notify_on_close, with the view's metadata."""
    closed: list[str] = []

    def start(ack: Any, body: dict[str, Any], client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    def gone(ack: Any, view: dict[str, Any]) -> None:
        ack()
        closed.append(view["private_metadata"])

    bolt.command("/backups")(start)
    bolt.view_closed("ask")(gone)
    connect()
    desk.write("olga", "/backups")
    view = until(lambda: desk.modal("olga"))
    desk.act("olga", "close", view=view["id"])
    assert closed == ["b7"]
    assert desk.modal("olga") is None


def test_home_is_published_when_it_is_opened(bolt: App, connect: Callable, desk: Desk) -> None:
    """app_home_opened leads to a Home of that person; its buttons carry the view."""
    pressed: list[dict[str, Any]] = []

    def opened(event: dict[str, Any], client: WebClient) -> None:
        client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [ROW]})

    def go(ack: Any, body: dict[str, Any]) -> None:
        ack()
        pressed.append(body)

    bolt.event("app_home_opened")(opened)
    bolt.action("go")(go)
    connect()
    desk.act("gita", "look", tab="home")
    gita = desk.state()["people"]["gita"]
    home = until(lambda: desk.state()["homes"].get(gita))
    assert desk.act("gita", "use", view=home["id"], block_id="row", action_id="go") == {"ok": True}
    assert pressed[0]["view"]["id"] == home["id"]
    assert pressed[0]["container"] == {"type": "view", "view_id": home["id"]}


def test_an_envelope_can_be_delivered_twice(bolt: App, connect: Callable, desk: Desk, playground: Playground) -> None:
    """The switch repeats one envelope with the same id, as a shaky network does."""
    heard: list[str] = []
    both = threading.Event()

    def start(ack: Any, command: dict[str, Any]) -> None:
        ack()
        heard.append(command["trigger_id"])
        if len(heard) == 2:
            both.set()

    bolt.command("/backups")(start)
    connect()
    desk.http.post("/_playground/twice")
    assert desk.write("olga", "/backups") == {"ok": True}
    assert both.wait(5)
    assert heard[0] == heard[1]


def test_an_unheard_event_comes_again_after_a_reconnect(bolt: App, connect: Callable, desk: Desk) -> None:
    """An event sent while nobody listens is delivered on the next connection, marked as a retry."""
    heard: list[Any] = []
    bolt.event("app_home_opened")(lambda event: heard.append(event["tab"]))
    desk.act("olga", "look")
    connect()
    until(lambda: heard)
    [envelope] = desk.state()["envelopes"]
    assert (envelope["retry_attempt"], envelope["retry_reason"]) == (1, "connection_lost")


def test_a_dropped_app_comes_back(bolt: App, connect: Callable, desk: Desk) -> None:
    """After an announced disconnect Bolt connects again and answers."""
    bolt.command("/backups")(lambda ack: ack("here"))
    connect()
    assert desk.http.post("/_playground/drop?announced=1").json()["dropped"] == 1
    until(lambda: desk.state()["connections"] == 1, 30)
    assert desk.write("olga", "/backups") == {"ok": True}


def test_an_envelope_goes_to_one_of_several_connections(bolt: App, connect: Callable, desk: Desk) -> None:
    """Two connections share the commands; none is heard twice, and one that goes leaves the other in service."""
    heard: list[str] = []

    def start(ack: Any, command: dict[str, Any]) -> None:
        ack()
        heard.append(command["text"])

    bolt.command("/backups")(start)
    first, _second = connect(), connect()
    for number in range(4):
        assert desk.write("olga", f"/backups {number}") == {"ok": True}
    first.client.auto_reconnect_enabled = False
    first.close()
    until(lambda: desk.state()["connections"] == 1)
    assert desk.write("olga", "/backups 4") == {"ok": True}
    assert sorted(heard) == ["0", "1", "2", "3", "4"]
