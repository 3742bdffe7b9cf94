"""A server around the application: for a terminal, and in a thread for tests and demos."""

import socket
import threading
from types import TracebackType
from typing import Self

import uvicorn

from playground.app import create_app
from playground.state import State
from playground.workspace import Workspace

GRACE_SECONDS = 1


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one. Raises OSError where the port is taken."""
    # asyncio turns Nagle's delay off only where the protocol is named; without it each answer takes 40 ms more
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


class Server(uvicorn.Server):
    """A server that keeps its state when it ends, by whatever signal."""

    def __init__(self, config: uvicorn.Config, state: State | None) -> None:
        super().__init__(config)
        self._state = state

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End all connections, then write the state; uvicorn raises the signal again after this."""
        await super().shutdown(sockets)
        if self._state:
            self._state.save()


class Playground:
    """Serve a workspace in a thread between `with` and its end.

    `url` is the address that people open, `api_url` what SLACK_API_URL is set to.
    """

    def __init__(self, workspace: Workspace | None = None, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.workspace = workspace or Workspace()
        state = _kept(self.workspace)
        self._listener = listen(host, port)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://{host}:{self.port}"
        self.api_url = f"{self.url}/api/"
        self._server = Server(_config(self.workspace, host), state)
        self._thread = threading.Thread(target=self._run, name="playground", daemon=True)

    def _run(self) -> None:
        self._server.run([self._listener])

    def __enter__(self) -> Self:
        """Start; the listening socket already takes connections."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop and wait until the port is free."""
        self._server.should_exit = True
        self._thread.join(10)
        self._listener.close()


def serve(port: int, workspace: Workspace | None = None, *, host: str = "127.0.0.1") -> None:
    """Serve until interrupted. Raises OSError where the port is taken, ValueError for a state that can't be read."""
    workspace = workspace or Workspace()
    state = _kept(workspace)
    listener = listen(host, port)
    try:
        Server(_config(workspace, host), state).run([listener])
    finally:
        listener.close()


def _kept(workspace: Workspace) -> State | None:
    """Return the loaded state of a workspace that keeps one."""
    if workspace.settings.state is None:
        return None
    state = State(workspace, workspace.settings.state)
    state.load()
    return state


def _config(workspace: Workspace, host: str) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(workspace, host),
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="websockets-sansio",
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
