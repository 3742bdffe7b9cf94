"""What reaches the app and how: the contract of Socket Mode and of signed HTTP requests."""

from dataclasses import dataclass, field
from typing import Protocol

from playground.model import Json

TIMED_OUT, NOT_DISPATCHED = "operation_timeout", "dispatch_failed"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the app said to one delivery: its payload, or Slack's word for what went wrong."""

    payload: Json = field(default_factory=dict)
    failure: str = ""


class Delivery(Protocol):
    """A way to the app.

    `kind` is slash_commands, interactive or events_api. Returns within the acknowledgement's
    time limit and never raises: what goes wrong is in the answer.
    """

    async def send(self, kind: str, payload: Json) -> Answer:
        """Deliver one payload and wait for its acknowledgement."""
        ...
