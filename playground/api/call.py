"""One call of a Web API method: its arguments, read as Slack reads them."""

import copy
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playground.errors import SlackError
from playground.model import Channel, Json, Message
from playground.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Call:
    """Arguments of one call, with the workspace it is about and the server's own address."""

    workspace: Workspace
    args: Json
    base_url: str

    def text(self, key: str, default: str = "") -> str:
        """Return an argument as text."""
        value = self.args.get(key)
        return default if value is None else str(value)

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return an argument as yes or no; forms spell it true, 1 or True."""
        value = self.args.get(key)
        return default if value is None else str(value).lower() in {"true", "1"}

    def number(self, key: str, default: int) -> int:
        """Return an argument as a whole number. Raises invalid_arguments."""
        try:
            return int(self.args.get(key) or default)
        except (TypeError, ValueError):
            raise SlackError("invalid_arguments", (f"{key} must be an integer",)) from None

    def structure(self, key: str, refusal: str = "invalid_arguments") -> Any:
        """Return a structured argument, decoded where it came as JSON text. Raises the refusal."""
        value = self.args.get(key)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise SlackError(refusal, (f"{key} is not valid JSON",)) from None

    def channel(self, *, names: bool = False, inside: bool = True) -> Channel:
        """Return the channel argument. Raises channel_not_found, not_in_channel."""
        channel = self.workspace.channel(self.text("channel"), names=names)
        if inside and self.workspace.bot.id not in channel.members:
            raise SlackError("not_in_channel")
        return channel


@dataclass(frozen=True, slots=True)
class Method:
    """One Web API method: what answers it, the scopes of which one is needed, and the token's kind."""

    answer: Callable[[Call], Json]
    scopes: tuple[str, ...] = ()
    token: str = "xoxb"  # noqa: S105 - the prefix of a kind of token, not a token


def completed(blocks: Any) -> list[Json] | None:
    """Return a copy of the blocks with the ids that Slack gives where an app gave none."""
    if blocks is None:
        return None
    copied: list[Json] = copy.deepcopy(blocks)
    for block in copied:
        if not block.get("block_id"):
            block["block_id"] = secrets.token_urlsafe(4)[:5]
        for element in elements_of(block):
            if element.get("type") != "image":
                element.setdefault("action_id", secrets.token_urlsafe(4)[:5])
    return copied


def elements_of(block: Json) -> list[Json]:
    """Return the elements that a block holds for people to use."""
    if block.get("type") == "section":
        return [block["accessory"]] if block.get("accessory") else []
    if block.get("type") == "input":
        return [block["element"]]
    return list(block.get("elements", [])) if block.get("type") == "actions" else []


def shown(workspace: Workspace, message: Message, *, metadata: bool = False) -> Json:
    """Return a message as Slack's answers and payloads show it."""
    told: Json = {"type": "message", "user": message.author, "ts": message.ts, "text": message.text}
    told["team"] = workspace.team_id
    if message.author == workspace.bot.id:
        told |= {"bot_id": workspace.bot_id, "app_id": workspace.app_id}
    if message.blocks is not None:
        told["blocks"] = message.blocks
    if message.thread_ts:
        told["thread_ts"] = message.thread_ts
    if message.broadcast:
        told["subtype"] = "thread_broadcast"
    if message.edited_at:
        told["edited"] = {"user": message.author, "ts": message.edited_at}
    if message.files:
        told["files"] = message.files
    if metadata and message.metadata:
        told["metadata"] = message.metadata
    if message.reactions:
        told["reactions"] = [{"name": n, "users": u, "count": len(u)} for n, u in message.reactions.items()]
    return told | _thread_of(workspace, message)


def _thread_of(workspace: Workspace, message: Message) -> Json:
    replies = [reply for reply in workspace.replies(message.channel, message.ts) if not reply.only_for]
    if not replies:
        return {}
    people = list(dict.fromkeys(reply.author for reply in replies))
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users": people,
        "reply_users_count": len(people),
        "latest_reply": replies[-1].ts,
    }
