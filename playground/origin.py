"""A door that only the playground's own pages and plain clients pass: other web sites can't act through a browser."""

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class SameOrigin:
    """Refuse requests that a page of another origin sends, and names of this host that are not its own.

    `host` is what the server listens on; where that is loopback, only loopback names are taken, which keeps out
    a foreign name that was pointed here. Clients without a browser send no Origin and pass.
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._local = host in LOOPBACK

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it with 403."""
        if scope["type"] in {"http", "websocket"} and not self._may_pass(Headers(scope=scope)):
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 4403})
            else:
                await PlainTextResponse("Open the playground by its own address.", 403)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _may_pass(self, headers: Headers) -> bool:
        host, origin = headers.get("host", ""), headers.get("origin", "")
        if self._local and host.rpartition(":")[0].strip("[]") not in LOOPBACK and host not in LOOPBACK:
            return False
        return not origin or origin.partition("://")[2] == host
