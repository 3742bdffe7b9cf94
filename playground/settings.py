"""What a playground can be told at its start."""

from dataclasses import dataclass, field
from pathlib import Path

from playground.ids import fresh_token


@dataclass(frozen=True, slots=True)
class Settings:
    """Choices for one workspace; every field has a working default.

    `message_seconds` over 0 turns on the rate limit: one message per channel in so many seconds.
    `request_url` switches delivery from Socket Mode to signed HTTP requests.
    `scopes` of None means that every method is allowed; `events` are those that the app has subscribed to.
    """

    team: str = "Acme"
    channels: tuple[str, ...] = ("backups", "backup-approvals")
    command: str = "/backups"
    usage_hint: str = ""
    app: str = "Safehold"
    bot_token: str = field(default_factory=lambda: fresh_token("xoxb"))
    app_token: str = field(default_factory=lambda: fresh_token("xapp-1"))
    signing_secret: str = field(default_factory=lambda: fresh_token("secret").rpartition("-")[2])
    request_url: str = ""
    message_seconds: float = 0.0
    ack_seconds: float = 3.0
    trigger_seconds: float = 3.0
    scopes: frozenset[str] | None = None
    events: frozenset[str] = frozenset({"app_home_opened"})
    state: Path | None = None
