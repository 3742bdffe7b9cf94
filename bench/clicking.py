"""Slack's side of the click benchmark: answers in a process of its own, clicks at fixed times from this one."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from tests.bot.slack_server import SlackServer

Json = dict[str, Any]
READY_SECONDS = 60.0
ACKNOWLEDGED_SECONDS = 30.0


class Quick(SlackServer):
    """A Slack that believes what it is told: checking the blocks of a hundred answers a second fills a processor."""

    def _check(self, check: Callable[[], None]) -> bool:  # noqa: ARG002
        return True

    def _bench_answered(self, _body: Json) -> Json:
        return {"count": len(self.replies)}


@dataclass
class Clicker:
    """Slack's end of Socket Mode: sends clicks and notes when each comes back acknowledged."""

    connected: "queue.Queue[ServerConnection]" = field(default_factory=queue.Queue)
    came: dict[str, float] = field(default_factory=dict)
    _server: Server | None = None

    @contextmanager
    def listening(self) -> Iterator[str]:
        """Listen while the block lasts; gives the address to connect to."""
        with serve(self._talk, "127.0.0.1", 0, ping_interval=None, compression=None) as server:
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            host, port = server.socket.getsockname()[:2]
            yield f"ws://{host}:{port}/link"
            server.shutdown()
            thread.join()

    def click(self, connection: ServerConnection, payloads: list[Json], rate: int) -> list[float]:
        """Click at fixed times; return the milliseconds from when each click was due to its acknowledgement."""
        envelopes = {
            f"e{n}": json.dumps(
                {"type": "interactive", "envelope_id": f"e{n}", "payload": payload, "accepts_response_payload": True}
            )
            for n, payload in enumerate(payloads)
        }
        self.came.clear()
        began = time.monotonic() + 0.1
        due = {name: began + n / rate for n, name in enumerate(envelopes)}
        for name, text in envelopes.items():
            time.sleep(max(0.0, due[name] - time.monotonic()))
            connection.send(text)
        self._await(len(envelopes))
        return [(self.came[name] - due[name]) * 1000 for name in envelopes]

    def _await(self, count: int) -> None:
        deadline = time.monotonic() + ACKNOWLEDGED_SECONDS
        while len(self.came) < count:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{count - len(self.came)} of {count} clicks were never acknowledged")
            time.sleep(0.01)

    def _talk(self, connection: ServerConnection) -> None:
        connection.send(json.dumps({"type": "hello", "num_connections": 1}))
        self.connected.put(connection)
        try:
            for message in connection:
                now = time.monotonic()
                self.came[json.loads(message)["envelope_id"]] = now
        except ConnectionClosed:
            return


@contextmanager
def answering(socket_url: str) -> Iterator[str]:
    """Run the answering Slack beside us while the block lasts; gives the address of its Web API."""
    with beside([sys.executable, "-m", "bench.clicking", socket_url], {}) as child:
        yield next(child.stdout or iter(())).strip()


@contextmanager
def beside(argv: list[str], environment: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    """Run a program while the block lasts."""
    child = subprocess.Popen(argv, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True)
    try:
        yield child
    finally:
        child.terminate()
        child.communicate(timeout=READY_SECONDS)


def main() -> None:
    """Answer until told to end."""
    with Quick(groups={}, socket_url=sys.argv[1]) as slack:
        sys.stdout.write(f"{slack.url}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
