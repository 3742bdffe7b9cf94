"""The payloads that Slack sends to an app."""

from typing import Any

from playground.api import views
from playground.api.call import shown
from playground.ids import fresh_id
from playground.model import Channel, Json, Message, Person, View
from playground.values import state_of, stated
from playground.workspace import Workspace

VERIFICATION = "playground-verification-token"  # Slack still sends this deprecated field


class Payloads:
    """Build payloads for one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def command(self, person: Person, channel: Channel, words: tuple[str, str], base_url: str) -> Json:
        """Build a slash command's payload; the words are the command and its text."""
        workspace = self.workspace
        return {
            "token": VERIFICATION,
            "team_id": workspace.team_id,
            "team_domain": workspace.domain,
            "channel_id": channel.id,
            "channel_name": "directmessage" if channel.is_im else channel.name,
            "user_id": person.id,
            "user_name": person.name,
            "command": words[0],
            "text": words[1],
            "api_app_id": workspace.app_id,
            "is_enterprise_install": "false",
            "response_url": f"{base_url}/response/{workspace.links.link(channel.id, person.id).id}",
            "trigger_id": workspace.links.trigger(person.id).id,
        }

    def _base(self, kind: str, person: Person, view_id: str = "") -> Json:
        workspace = self.workspace
        user = {"id": person.id, "username": person.name, "name": person.name, "team_id": workspace.team_id}
        return {
            "type": kind,
            "user": user,
            "api_app_id": workspace.app_id,
            "token": VERIFICATION,
            "team": {"id": workspace.team_id, "domain": workspace.domain},
            "enterprise": None,
            "is_enterprise_install": False,
            "trigger_id": workspace.links.trigger(person.id, view_id).id,
        }

    def action(self, block_id: str, element: Json, raw: Any) -> Json:
        """Build the entry of `actions` for one element that was used."""
        told: Json = {"action_id": element["action_id"], "block_id": block_id, "type": element["type"]}
        told["action_ts"] = self.workspace.next_ts()
        if element["type"] == "button":
            told["text"] = element["text"]
            return told | {key: element[key] for key in ("value", "style", "url") if element.get(key) is not None}
        told |= stated(element, raw)
        told |= {key: element[key] for key in ("placeholder",) if element.get(key)}
        return told

    def on_message(self, person: Person, message: Message, action: Json, base_url: str) -> Json:
        """Build block_actions for an element of a message, with a fresh response_url."""
        workspace, channel = self.workspace, self.workspace.channels[message.channel]
        link = workspace.links.link(channel.id, person.id, message.ts, message.thread_ts)
        container: Json = {"type": "message", "message_ts": message.ts, "channel_id": channel.id}
        container["is_ephemeral"] = bool(message.only_for)
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        payload = self._base("block_actions", person) | {
            "container": container,
            "channel": {"id": channel.id, "name": "directmessage" if channel.is_im else channel.name},
            "state": {"values": state_of(message.blocks or [], message.state)},
            "response_url": f"{base_url}/response/{link.id}",
            "actions": [action],
        }
        if not message.only_for:  # Slack leaves ephemeral messages out
            payload["message"] = shown(workspace, message)
        return payload

    def on_view(self, person: Person, view: View, action: Json, values: Json) -> Json:
        """Build block_actions for an element of a modal or App Home."""
        return self._base("block_actions", person, view.id) | {
            "container": {"type": "view", "view_id": view.id},
            "view": views.shown(self.workspace, view, values),
            "actions": [action],
        }

    def submission(self, person: Person, view: View, values: Json) -> Json:
        """Build view_submission."""
        told = views.shown(self.workspace, view, values)
        return self._base("view_submission", person, view.id) | {"view": told, "response_urls": []}

    def closed(self, person: Person, view: View, *, cleared: bool) -> Json:
        """Build view_closed."""
        payload = self._base("view_closed", person) | {"view": views.shown(self.workspace, view)}
        del payload["trigger_id"]
        return payload | {"is_cleared": cleared}

    def event(self, event: Json) -> Json:
        """Wrap an event as the Events API does."""
        workspace = self.workspace
        authorization: Json = {"enterprise_id": None, "team_id": workspace.team_id, "user_id": workspace.bot.id}
        return {
            "token": VERIFICATION,
            "team_id": workspace.team_id,
            "api_app_id": workspace.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": fresh_id("Ev"),
            "event_time": int(workspace.clock()),
            "authorizations": [{**authorization, "is_bot": True, "is_enterprise_install": False}],
            "is_ext_shared_channel": False,
        }

    def home_opened(self, person: Person, tab: str) -> Json:
        """Build app_home_opened."""
        event: Json = {"type": "app_home_opened", "user": person.id, "tab": tab}
        event |= {"channel": self.workspace.direct(person.id).id, "event_ts": self.workspace.next_ts()}
        home = self.workspace.cards.homes.get(person.id)
        if home and tab == "home":
            event["view"] = views.shown(self.workspace, home)
        return self.event(event)

    def said(self, message: Message, kind: str = "message") -> Json:
        """Build the event of a message that a person wrote."""
        channel = self.workspace.channels[message.channel]
        event: Json = {"type": kind, "user": message.author, "text": message.text, "ts": message.ts}
        event |= {"channel": channel.id, "event_ts": message.ts, "team": self.workspace.team_id}
        if kind == "message":
            event["channel_type"] = "im" if channel.is_im else "channel"
        if message.thread_ts:
            event["thread_ts"] = message.thread_ts
        return self.event(event)
