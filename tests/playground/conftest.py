"""A playground in a thread, an unmodified Bolt app against it, and a person at a keyboard."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from playground.server import Playground
from playground.settings import Settings
from playground.workspace import Workspace

DEADLINE_SECONDS = 15.0


class Clock:
    """A clock that a test can move forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        """Return seconds since 1970, moved by what a test asked for."""
        return time.time() + self.ahead


def until(condition: Callable[[], Any], seconds: float = DEADLINE_SECONDS) -> Any:
    """Wait until a condition holds and return what it gave; fail at the deadline."""
    end = time.monotonic() + seconds
    waiting = threading.Event()
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        waiting.wait(0.02)
    pytest.fail(f"not within {seconds} s: {condition}")


class Desk:
    """What a person does, sent the way the browser sends it; and all that stands in the workspace."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=20, trust_env=False)

    def act(self, person: str, kind: str, **more: Any) -> dict[str, Any]:
        """Do one thing as a person."""
        return self.http.post(f"/w/{person}/act", json={"kind": kind, **more}).json()

    def write(self, person: str, text: str, channel: str = "backups", **more: Any) -> dict[str, Any]:
        """Send the composer."""
        return self.act(person, "write", channel=channel, text=text, **more)

    def press(self, person: str, message: dict[str, Any], action_id: str, **more: Any) -> dict[str, Any]:
        """Use an element of a message, found by its action id."""
        for block in message["blocks"]:
            for element in [block.get("accessory") or {}, *block.get("elements", [])]:
                if element.get("action_id") == action_id:
                    where = {"channel": message["channel"], "ts": message["ts"], "block_id": block["block_id"]}
                    return self.act(person, "use", action_id=action_id, **where, **more)
        pytest.fail(f"no {action_id} in {message}")

    def state(self) -> dict[str, Any]:
        """Return all that stands in the workspace."""
        return self.http.get("/_playground/state").json()

    def messages(self, channel: str = "backups") -> list[dict[str, Any]]:
        """Return a channel's messages."""
        state = self.state()
        return state["messages"][state["channels"][channel]]

    def modal(self, person: str) -> dict[str, Any] | None:
        """Return the modal that a person sees."""
        state = self.state()
        stack = state["modals"].get(state["people"][person])
        return stack[-1] if stack else None


@pytest.fixture
def clock() -> Clock:
    """Give a clock that can be moved."""
    return Clock()


@pytest.fixture
def playground(clock: Clock) -> Iterator[Playground]:
    """Give a running playground with the default workspace and short patience."""
    with Playground(Workspace(Settings(ack_seconds=1.0), clock)) as running:
        yield running


@pytest.fixture
def desk(playground: Playground) -> Iterator[Desk]:
    """Give a desk at the playground."""
    desk = Desk(playground.url)
    yield desk
    desk.http.close()


@pytest.fixture
def client(playground: Playground) -> WebClient:
    """Give Slack's own client, pointed at the playground."""
    return WebClient(token=playground.workspace.settings.bot_token, base_url=playground.api_url)


@pytest.fixture
def bolt(client: WebClient) -> App:
    """Give a Bolt app that a test adds listeners to."""
    return App(client=client, token_verification_enabled=False)


@pytest.fixture
def connect(playground: Playground, bolt: App, desk: Desk) -> Iterator[Callable[[], SocketModeHandler]]:
    """Give a function that connects the app by Socket Mode and waits until the playground knows it."""
    handlers: list[SocketModeHandler] = []

    def connected() -> SocketModeHandler:
        handler = SocketModeHandler(bolt, playground.workspace.settings.app_token, ping_interval=0.5)
        handlers.append(handler)
        handler.connect()
        until(lambda: desk.state()["connections"] >= len(handlers))
        return handler

    yield connected
    for handler in handlers:
        handler.client.auto_reconnect_enabled = False
    desk.http.post("/_playground/drop")  # the client's reader would else sit out its three seconds
    for handler in handlers:
        handler.close()
