"""A person's desk for scripts and tests: do what the browser does, and read all that stands in a workspace."""

from types import TracebackType
from typing import Any, Self, cast

import httpx

from playground.model import Json

SECONDS = 20.0  # longer than any acknowledgement may take


class Desk:
    """Act in a running playground as any of its people; close it, or use it as a context."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=SECONDS, trust_env=False)

    def __enter__(self) -> Self:
        """Return the desk itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self.http.close()

    def act(self, person: str, kind: str, **more: Any) -> Json:
        """Do one thing as a person, named as in addresses; return what that person's client shows."""
        return cast("Json", self.http.post(f"/w/{person}/act", json={"kind": kind, **more}).json())

    def write(self, person: str, text: str, channel: str = "backups", **more: Any) -> Json:
        """Send the composer: a slash command or a message, in the thread that `thread` names."""
        return self.act(person, "write", channel=channel, text=text, **more)

    def press(self, person: str, message: Json, action_id: str, **more: Any) -> Json:
        """Use the first element of a message with that action id. Raises LookupError where there is none.

        `values` holds what stands in the message's inputs: {block_id: {action_id: raw value}}; for a menu, its choice.
        """
        for block_id, element in _elements(message["blocks"] or []):
            if element.get("action_id") == action_id:
                where = {"channel": message["channel"], "ts": message["ts"], "block_id": block_id}
                return self.act(person, "use", action_id=action_id, **where, **more)
        raise LookupError(f"{action_id} is not in the message {message['ts']}")

    def press_in_view(self, person: str, view: Json, action_id: str, **more: Any) -> Json:
        """Use the first element of a modal or Home with that action id. Raises LookupError where there is none."""
        for block_id, element in _elements(view["body"]["blocks"]):
            if element.get("action_id") == action_id:
                return self.act(person, "use", view=view["id"], block_id=block_id, action_id=action_id, **more)
        raise LookupError(f"{action_id} is not in the view {view['id']}")

    def submit(self, person: str, view: Json, values: dict[str, dict[str, Any]] | None = None) -> Json:
        """Submit a modal with raw values by block id and action id; what is left out keeps its initial value."""
        return self.act(person, "submit", view=view["id"], values=values or {})

    def state(self) -> Json:
        """Return all that stands in the workspace."""
        return cast("Json", self.http.get("/_playground/state").json())

    def messages(self, channel: str = "backups") -> list[Json]:
        """Return a channel's messages, oldest first, ephemeral ones included; @olga names a direct conversation."""
        state = self.state()
        return cast("list[Json]", state["messages"][state["channels"][channel]])

    def modal(self, person: str) -> Json | None:
        """Return the modal that a person sees."""
        state = self.state()
        stack = state["modals"].get(state["people"][person])
        return cast("Json", stack[-1]) if stack else None

    def home(self, person: str) -> Json | None:
        """Return a person's App Home, where one was published."""
        state = self.state()
        return cast("Json | None", state["homes"].get(state["people"][person]))


def _elements(blocks: list[Json]) -> list[tuple[str, Json]]:
    found: list[tuple[str, Json]] = []
    for block in blocks:
        held = [block.get("accessory"), block.get("element"), *block.get("elements", [])]
        found += [(block["block_id"], element) for element in held if element]
    return found
