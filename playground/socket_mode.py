"""Socket Mode: WebSocket connections of the app, envelopes out, acknowledgements in."""

import asyncio
import contextlib
import itertools
import json
import secrets
import uuid
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass

from starlette.websockets import WebSocket, WebSocketDisconnect

from playground.delivery import NOT_DISPATCHED, TIMED_OUT, Answer
from playground.model import Json
from playground.workspace import Workspace

CONNECTIONS = 10  # Slack's limit for one app
RETRIES = 3


@dataclass(slots=True)
class Waiting:
    """An envelope on its way, and the future that its acknowledgement completes."""

    envelope: Json
    answer: asyncio.Future[Json]
    attempt: int = 0


class SocketMode:
    """Deliver to whichever connection is next; events that nobody acknowledged come again."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._tickets: set[str] = set()
        self._connections: list[WebSocket] = []
        self._turn = itertools.count()
        self._waiting: dict[str, Waiting] = {}
        self._owed: list[Waiting] = []
        self._tasks: set[asyncio.Task[Answer]] = set()
        self.sent: deque[Json] = deque(maxlen=1000)
        self.twice = 0

    @property
    def connected(self) -> int:
        """Return how many connections are open."""
        return len(self._connections)

    def address(self, base_url: str) -> str:
        """Return a WebSocket address that is good for one connection."""
        ticket = secrets.token_hex(16)
        self._tickets.add(ticket)
        return f"ws{base_url.removeprefix('http')}/link/?ticket={ticket}&app_id={self._workspace.app_id}"

    async def connect(self, socket: WebSocket) -> None:
        """Serve one connection until it ends; refuse it without a fresh ticket."""
        ticket = socket.query_params.get("ticket", "")
        if ticket not in self._tickets or self.connected >= CONNECTIONS:
            await socket.close(4403)
            return
        self._tickets.discard(ticket)
        await socket.accept()
        self._connections.append(socket)
        try:
            await socket.send_text(json.dumps(self._hello()))
            self._pay()
            while True:
                self._hear(await socket.receive_text())
        except (WebSocketDisconnect, RuntimeError):
            return  # the app left, or `drop` closed the connection under the reader
        finally:
            if socket in self._connections:
                self._connections.remove(socket)

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": self.connected,
            "debug_info": {"host": "applink-playground", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": self._workspace.app_id},
        }

    def _hear(self, text: str) -> None:
        try:
            heard = json.loads(text)
        except ValueError:
            return  # Slack ignores what it cannot read
        waiting = self._waiting.get(heard.get("envelope_id", "")) if isinstance(heard, dict) else None
        if waiting and not waiting.answer.done():
            waiting.answer.set_result(heard.get("payload") or {})

    def _pay(self) -> None:
        """Send again what is owed since the last connection went."""
        owed, self._owed = self._owed, []
        for waiting in owed:
            self._start(self._again(waiting, "connection_lost"))

    def _start(self, sending: Coroutine[None, None, Answer]) -> None:
        task = asyncio.create_task(sending)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def send(self, kind: str, payload: Json) -> Answer:
        """Deliver one payload and wait for its acknowledgement."""
        envelope: Json = {"envelope_id": str(uuid.uuid4()), "type": kind, "payload": payload}
        envelope["accepts_response_payload"] = kind != "events_api"
        if kind == "events_api":
            envelope |= {"retry_attempt": 0, "retry_reason": ""}
        return await self._deliver(Waiting(envelope, asyncio.get_running_loop().create_future()))

    async def _deliver(self, waiting: Waiting) -> Answer:
        key, event = waiting.envelope["envelope_id"], waiting.envelope["type"] == "events_api"
        self._waiting[key] = waiting
        try:
            if not await self._put(waiting.envelope):
                self._owe(waiting, event)
                return Answer(failure=NOT_DISPATCHED)
            seconds = self._workspace.settings.ack_seconds
            return Answer(await asyncio.wait_for(asyncio.shield(waiting.answer), seconds))
        except TimeoutError:
            self._owe(waiting, event)
            return Answer(failure=TIMED_OUT)
        finally:
            self._waiting.pop(key, None)

    def _owe(self, waiting: Waiting, event: bool) -> None:  # noqa: FBT001 - one caller, one fact
        """Keep an event for another attempt; what a person did is never repeated by Slack."""
        if not event or waiting.attempt >= RETRIES:
            return
        if self.connected:
            self._start(self._again(waiting, "timeout"))
        else:
            self._owed.append(waiting)

    async def _again(self, waiting: Waiting, reason: str) -> Answer:
        waiting.attempt += 1
        waiting.envelope |= {"retry_attempt": waiting.attempt, "retry_reason": reason}
        return await self._deliver(waiting)

    async def _put(self, envelope: Json) -> bool:
        """Write an envelope to the next connection that takes it; say whether one did."""
        times = 2 if self.twice > 0 else 1
        for _ in range(self.connected):
            if not self._connections:
                break
            socket = self._connections[next(self._turn) % self.connected]
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                for _ in range(times):
                    await socket.send_text(json.dumps(envelope))
                self.twice -= times - 1
                self.sent.append(json.loads(json.dumps(envelope)))
                return True
            if socket in self._connections:
                self._connections.remove(socket)
        return False

    async def repeat(self, envelope_id: str) -> bool:
        """Send an envelope of the past once more, as it was; the newest one where no id is given."""
        for envelope in reversed(self.sent):
            if envelope_id in {"", envelope["envelope_id"]}:
                return await self._put(envelope)
        return False

    async def drop(self, *, announced: bool) -> int:
        """Close every connection, with Slack's disconnect message first where announced."""
        gone, self._connections = self._connections, []
        for socket in gone:
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                if announced:
                    await socket.send_text(json.dumps({"type": "disconnect", "reason": "refresh_requested"}))
                await socket.close()
        return len(gone)
