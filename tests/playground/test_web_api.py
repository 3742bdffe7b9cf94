"""The Web API through Slack's own client: what it answers, and what it refuses with which code."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from playground.desk import Desk
from playground.manifest import read_list
from playground.server import Playground
from playground.settings import Settings
from playground.workspace import Workspace
from tests.playground.conftest import Clock

MODAL = {"type": "modal", "title": {"type": "plain_text", "text": "t"}, "blocks": []}
DIVIDER = {"type": "divider"}


def refusal(call: Any, **arguments: Any) -> str:
    """Return the code with which a call is refused."""
    with pytest.raises(SlackApiError) as refused:
        call(**arguments)
    return str(refused.value.response["error"])


def trigger(playground: Playground, person: str = "olga") -> str:
    """Return a fresh trigger of a person."""
    workspace = playground.workspace
    return workspace.links.trigger(workspace.person(person).id).id


def test_tokens_are_checked(playground: Playground) -> None:
    """No token, a wrong one, and one of the wrong kind are three different refusals."""
    address, settings = playground.api_url, playground.workspace.settings
    assert httpx.post(f"{address}auth.test", trust_env=False).json() == {"ok": False, "error": "not_authed"}
    assert refusal(WebClient(token="xoxb-1", base_url=address).auth_test) == "invalid_auth"
    app = WebClient(token=settings.app_token, base_url=address)
    assert refusal(app.chat_postMessage, channel="#backups", text="x") == "not_allowed_token_type"
    assert (
        refusal(WebClient(token=settings.bot_token, base_url=address).api_call, api_method="no.such")
        == "unknown_method"
    )


def test_channels_are_known_by_id_and_only_posting_takes_names(client: WebClient) -> None:
    """A name is fine for a new message; an update wants the id, as in Slack."""
    posted = client.chat_postMessage(channel="#backups", text="x")
    assert refusal(client.chat_update, channel="#backups", ts=posted["ts"], text="y") == "channel_not_found"
    assert refusal(client.chat_postMessage, channel="#nowhere", text="x") == "channel_not_found"
    assert client.chat_update(channel=posted["channel"], ts=posted["ts"], text="y")["text"] == "y"
    names = [channel["name"] for channel in client.conversations_list()["channels"]]
    assert names == ["backups", "backup-approvals"]


def test_a_bot_outside_a_channel_can_neither_write_nor_read(client: WebClient, playground: Playground) -> None:
    """not_in_channel until it joins."""
    workspace = playground.workspace
    channel = workspace.channel("backups", names=True)
    channel.members.discard(workspace.bot.id)
    assert refusal(client.chat_postMessage, channel=channel.id, text="x") == "not_in_channel"
    assert refusal(client.conversations_history, channel=channel.id) == "not_in_channel"
    client.conversations_join(channel=channel.id)
    assert client.chat_postMessage(channel=channel.id, text="x")["ok"]


def test_messages_that_cannot_be_changed(client: WebClient, desk: Desk) -> None:
    """What is not there, what a person wrote and what is ephemeral stays out of reach."""
    desk.write("olga", "hello")
    [written] = desk.messages()
    channel = written["channel"]
    assert refusal(client.chat_update, channel=channel, ts="1.000001", text="x") == "message_not_found"
    assert refusal(client.chat_update, channel=channel, ts=written["ts"], text="x") == "cant_update_message"
    assert refusal(client.chat_delete, channel=channel, ts=written["ts"]) == "cant_delete_message"
    shy = client.chat_postEphemeral(channel=channel, user=written["author"], text="x")["message_ts"]
    assert refusal(client.chat_update, channel=channel, ts=shy, text="x") == "message_not_found"
    assert refusal(client.api_call, api_method="chat.postMessage", json={"channel": channel}) == "no_text"
    assert refusal(client.chat_postMessage, channel=channel, text="x" * 40_001) == "msg_too_long"


def test_blocks_are_refused_with_every_fault(client: WebClient) -> None:
    """invalid_blocks carries Slack's messages with JSON pointers; broken JSON has its own code."""
    with pytest.raises(SlackApiError) as refused:
        client.chat_postMessage(channel="#backups", text="x", blocks=[DIVIDER] * 51)
    assert refused.value.response["errors"] == ["no more than 50 items allowed [json-pointer:/blocks]"]
    assert refusal(client.chat_postMessage, channel="#backups", text="x", blocks="[{") == "invalid_blocks_format"


