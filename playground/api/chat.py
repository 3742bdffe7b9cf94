"""The chat methods: post, update, delete, and messages that one person sees."""

from typing import Any

from playground.api.call import Call, Method, completed, shown
from playground.errors import SlackError
from playground.ids import permalink_ts
from playground.limits import check_message_blocks
from playground.model import Channel, Json, Message

POST_LONGEST, UPDATE_LONGEST = 40_000, 4_000


def read_blocks(call: Call) -> list[Json] | None:
    """Return the checked blocks of a call, or None where it has none. Raises invalid_blocks and kin."""
    blocks: Any = call.structure("blocks", "invalid_blocks_format")
    if blocks is None:
        return None
    check_message_blocks(blocks, call.workspace.has_image)
    return completed(blocks)


def read_metadata(call: Call) -> Json | None:
    """Return a message's metadata. Raises invalid_metadata_format."""
    metadata = call.structure("metadata", "invalid_metadata_format")
    if metadata is None:
        return None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_type"), str):
        raise SlackError("invalid_metadata_format")
    if not isinstance(metadata.get("event_payload"), dict):
        raise SlackError("invalid_metadata_format")
    return metadata


def _text(call: Call, blocks: list[Json] | None, longest: int) -> str:
    text = call.text("text")
    if not text and not blocks and not call.structure("attachments"):
        raise SlackError("no_text")
    if len(text) > longest:
        raise SlackError("msg_too_long")
    return text


def _thread(call: Call, channel: Channel) -> str:
    """Return the thread a message goes to: a reply's own thread where a reply was named."""
    thread = call.text("thread_ts")
    if not thread:
        return ""
    try:
        parent = call.workspace.find(channel.id, thread)
    except SlackError:
        raise SlackError("thread_not_found") from None
    return parent.thread_ts or parent.ts


def post_message(call: Call) -> Json:
    """Post a message that everybody in the channel sees."""
    workspace, channel = call.workspace, call.channel(names=True)
    blocks = read_blocks(call)
    message = Message(
        workspace.next_ts(),
        channel.id,
        workspace.bot.id,
        _text(call, blocks, POST_LONGEST),
        blocks,
        _thread(call, channel),
        metadata=read_metadata(call),
        broadcast=call.flag("reply_broadcast"),
    )
    workspace.add(message)
    return {"channel": channel.id, "ts": message.ts, "message": shown(workspace, message, metadata=True)}


def post_ephemeral(call: Call) -> Json:
    """Post a message that one person sees."""
    workspace, channel = call.workspace, call.channel(names=True)
    person = workspace.member(call.text("user")).id
    if person not in channel.members:
        raise SlackError("user_not_in_channel")
    blocks = read_blocks(call)
    text, thread = _text(call, blocks, POST_LONGEST), _thread(call, channel)
    message = Message(workspace.next_ts(), channel.id, workspace.bot.id, text, blocks, thread, only_for=person)
    workspace.add(message)
    return {"message_ts": message.ts}


def _own(call: Call, refusal: str) -> Message:
    message = call.workspace.find(call.channel(inside=False).id, call.text("ts"))
    if message.only_for:
        raise SlackError("message_not_found")  # ephemeral messages are out of the Web API's reach
    if message.author != call.workspace.bot.id:
        raise SlackError(refusal)
    return message


def update(call: Call) -> Json:
    """Change a message of the bot; missing blocks stay as they are."""
    message = _own(call, "cant_update_message")
    blocks = read_blocks(call)
    text = _text(call, blocks, UPDATE_LONGEST) if "text" in call.args or blocks is None else None
    metadata = read_metadata(call)
    if metadata is not None:
        message.metadata = metadata
    call.workspace.revise(message, text=text, blocks=blocks)
    told = shown(call.workspace, message, metadata=True)
    return {"channel": message.channel, "ts": message.ts, "text": message.text, "message": told}


def delete(call: Call) -> Json:
    """Take a message of the bot away."""
    message = _own(call, "cant_delete_message")
    call.workspace.delete(message)
    return {"channel": message.channel, "ts": message.ts}


def permalink(call: Call) -> Json:
    """Return an address that opens a message in the browser."""
    channel = call.channel(inside=False)
    message = call.workspace.find(channel.id, call.text("message_ts"))
    link = f"{call.base_url}/archives/{channel.id}/{permalink_ts(message.ts)}"
    if message.thread_ts:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


METHODS = {
    "chat.postMessage": Method(post_message, ("chat:write",)),
    "chat.postEphemeral": Method(post_ephemeral, ("chat:write",)),
    "chat.update": Method(update, ("chat:write",)),
    "chat.delete": Method(delete, ("chat:write",)),
    "chat.getPermalink": Method(permalink),
}
