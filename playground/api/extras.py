"""Files in three steps, and reactions."""

from typing import Any

from playground.api.call import Call, Method
from playground.errors import SlackError
from playground.model import Json, Message, Upload


def upload_url(call: Call) -> Json:
    """Hand out an address to send a file's bytes to."""
    name, length = call.text("filename"), call.number("length", 0)
    if not name or length <= 0:
        raise SlackError("invalid_arguments")
    upload = call.workspace.upload(name, length)
    return {"upload_url": f"{call.base_url}/upload/v1/{upload.id}", "file_id": upload.id}


def complete(call: Call) -> Json:
    """Share files that have arrived, as one message where a channel is named."""
    wanted: Any = call.structure("files")
    if not isinstance(wanted, list) or not wanted:
        raise SlackError("invalid_arguments")
    uploads = [_arrived(call, item) for item in wanted]
    files = [_described(call, upload) for upload in uploads]
    channel_id = call.text("channel_id") or call.text("channels").split(",")[0]
    if channel_id:
        workspace, channel = call.workspace, call.workspace.channel(channel_id)
        if workspace.bot.id not in channel.members:
            raise SlackError("not_in_channel")
        text, thread = call.text("initial_comment"), call.text("thread_ts")
        workspace.add(Message(workspace.next_ts(), channel.id, workspace.bot.id, text, None, thread, files=files))
    return {"files": [{"id": file["id"], "title": file["title"]} for file in files]}


def _arrived(call: Call, item: Any) -> Upload:
    upload = call.workspace.uploads.get(str(item.get("id"))) if isinstance(item, dict) else None
    if upload is None or not upload.arrived:
        raise SlackError("file_not_found")
    upload.title, upload.shared = str(item.get("title") or upload.name), True
    return upload


def _described(call: Call, upload: Upload) -> Json:
    link = f"{call.base_url}/files/{upload.id}/{upload.name}"
    told = {"id": upload.id, "name": upload.name, "title": upload.title, "size": len(upload.content)}
    return {**told, "user": call.workspace.bot.id, "url_private": link, "url_private_download": link}


def react(call: Call) -> Json:
    """Add the bot's reaction to a message."""
    channel, name = call.channel(), call.text("name").strip(":")
    if not name:
        raise SlackError("invalid_name")
    message = call.workspace.find(channel.id, call.text("timestamp"))
    people = message.reactions.setdefault(name, [])
    if call.workspace.bot.id in people:
        raise SlackError("already_reacted")
    people.append(call.workspace.bot.id)
    call.workspace.touch(message)
    return {}


METHODS = {
    "files.getUploadURLExternal": Method(upload_url, ("files:write",)),
    "files.completeUploadExternal": Method(complete, ("files:write",)),
    "reactions.add": Method(react, ("reactions:write",)),
}