def test_metadata_and_threads_are_read_back(client: WebClient) -> None:
    """History shows metadata when asked for it, newest first, replies apart."""
    metadata = {"event_type": "backup", "event_payload": {"id": "7f3a"}}
    first = client.chat_postMessage(channel="#backups", text="one", metadata=metadata)
    client.chat_postMessage(channel=first["channel"], text="reply", thread_ts=first["ts"])
    client.chat_postMessage(channel=first["channel"], text="two")
    history = client.conversations_history(channel=first["channel"], include_all_metadata=True)["messages"]
    assert [message["text"] for message in history] == ["two", "one"]
    assert history[1]["metadata"] == metadata
    assert "metadata" not in client.conversations_history(channel=first["channel"])["messages"][1]


def test_a_trigger_is_good_for_three_seconds_and_one_modal(
    client: WebClient, playground: Playground, clock: Clock
) -> None:
    """Used twice, used late and made up are three refusals."""
    key = trigger(playground)
    assert client.views_open(trigger_id=key, view=MODAL)["ok"]
    assert refusal(client.views_open, trigger_id=key, view=MODAL) == "exchanged_trigger_id"
    late = trigger(playground)
    clock.ahead = 3.1
    assert refusal(client.views_open, trigger_id=late, view=MODAL) == "expired_trigger_id"
    assert refusal(client.views_open, trigger_id="1.2.x", view=MODAL) == "invalid_trigger_id"


def test_an_old_hash_loses_and_a_stack_is_three_high(client: WebClient, playground: Playground) -> None:
    """views.update with a stale hash is a hash_conflict; the fourth modal is push_limit_reached."""
    view = client.views_open(trigger_id=trigger(playground), view=MODAL)["view"]
    client.views_update(view_id=view["id"], hash=view["hash"], view=MODAL)
    assert refusal(client.views_update, view_id=view["id"], hash=view["hash"], view=MODAL) == "hash_conflict"
    for _ in range(2):
        client.views_push(trigger_id=trigger(playground), view=MODAL)
    assert refusal(client.views_push, trigger_id=trigger(playground), view=MODAL) == "push_limit_reached"
    assert refusal(client.views_update, view_id="V0", view=MODAL) == "not_found"


def test_a_response_url_works_five_times_in_thirty_minutes(playground: Playground, clock: Clock, desk: Desk) -> None:
    """The sixth use and the late one are refused."""
    workspace = playground.workspace
    channel, person = workspace.channel("backups", names=True).id, workspace.person("olga").id
    link = WebhookClient(f"{playground.url}/response/{workspace.links.link(channel, person).id}")
    assert [link.send(text=str(number)).status_code for number in range(6)] == [200] * 5 + [404]
    assert len(desk.messages()) == 5
    late = WebhookClient(f"{playground.url}/response/{workspace.links.link(channel, person).id}")
    clock.ahead = 1801
    assert json.loads(late.send(text="late").body)["error"] == "expired_url"


def test_people_and_groups_are_described(client: WebClient) -> None:
    """Groups hold the approver; people have zones."""
    [group] = client.usergroups_list()["usergroups"]
    [arne] = client.usergroups_users_list(usergroup=group["id"])["users"]
    assert client.users_info(user=arne)["user"]["tz"] == "America/New_York"
    assert refusal(client.users_info, user="U0NOBODY") == "user_not_found"
    direct = client.conversations_open(users=arne)["channel"]["id"]
    assert client.chat_postMessage(channel=direct, text="hello")["channel"] == direct


def test_a_file_is_shared_in_three_steps(client: WebClient, desk: Desk, playground: Playground) -> None:
    """What was uploaded is what is handed out."""
    channel = playground.workspace.channel("backups", names=True).id
    client.files_upload_v2(channel=channel, filename="plan.txt", content="forty-two", title="Plan")
    [message] = desk.messages()
    assert httpx.get(message["files"][0]["url_private"], trust_env=False).content == b"forty-two"


