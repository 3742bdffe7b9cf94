"""The nouns of a workspace: team, people, channels, messages, views."""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
IMAGES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who sits before the browser, or the app's bot user."""

    id: str
    name: str
    real_name: str
    title: str
    zone: str
    color: str
    is_bot: bool = False
    restricted: bool = False  # Slack's word for a guest


@dataclass(frozen=True, slots=True)
class UserGroup:
    """A group that is mentioned as one, such as @dba."""

    id: str
    handle: str
    name: str
    members: tuple[str, ...]


@dataclass(slots=True)
class Channel:
    """A public channel, or a direct conversation of the app with `peer`."""

    id: str
    name: str
    created: int
    members: set[str] = field(default_factory=set)
    peer: str = ""
    topic: str = ""
    last_read: dict[str, str] = field(default_factory=dict)

    @property
    def is_im(self) -> bool:
        """Say whether this is a direct conversation."""
        return bool(self.peer)


@dataclass(slots=True)
class Message:
    """A posted message; one with `only_for` is ephemeral and seen by that person alone."""

    ts: str
    channel: str
    author: str
    text: str
    blocks: list[Json] | None = None
    thread_ts: str = ""
    only_for: str = ""
    edited_at: str = ""
    metadata: Json | None = None
    files: list[Json] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    broadcast: bool = False
    revision: int = 1
    deleted: bool = False
    state: Json = field(default_factory=dict)


@dataclass(slots=True)
class View:
    """A modal in a person's stack, or that person's App Home."""

    id: str
    kind: str
    person: str
    body: Json
    hash: str
    root: str
    previous: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    revision: int = 1


@dataclass(slots=True)
class Trigger:
    """The right to open one modal for a person, for three seconds."""

    id: str
    person: str
    at: float
    view_id: str = ""
    used: bool = False


@dataclass(slots=True)
class ResponseLink:
    """A response_url: five uses within thirty minutes, bound to where it was born."""

    id: str
    channel: str
    person: str
    at: float
    message_ts: str = ""
    thread_ts: str = ""
    uses: int = 0


@dataclass(slots=True)
class Upload:
    """A file on its way into, or in, the workspace; `shared` where pages may link to it."""

    id: str
    name: str
    length: int
    title: str = ""
    content: bytes = b""
    arrived: bool = False
    shared: bool = False

    @property
    def media_type(self) -> str:
        """Return what its first bytes say: one of Slack's kinds of images, or just bytes."""
        return next(
            (kind for start, kind in IMAGES.items() if self.content.startswith(start)), "application/octet-stream"
        )
