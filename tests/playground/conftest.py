"""A playground in a thread, an unmodified Bolt app against it, and a person at a keyboard."""

import time
from collections.abc import Callable, Iterator

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from playground.desk import Desk
from playground.server import Playground
from playground.settings import Settings
from playground.workspace import Workspace
from tests.support.waiting import until


class Clock:
    """A clock that a test can move forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        """Return seconds since 1970, moved by what a test asked for."""
        return time.time() + self.ahead


def leave(desk: Desk, *handlers: SocketModeHandler) -> None:
    """Disconnect apps from the workspace's side first: a client that reads would sit out its three seconds.

    The client must have seen that before it is closed, or its reader and its closer trip over each other.
    """
    for handler in handlers:
        client = handler.client
        # A connection that is being made turns this on again, and would be left open by a client closed meanwhile.
        client.default_auto_reconnect_enabled = client.auto_reconnect_enabled = False
        with client.connect_operation_lock:
            client.auto_reconnect_enabled = False
    desk.http.post("/_playground/drop")
    for handler in handlers:
        session = handler.client.current_session
        until(lambda session=session: session is None or not session.is_active())
        handler.close()


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
    with Desk(playground.url) as desk:
        yield desk


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
    leave(desk, *handlers)