def test_an_uploaded_image_stands_in_a_message(client: WebClient, desk: Desk, playground: Playground) -> None:
    """A file that was completed without a channel is shown by its id or address; one that is no image is refused."""

    def uploaded(content: bytes) -> str:
        given = client.files_getUploadURLExternal(filename="sizes.png", length=len(content))
        assert refusal(client.chat_postMessage, **shown(given["file_id"])) == "invalid_blocks"
        httpx.post(given["upload_url"], content=content, trust_env=False)
        client.files_completeUploadExternal(files=[{"id": given["file_id"], "title": "Sizes"}])
        return str(given["file_id"])

    def shown(file_id: str, **named: str) -> dict[str, Any]:
        blocks = [{"type": "image", "alt_text": "sizes", "slack_file": named or {"id": file_id}}]
        return {"channel": "#backups", "text": "sizes", "blocks": blocks}

    content = b"\x89PNG\r\n\x1a\n" + bytes(20)
    file_id = uploaded(content)
    client.chat_postMessage(**shown(file_id))
    address = f"{playground.url}/files/{file_id}/sizes.png"
    client.chat_postMessage(**shown(file_id, url=address))
    assert len(desk.messages()) == 2
    served = httpx.get(address, trust_env=False)
    assert (served.content, served.headers["content-type"]) == (content, "image/png")
    assert refusal(client.chat_postMessage, **shown(uploaded(b"just text"))) == "invalid_blocks"


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Playground]:
    """Give a playground with a rate limit and the scopes of a manifest."""
    manifest = tmp_path / "manifest.yml"
    manifest.write_text(
        "oauth_config:\n  scopes:\n    bot:\n      - chat:write  # post\n      - commands\nsettings:\n  x: 1\n"
    )
    settings = Settings(message_seconds=1.0, scopes=read_list(manifest, "bot"))
    with Playground(Workspace(settings)) as running:
        yield running


def test_a_manifest_and_a_rate_limit_hold_the_app(strict: Playground) -> None:
    """A second message within a second waits; a method beyond the scopes says which it needs."""
    client = WebClient(token=strict.workspace.settings.bot_token, base_url=strict.api_url)
    client.chat_postMessage(channel="#backups", text="one")
    with pytest.raises(SlackApiError) as refused:
        client.chat_postMessage(channel="#backups", text="two")
    assert (refused.value.response.status_code, refused.value.response.headers["Retry-After"]) == (429, "1")
    client.chat_postMessage(channel="#backup-approvals", text="elsewhere")
    with pytest.raises(SlackApiError) as scope:
        client.usergroups_list()
    assert (scope.value.response["error"], scope.value.response["needed"]) == ("missing_scope", "usergroups:read")


class Receiver(BaseHTTPRequestHandler):
    """An app in HTTP mode that keeps what it was sent."""

    heard: list[tuple[dict[str, str], bytes]]

    def do_POST(self) -> None:
        """Acknowledge with a text."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.heard.append(({key.lower(): value for key, value in self.headers.items()}, body))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"hi")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Stay silent."""


def test_http_delivery_is_signed_like_slacks() -> None:
    """A command reaches the request URL as a form whose v0 signature is right; a plain answer is shown."""
    receiver = type("Kept", (Receiver,), {"heard": []})
    with HTTPServer(("127.0.0.1", 0), receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings = Settings(request_url=f"http://127.0.0.1:{server.server_port}/slack/events")
        with Playground(Workspace(settings)) as running, Desk(running.url) as desk:
            assert desk.write("olga", "/backups list") == {"ok": True}
            assert desk.messages()[0]["text"] == "hi"
        server.shutdown()
    [(headers, body)] = receiver.heard
    signed = f"v0:{headers['x-slack-request-timestamp']}:".encode() + body
    expected = hmac.new(settings.signing_secret.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["x-slack-signature"] == f"v0={expected}"
    assert parse_qs(body.decode())["text"] == ["list"]
