"""What a small Slack hears, and what goes wrong with it."""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Heard:
    """One call that the bot made."""

    method: str
    body: Json


@dataclass
class Trouble:
    """What the server does instead of answering: an error, or the work done and then the connection cut."""

    status: int = 200
    error: str = ""
    retry_after: int = 0
    cut: bool = False
