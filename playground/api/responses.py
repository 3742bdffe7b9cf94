"""What an app sends to a response_url, or gives in the acknowledgement of a command."""

import json
from typing import Any

from playground.api.call import completed
from playground.errors import SlackError
from playground.limits import check_message_blocks
from playground.model import Json, Message, ResponseLink
from playground.workspace import Workspace


def respond(workspace: Workspace, key: str, body: Json) -> None:
    """Use a response_url once: post, replace or delete. Raises used_url, expired_url, invalid_blocks."""
    link = workspace.links.use(key)
    blocks = _blocks(workspace, body)
    original = _original(workspace, link)
    if _yes(body, "delete_original"):
        if original:
            workspace.delete(original)
    elif original and _replaces(body):
        workspace.revise(original, text=str(body.get("text") or ""), blocks=blocks if blocks is not None else [])
    else:
        publish(workspace, link, body)
    link.uses += 1


def publish(workspace: Workspace, link: ResponseLink, body: Json) -> Message:
    """Post a new message where the link was born: for that person alone unless in_channel is asked for."""
    blocks = _blocks(workspace, body)
    if not body.get("text") and not blocks:
        raise SlackError("no_text", status=400)
    only_for = "" if body.get("response_type") == "in_channel" else link.person
    thread = str(body.get("thread_ts") or link.thread_ts)
    text, author = str(body.get("text") or ""), workspace.bot.id
    return workspace.add(Message(workspace.next_ts(), link.channel, author, text, blocks, thread, only_for=only_for))


def _blocks(workspace: Workspace, body: Json) -> list[Json] | None:
    blocks: Any = body.get("blocks")
    if isinstance(blocks, str):
        try:
            blocks = json.loads(blocks)
        except ValueError:
            raise SlackError("invalid_blocks_format", status=400) from None
    if blocks is None:
        return None
    check_message_blocks(blocks, workspace.has_image, cumulative=False)
    return completed(blocks)


def _original(workspace: Workspace, link: ResponseLink) -> Message | None:
    try:
        return workspace.find(link.channel, link.message_ts) if link.message_ts else None
    except SlackError:
        return None


def _replaces(body: Json) -> bool:
    """Say whether the original gives way, which is what Slack does unless told otherwise."""
    if "replace_original" in body:
        return _yes(body, "replace_original")
    return "response_type" not in body


def _yes(body: Json, key: str) -> bool:
    return str(body.get(key, "")).lower() == "true"
