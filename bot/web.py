"""The web part: downloads, health, and Slack's requests in HTTP mode, as one ASGI app."""

import html
import logging
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus

import uvicorn
from slack_bolt import App
from slack_bolt.adapter.starlette.handler import to_bolt_request, to_starlette_response
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from bot.coverage import Coverage
from bot.transfer import ArchiveResponse, no_range, range_of
from core.bootstrap import Core
from core.errors import (
    NotAllowed,
    NotRestorable,
    PortInUse,
    SafeholdError,
    Stale,
    UnavailableError,
    UnknownName,
)
from core.model.transfer import Download
from core.services.download_backup import Transfer

STATUS: dict[type[SafeholdError], HTTPStatus] = {
    NotAllowed: HTTPStatus.FORBIDDEN,
    Stale: HTTPStatus.GONE,
    NotRestorable: HTTPStatus.GONE,
    UnknownName: HTTPStatus.NOT_FOUND,
    UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
}
PRIVATE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
}
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Safehold</title><style>body{{font:1.1rem/1.5 system-ui;max-width:34rem;margin:20vh auto;padding:0 1rem}}</style>
<h1>{title}</h1><p>{text}</p></html>
"""
BACKLOG = 128
SIGNED = ("X-Slack-Signature", "X-Slack-Request-Timestamp")
MOST_BYTES = 1 << 20
"""Of one request from Slack: views, the largest of what it sends, are limited to a quarter of this."""

logger = logging.getLogger(__name__)


def build_web(core: Core, took: Callable[[Download], None], slack: App | None = None) -> Starlette:
    """Return the app. `took` is told of each completed download; `slack` is given in HTTP mode only."""
    shelf = _Shelf(core, took)

    async def download(request: Request) -> Response:
        return await run_in_threadpool(shelf.hand_out, request)

    async def health(_request: Request) -> Response:
        return await run_in_threadpool(_health, core)

    routes = [
        Route("/download/{token}/{name}", download, methods=["GET", "HEAD"]),
        Route("/health", health, methods=["GET", "HEAD"]),
    ]
    if slack is not None:
        bolt = slack

        async def events(request: Request) -> Response:
            if any(name not in request.headers for name in SIGNED):
                return _turned_away(HTTPStatus.UNAUTHORIZED)
            body = await _read(request)
            if body is None:
                return _turned_away(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return to_starlette_response(await run_in_threadpool(bolt.dispatch, to_bolt_request(request, body)))

        routes.append(Route("/slack/events", events, methods=["POST"]))
    return Starlette(routes=routes)


@dataclass(slots=True)
class WebServer:
    """Runs the web part in a thread of its own."""

    app: Starlette
    host: str
    port: int
    _server: uvicorn.Server | None = None
    _thread: threading.Thread | None = None

    def start(self) -> int:
        """Listen, and return the port: the one that was found where 0 was asked for.

        Raises:
            PortInUse: somebody else listens there.

        """
        config = uvicorn.Config(
            self.app, host=self.host, port=self.port, log_level="warning", access_log=False, lifespan="off",
            timeout_graceful_shutdown=2, server_header=False,
        )  # fmt: skip
        listening = self._listen()
        self._server = uvicorn.Server(config)
        server = self._server

        def run() -> None:
            try:
                server.run(sockets=[listening])
            finally:
                listening.close()

        self._thread = threading.Thread(target=run, name="web", daemon=True)
        self._thread.start()
        port: int = listening.getsockname()[1]
        return port

    def _listen(self) -> socket.socket:
        listening = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((self.host, self.port))
            listening.listen(BACKLOG)
        except OSError as error:
            listening.close()
            raise PortInUse(
                f"Port {self.port} on {self.host} can't be listened on: {error.strerror}.",
                hint="Stop what is in use there, or set [web] host and port.",
            ) from error
        return listening

    def stop(self, timeout_seconds: float = 4.0) -> None:
        """Stop listening; transfers under way get two seconds."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(timeout_seconds)


@dataclass(frozen=True, slots=True)
class _Shelf:
    """Hands out archives by link, and tells `took` of each that was taken whole for the first time."""

    core: Core
    took: Callable[[Download], None]
    coverage: Coverage = field(default_factory=Coverage)

    def hand_out(self, request: Request) -> Response:
        """Return the archive behind a link, or the part that was asked for, or a page that says why not."""
        try:
            transfer = self.core.open_download(request.path_params["token"])
            if request.path_params["name"] != transfer.name:
                raise UnknownName("There is no such file behind this link.", hint="Copy the whole link again.")
            asked = range_of(request.headers, transfer.size, transfer.sha256)
            if asked is None:
                return no_range(transfer.size, PRIVATE)
            stream = None if request.method == "HEAD" else transfer.open(asked.start)
        except SafeholdError as error:
            return _refusal(error)
        return ArchiveResponse(stream, asked, _about(transfer), partial(self._sent, transfer))

    def _sent(self, transfer: Transfer, start: int, end: int) -> None:
        if self.coverage.add(transfer.download.id, start, end, transfer.size) and transfer.complete():
            self.took(transfer.download)


def _about(transfer: Transfer) -> dict[str, str]:
    return {
        "Content-Type": "application/zstd",
        "Content-Disposition": f'attachment; filename="{transfer.name}"',
        "ETag": f'"{transfer.sha256}"',
        "Accept-Ranges": "bytes",
        **PRIVATE,
    }


async def _read(request: Request) -> bytes | None:
    """Return the body; None, with the rest unread, where it is larger than any of Slack's."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)


def _turned_away(status: HTTPStatus) -> Response:
    return JSONResponse({"error": status.phrase}, status, headers={**PRIVATE, "Connection": "close"})


def _refusal(error: SafeholdError) -> Response:
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)
    if status is HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("a download failed: %s", error)
    text = PAGE.format(title=html.escape(error.message), text=html.escape(error.hint))
    return HTMLResponse(text, status, headers=PRIVATE)


def _health(core: Core) -> Response:
    try:
        hanging, stuck = len(core.runner.hanging()), core.runner.stuck
        found: dict[str, object] = {
            "ok": not stuck,
            "revision": core.catalog.revision(),
            "sources": len(core.config.sources),
        }
        if core.catalog.damaged:
            raise UnavailableError("The catalog can't be used: the bot is about to end.")
        if hanging:
            found["says"] = f"{hanging} of the runs hang" + (", no other can begin: restart Safehold" if stuck else "")
        return JSONResponse(found, HTTPStatus.SERVICE_UNAVAILABLE if stuck else HTTPStatus.OK, headers=PRIVATE)
    except SafeholdError as error:
        return JSONResponse({"ok": False, "says": error.message}, HTTPStatus.SERVICE_UNAVAILABLE, headers=PRIVATE)
