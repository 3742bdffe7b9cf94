"""Slack's side of Socket Mode, behind a wire that can be cut, closed in order, or go silent."""

import json
import select
import socket
import threading
from dataclasses import dataclass, field
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

Json = dict[str, Any]


@dataclass
class SocketServer:
    """Accepts connections, sends envelopes over the newest, and collects what is acknowledged."""

    connections: list[ServerConnection] = field(default_factory=list)
    acknowledged: list[Json] = field(default_factory=list)
    wires: list["Wire"] = field(default_factory=list)
    _server: Server | None = None
    _front: socket.socket | None = None

    def __enter__(self) -> Self:
        """Listen on free ports: the server behind, the wire in front."""
        self._server = serve(self._talk, "127.0.0.1", 0, ping_interval=None)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._front = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        assert self._server is not None
        assert self._front is not None
        self._front.close()
        for wire in self.wires:
            wire.cut()
        self._server.shutdown()

    @property
    def url(self) -> str:
        """Return where to connect to."""
        assert self._front is not None
        return f"ws://127.0.0.1:{self._front.getsockname()[1]}/link"

    def send(self, envelope: Json) -> None:
        """Send an envelope over the newest connection."""
        self.connections[-1].send(json.dumps(envelope))

    def _talk(self, connection: ServerConnection) -> None:
        self.connections.append(connection)
        connection.send(json.dumps({"type": "hello", "num_connections": 1}))
        try:
            for message in connection:
                self.acknowledged.append(json.loads(message))
        except ConnectionClosed:
            return

    def _accept(self) -> None:
        assert self._front is not None
        assert self._server is not None
        while True:
            try:
                near, _ = self._front.accept()
            except OSError:
                return
            far = socket.create_connection(self._server.socket.getsockname())
            self.wires.append(Wire(near, far))
            threading.Thread(target=self.wires[-1].carry, daemon=True).start()


@dataclass
class Wire:
    """Carries bytes both ways until it is cut; silent, it carries none and says nothing."""

    near: socket.socket
    far: socket.socket
    silent: bool = False

    def carry(self) -> None:
        """Carry until an end closes."""
        while True:
            try:
                ready, _, _ = select.select([self.near, self.far], [], [], 0.1)
                for end in () if self.silent else ready:
                    data = end.recv(65_536)
                    other = self.far if end is self.near else self.near
                    if not data:
                        self.cut()
                        return
                    other.sendall(data)
            except (OSError, ValueError):
                return

    def cut(self) -> None:
        """Close both ends."""
        self.near.close()
        self.far.close()
