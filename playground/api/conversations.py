"""The conversations methods: which channels there are, who is in them, what was said."""

import base64
from typing import TypeVar

from playground.api.call import Call, Method, shown
from playground.errors import SlackError
from playground.model import Channel, Json, Message

PAGE, LONGEST_PAGE = 100, 1000
T = TypeVar("T")


def described(call: Call, channel: Channel) -> Json:
    """Return a channel as Slack describes it."""
    if channel.is_im:
        return {"id": channel.id, "created": channel.created, "is_im": True, "user": channel.peer, "is_open": True}
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "created": channel.created,
        "is_channel": True,
        "is_group": False,
        "is_im": False,
        "is_mpim": False,
        "is_private": False,
        "is_archived": False,
        "is_general": False,
        "is_member": call.workspace.bot.id in channel.members,
        "num_members": len(channel.members),
        "context_team_id": call.workspace.team_id,
        "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
    }


def list_all(call: Call) -> Json:
    """List channels by kind, a page at a time."""
    kinds = set(call.text("types", "public_channel").replace(" ", "").split(","))
    known = [c for c in call.workspace.channels.values() if ("im" if c.is_im else "public_channel") in kinds]
    page, cursor = _page(call, known)
    return {"channels": [described(call, channel) for channel in page], "response_metadata": {"next_cursor": cursor}}


def _page(call: Call, rows: list[T]) -> tuple[list[T], str]:
    limit = call.number("limit", PAGE)
    if not 0 < limit <= LONGEST_PAGE:
        raise SlackError("invalid_limit")
    try:
        first = int(base64.b64decode(call.text("cursor") or "MA=="))
    except ValueError:
        raise SlackError("invalid_cursor") from None
    more = first + limit < len(rows)
    return rows[first : first + limit], base64.b64encode(str(first + limit).encode()).decode() if more else ""


def info(call: Call) -> Json:
    """Describe one channel."""
    return {"channel": described(call, call.channel(inside=False))}


def _told(call: Call, messages: list[Message]) -> Json:
    page, cursor = _page(call, messages)
    metadata = call.flag("include_all_metadata")
    answer: Json = {"messages": [shown(call.workspace, m, metadata=metadata) for m in page], "has_more": bool(cursor)}
    return answer | ({"response_metadata": {"next_cursor": cursor}} if cursor else {})


def _between(call: Call, messages: list[Message]) -> list[Message]:
    try:
        oldest, latest = float(call.text("oldest") or 0), float(call.text("latest") or "inf")
    except ValueError:
        raise SlackError("invalid_ts_latest") from None
    if call.flag("inclusive"):
        return [message for message in messages if oldest <= float(message.ts) <= latest]
    return [message for message in messages if oldest < float(message.ts) < latest]


def history(call: Call) -> Json:
    """Return what stands in a channel, newest first, without replies and ephemeral messages."""
    channel = call.channel()
    standing = [m for m in call.workspace.messages[channel.id] if not m.only_for]
    top = [m for m in standing if not m.thread_ts or m.thread_ts == m.ts or m.broadcast]
    return _told(call, list(reversed(_between(call, top))))


def replies(call: Call) -> Json:
    """Return a thread, its parent first."""
    channel = call.channel()
    try:
        named = call.workspace.find(channel.id, call.text("ts"))
        parent = call.workspace.find(channel.id, named.thread_ts or named.ts)
    except SlackError:
        raise SlackError("thread_not_found") from None
    below = [m for m in call.workspace.replies(channel.id, parent.ts) if not m.only_for]
    return _told(call, [parent, *_between(call, below)])


def open_direct(call: Call) -> Json:
    """Open the direct conversation with one person."""
    people = [user for user in call.text("users").replace(" ", "").split(",") if user]
    if len(people) != 1:
        raise SlackError("users_list_not_supplied" if not people else "method_not_supported_for_channel_type")
    channel = call.workspace.direct(people[0])
    return {"channel": described(call, channel) if call.flag("return_im") else {"id": channel.id}}


def join(call: Call) -> Json:
    """Let the bot into a channel."""
    channel = call.channel(inside=False)
    channel.members.add(call.workspace.bot.id)
    return {"channel": described(call, channel)}


def members(call: Call) -> Json:
    """List who is in a channel."""
    page, cursor = _page(call, sorted(call.channel(inside=False).members))
    return {"members": page, "response_metadata": {"next_cursor": cursor}}


READ = ("channels:read", "groups:read", "im:read", "mpim:read")
HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")
METHODS = {
    "conversations.list": Method(list_all, READ),
    "conversations.info": Method(info, READ),
    "conversations.history": Method(history, HISTORY),
    "conversations.replies": Method(replies, HISTORY),
    "conversations.open": Method(open_direct, ("im:write", "mpim:write", "channels:manage")),
    "conversations.join": Method(join, ("channels:join",)),
    "conversations.members": Method(members, READ),
}
