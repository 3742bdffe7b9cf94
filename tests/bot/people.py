"""What people do in Slack, as the envelopes that the bot receives, and what they then see."""

import itertools
import json
import re
from dataclasses import dataclass, field
from typing import Any

from slack_bolt import App, BoltRequest, BoltResponse

from tests.bot.slack_server import SlackServer

ONCALL, APPROVER, GUEST = "U0ONCALL", "U0APPROVER", "U0GUEST"
TS = "1700000000.000100"
"""The time of the message in which people press, where a test does not name another."""

Json = dict[str, Any]


@dataclass
class Screen:
    """What one answer shows. `url` is the response_url that it came by."""

    body: Json
    url: str

    @property
    def blocks(self) -> list[Json]:
        """Return its blocks."""
        return list(self.body["blocks"])

    @property
    def text(self) -> str:
        """Return every text in it."""
        return words(self.blocks)


def timeless(text: str) -> str:
    """Return the text of a list without as of when it is."""
    return re.sub(r" · as of <!date[^>]*>", "", text)


def words(node: Any) -> str:
    """Return every text in blocks, in order."""
    if isinstance(node, list):
        return "\n".join(filter(None, (words(one) for one in node)))
    if not isinstance(node, dict):
        return ""
    own = [node["text"]] if isinstance(node.get("text"), str) else []
    return "\n".join(filter(None, own + [words(child) for child in node.values() if isinstance(child, (dict, list))]))


def elements(node: Any) -> list[Json]:
    """Return every button, menu and input in blocks, in order."""
    if isinstance(node, list):
        return [found for one in node for found in elements(one)]
    if not isinstance(node, dict):
        return []
    if "action_id" in node:
        return [node]
    return [found for child in node.values() for found in elements(child)]


def button(blocks: list[Json], label: str, place: int = 0) -> Json:
    """Return the button with that label."""
    found = [e for e in elements(blocks) if e["type"] == "button" and e["text"]["text"] == label]
    assert len(found) > place, f"no button {label} in {words(blocks)}"
    return found[place]


@dataclass
class People:
    """Sends envelopes to an app. Every interaction has a trigger of its own."""

    app: App
    slack: SlackServer
    _triggers: Any = field(default_factory=lambda: itertools.count(1))

    def send(self, body: Json) -> BoltResponse:
        """Deliver an envelope; it must be acknowledged."""
        response = self.app.dispatch(BoltRequest(mode="socket_mode", body=body))
        assert response.status == 200, f"not acknowledged: {response.status} {response.body}"
        return response

    def typed(self, user: str, text: str) -> Screen:
        """Type /backups and return the first answer."""
        body = self.command(user, text)
        self.send(body)
        return self.answer(body["response_url"])

    def command(self, user: str, text: str) -> Json:
        """Return the envelope of a command."""
        return {
            **self._about(user),
            "command": "/backups",
            "text": text,
            "user_id": user,
            "user_name": user.lower(),
            "channel_id": "C0BACKUPS",
            "response_url": self.slack.response_url(),
        }

    def press(
        self, user: str, element: Json, *, ephemeral: bool = True, value: Json | None = None, ts: str = TS
    ) -> Screen:
        """Press a button in a message and return the first answer."""
        body = self.click(user, element, ephemeral=ephemeral, value=value, ts=ts)
        self.send(body)
        return self.answer(body["response_url"])

    def click(
        self, user: str, element: Json, *, ephemeral: bool = True, value: Json | None = None, ts: str = TS
    ) -> Json:
        """Return the envelope of a press in the message of that time."""
        container = {"type": "message", "message_ts": ts, "channel_id": "C0BACKUPS", "is_ephemeral": ephemeral}
        return {
            **self._about(user),
            "type": "block_actions",
            "container": container,
            "channel": {"id": "C0BACKUPS"},
            "response_url": self.slack.response_url(),
            "actions": [self._action(element, value)],
        }

    def click_in_view(self, user: str, element: Json, view: Json, value: Json | None = None) -> Json:
        """Return the envelope of a press in a modal or the App Home."""
        return {
            **self._about(user),
            "type": "block_actions",
            "container": {"type": "view"},
            "view": view,
            "actions": [self._action(element, value)],
        }

    def submission(self, user: str, view: Json, values: Json) -> Json:
        """Return the envelope of a submitted modal. `values` is {block_id: {action_id: state}}."""
        return {**self._about(user), "type": "view_submission", "view": {**view, "state": {"values": values}}}

    def submit(self, user: str, view: Json, values: Json) -> Json:
        """Submit a modal and return how it was acknowledged, which Slack has drawn by then."""
        response = self.send(self.submission(user, view, values))
        answer = dict(json.loads(response.body)) if response.body else {}
        self.slack.acknowledged(view["id"], answer)
        return answer

    def sent(self, user: str, view: Json, values: Json) -> Json:
        """Submit a modal and return it with the answer that it comes to show."""
        assert words(self.submit(user, view, values)["view"]["blocks"]) == "One moment…"
        return self.shown(view["id"])

    def shown(self, view_id: str) -> Json:
        """Wait until a modal no longer asks to wait, and return it."""

        def look() -> Json | None:
            view = self.slack.views[view_id]
            return None if "One moment…" in words(view["blocks"]) else view

        found = self.slack.until(look, "an answer in the modal")
        assert found is not None
        return found

    def open_home(self, user: str) -> None:
        """Open the App Home."""
        event = {"type": "app_home_opened", "user": user, "tab": "home", "channel": "D0HOME"}
        self.send({"type": "event_callback", "team_id": "T0TEST", "event": event})

    def answer(self, url: str, place: int = 0) -> Screen:
        """Wait for what was sent to a response_url."""
        path = url[url.index("/response/") :]
        self.slack.until(lambda: len(self.slack.replies.get(path, [])) > place, f"an answer to {path}")
        return Screen(self.slack.replies[path][place], url)

    def modal(self, title: str) -> Json:
        """Wait for the newest modal to have this title and its content."""

        def look() -> Json | None:
            views = list(self.slack.views.values())
            return views[-1] if views and views[-1]["title"]["text"] == title else None

        found = self.slack.until(look, f"a modal {title}")
        assert found is not None
        return found

    def _about(self, user: str) -> Json:
        person = {"id": user, "username": user.lower(), "team_id": "T0TEST"}
        return {"team": {"id": "T0TEST"}, "team_id": "T0TEST", "user": person, "trigger_id": f"t{next(self._triggers)}"}

    def _action(self, element: Json, value: Json | None) -> Json:
        about = {"type": element["type"], "action_id": element["action_id"], "block_id": "b", "action_ts": "1"}
        return {**about, "value": element.get("value", ""), **(value or {})}
