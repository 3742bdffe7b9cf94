"""What people do in the workspace, delivered to the app, and what its acknowledgement changes."""

import asyncio
from typing import Any

from playground.api import responses, views
from playground.api.call import elements_of
from playground.delivery import NOT_DISPATCHED, TIMED_OUT, Answer, Delivery
from playground.errors import SlackError
from playground.model import Channel, Json, Message, Person, View
from playground.payloads import Payloads
from playground.values import RawValues, state_of, unmet
from playground.workspace import SLACKBOT, Workspace

TROUBLE = "We had some trouble connecting. Try again?"


class Acts:
    """Carry out one person's doings; each returns what that person's client shows, `ok` or an error's text."""

    def __init__(self, workspace: Workspace, delivery: Delivery) -> None:
        self.workspace = workspace
        self.payloads = Payloads(workspace)
        self._delivery = delivery
        self._events: set[asyncio.Task[Answer]] = set()

    async def write(self, person: Person, channel: Channel, text: str, *, thread: str, base_url: str) -> Json:
        """Send what stands in the composer: a slash command or a message."""
        text = text.strip()
        if not text:
            return {"ok": True}
        if text.startswith("/") and not text.startswith("//"):
            return await self.command(person, channel, text, base_url)
        workspace = self.workspace
        message = Message(workspace.next_ts(), channel.id, person.id, _escaped(text), None, thread)
        workspace.add(message)
        if channel.is_im or self._subscribed("message.channels"):
            self._tell("message.im" if channel.is_im else "message.channels", self.payloads.said(message))
        if f"@{workspace.bot.name}" in text.lower():
            self._tell("app_mention", self.payloads.said(message, "app_mention"))
        return {"ok": True, "ts": message.ts}

    def _subscribed(self, event: str) -> bool:
        return event in self.workspace.settings.events

    def _tell(self, event: str, payload: Json) -> None:
        """Deliver an event in the background, where the app has subscribed to it."""
        if self._subscribed(event):
            task = asyncio.create_task(self._delivery.send("events_api", payload))
            self._events.add(task)
            task.add_done_callback(self._events.discard)

    async def command(self, person: Person, channel: Channel, typed: str, base_url: str) -> Json:
        """Run a slash command; what fails is told by Slackbot, to this person alone."""
        command, _, text = typed.partition(" ")
        if command != self.workspace.settings.command:
            self._slackbot(person, channel, f"`{_escaped(command)}` is not a valid command.")
            return {"ok": False, "error": "unknown_command"}
        payload = self.payloads.command(person, channel, (command, _escaped(text.strip())), base_url)
        answer = await self._delivery.send("slash_commands", payload)
        if answer.failure:
            self._slackbot(person, channel, _failure(command, answer.failure))
            return {"ok": False, "error": answer.failure}
        if answer.payload.get("text") or answer.payload.get("blocks"):
            link = self.workspace.links.use(payload["response_url"].rpartition("/")[2])
            try:
                responses.publish(self.workspace, link, answer.payload)
            except SlackError as error:
                self._slackbot(person, channel, _failure(command, error.code))
                return {"ok": False, **error.body()}
        return {"ok": True}

    def _slackbot(self, person: Person, channel: Channel, text: str) -> None:
        workspace = self.workspace
        workspace.add(Message(workspace.next_ts(), channel.id, SLACKBOT.id, text, only_for=person.id))

    async def use_in_message(
        self, person: Person, where: tuple[str, str], target: tuple[str, str], values: RawValues, base_url: str
    ) -> Json:
        """Use an element of a message; `where` is channel and ts, `target` is block id and action id."""
        message = self.workspace.find(*where)
        if message.only_for not in {"", person.id}:
            raise SlackError("message_not_found")
        element = _element(message.blocks or [], target)
        raw = values.get(target[0], {}).get(target[1])
        message.state = _merged(message.state, values)
        action = self.payloads.action(target[0], element, raw)
        payload = self.payloads.on_message(person, message, action, base_url)
        return self._outcome(await self._delivery.send("interactive", payload))

    async def use_in_view(self, person: Person, view_id: str, target: tuple[str, str], values: RawValues) -> Json:
        """Use an element of a modal or of App Home."""
        view = self._view(person, view_id)
        element = _element(view.body["blocks"], target)
        action = self.payloads.action(target[0], element, values.get(target[0], {}).get(target[1]))
        state = state_of(view.body["blocks"], values)
        return self._outcome(
            await self._delivery.send("interactive", self.payloads.on_view(person, view, action, state))
        )

    def _view(self, person: Person, view_id: str) -> View:
        view = self.workspace.cards.find(view_id)
        if view.person != person.id:
            raise SlackError("not_found")
        return view

    def _outcome(self, answer: Answer) -> Json:
        if not answer.failure:
            return {"ok": True}
        name = self.workspace.bot.real_name
        says = {
            TIMED_OUT: f"{name} did not respond. Try again.",
            NOT_DISPATCHED: f"{name} is not connected. Try again.",
        }
        text = says.get(answer.failure, f"{name} answered with an error ({answer.failure}).")
        return {"ok": False, "error": answer.failure, "text": text}

    async def submit(self, person: Person, view_id: str, values: RawValues) -> Json:
        """Submit a modal, and do what the app's acknowledgement asks for."""
        view = self._view(person, view_id)
        state = state_of(view.body["blocks"], values)
        missing = unmet(view.body["blocks"], state)
        if missing:
            return {"ok": False, "error": "unmet", "errors": missing}
        answer = await self._delivery.send("interactive", self.payloads.submission(person, view, state))
        if answer.failure:
            return {"ok": False, "error": answer.failure, "text": TROUBLE}
        try:
            return self._follow(view, answer.payload)
        except SlackError as error:
            return {"text": TROUBLE, **error.body()}

    def _follow(self, view: View, asked: Json) -> Json:
        """Do what a submission's acknowledgement asks for."""
        cards, action = self.workspace.cards, asked.get("response_action")
        if action == "errors":
            known = {block["block_id"] for block in view.body["blocks"]}
            errors = {key: str(says) for key, says in (asked.get("errors") or {}).items() if key in known}
            if not errors:
                raise SlackError("invalid_arguments", ("errors must name blocks of the view",))
            cards.refuse(view, errors)
            return {"ok": False, "error": "refused", "errors": errors}
        if action == "update":
            cards.update(view, views.checked(asked.get("view")))
        elif action == "push":
            cards.push(view.person, views.checked(asked.get("view")))
        elif action == "clear":
            cards.clear(view.person)
        elif action is None:
            cards.close(view)
        else:
            raise SlackError("invalid_arguments", (f"unknown response_action: {action}",))
        return {"ok": True}

    async def close(self, person: Person, view_id: str, *, everything: bool) -> Json:
        """Close a modal, or the whole stack; tell the app where it asked to be told."""
        top = self._view(person, view_id)
        cards = self.workspace.cards
        everything = everything or bool(top.body.get("clear_on_close"))
        gone = cards.clear(person.id) if everything else [top]
        cards.close(top)
        for view in gone:
            if view.body.get("notify_on_close"):
                await self._delivery.send("interactive", self.payloads.closed(person, view, cleared=everything))
        return {"ok": True}

    def leave(self, person: Person) -> Json:
        """Forget the modals of a page that is left: they are its client's, and the app is not told."""
        self.workspace.cards.clear(person.id)
        return {"ok": True}

    def dismiss(self, person: Person, channel: str, ts: str) -> Json:
        """Take away a message that only this person sees; the app is not told."""
        message = self.workspace.find(channel, ts)
        if message.only_for != person.id:
            raise SlackError("cant_delete_message")
        self.workspace.delete(message)
        return {"ok": True}

    def open_home(self, person: Person, tab: str) -> Json:
        """Tell the app that a person looks at its Home or Messages tab."""
        self._tell("app_home_opened", self.payloads.home_opened(person, tab))
        return {"ok": True}


def _element(blocks: list[Json], target: tuple[str, str]) -> Json:
    for block in blocks:
        for element in elements_of(block):
            if (block["block_id"], element.get("action_id")) == target:
                return element
    raise SlackError("invalid_action")


def _merged(old: RawValues, new: RawValues) -> dict[str, Any]:
    keys = dict.fromkeys([*old, *new])
    return {key: {**old.get(key, {}), **new.get(key, {})} for key in keys}


def _failure(command: str, failure: str) -> str:
    if failure == TIMED_OUT:
        return f"`{command}` failed because the app did not respond (`{failure}`)."
    return f"`{command}` failed with the error `{failure}`."


def _escaped(text: str) -> str:
    """Escape what a person typed as Slack does before it reaches an app; mentions stay mentions."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
