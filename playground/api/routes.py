"""The HTTP side of the Web API: who calls, with what arguments, and may they."""

import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from playground.api import chat, conversations, extras, people, views
from playground.api.call import Call, Method
from playground.api.responses import respond
from playground.errors import SlackError
from playground.model import Json
from playground.workspace import Workspace

POSTS = frozenset({"chat.postMessage"})


class WebApi:
    """Answer /api/<method>, response URLs and uploads for one workspace.

    `connect` gives the WebSocket address that apps.connections.open answers with.
    """

    def __init__(self, workspace: Workspace, connect: Callable[[str], str]) -> None:
        self.workspace = workspace
        self.calls: list[tuple[str, str]] = []
        self._connect = connect
        self._posted_at: dict[str, float] = {}
        self._methods: dict[str, Method] = {
            **people.METHODS,
            **chat.METHODS,
            **conversations.METHODS,
            **views.METHODS,
            **extras.METHODS,
            "apps.connections.open": Method(self._open_connection, token="xapp"),  # noqa: S106 - a kind of token
        }
        self.routes = [
            Route("/api/{method}", self._answer, methods=["GET", "POST"]),
            Route("/response/{key}", self._respond, methods=["POST"]),
            Route("/upload/v1/{key}", self._upload, methods=["POST", "PUT"]),
        ]

    def _open_connection(self, call: Call) -> Json:
        return {"url": self._connect(call.base_url)}

    async def _answer(self, request: Request) -> Response:
        name = request.path_params["method"]
        try:
            args = await read_arguments(request)
            answer: Json = {"ok": True, **self._called(name, args, request)}
            self.calls.append((name, "ok"))
            return JSONResponse(answer)
        except SlackError as error:
            self.calls.append((name, error.code))
            if error.code == "unknown_method":
                error.extra["req_method"] = name
            headers = {"Retry-After": str(error.retry_after)} if error.retry_after else None
            return JSONResponse(error.body(), status_code=error.status, headers=headers)

    def _called(self, name: str, args: Json, request: Request) -> Json:
        method = self._methods.get(name)
        if method is None:
            raise SlackError("unknown_method")
        self._authorize(method, args, request)
        call = Call(self.workspace, args, str(request.base_url).rstrip("/"))
        if name in POSTS:
            self._limit(call)
        return method.answer(call)

    def _authorize(self, method: Method, args: Json, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token.strip() if scheme.lower() == "bearer" else str(args.get("token") or "")
        if not method.token:
            return
        if not token:
            raise SlackError("not_authed")
        settings = self.workspace.settings
        kinds = {settings.bot_token: "xoxb", settings.app_token: "xapp"}
        if token not in kinds:
            raise SlackError("invalid_auth")
        if method.token not in {"any", kinds[token]}:
            raise SlackError("not_allowed_token_type")
        scopes = settings.scopes
        if scopes is not None and method.scopes and not scopes & set(method.scopes):
            error = SlackError("missing_scope")
            error.extra = {"needed": ",".join(method.scopes), "provided": ",".join(sorted(scopes))}
            raise error

    def _limit(self, call: Call) -> None:
        """Refuse a message that follows another in its channel too soon."""
        seconds = self.workspace.settings.message_seconds
        if seconds <= 0:
            return
        channel, now = call.channel(names=True).id, self.workspace.clock()
        if now - self._posted_at.get(channel, 0.0) < seconds:
            raise SlackError("ratelimited", status=429, retry_after=max(1, round(seconds)))
        self._posted_at[channel] = now

    async def _respond(self, request: Request) -> Response:
        try:
            respond(self.workspace, request.path_params["key"], await read_arguments(request))
        except SlackError as error:
            return JSONResponse(error.body(), status_code=error.status if error.status != 200 else 400)  # noqa: PLR2004
        return PlainTextResponse("ok")

    async def _upload(self, request: Request) -> Response:
        upload = self.workspace.uploads.get(request.path_params["key"])
        if upload is None:
            return PlainTextResponse("file_not_found", status_code=404)
        if request.headers.get("content-type", "").startswith("multipart/"):
            async with request.form() as form:
                parts = [await value.read() for value in form.values() if not isinstance(value, str)]
            upload.content = b"".join(parts)
        else:
            upload.content = await request.body()
        upload.arrived = True
        return PlainTextResponse(f"OK - {len(upload.content)}")


async def read_arguments(request: Request) -> Json:
    """Return arguments from the query and the body, JSON or form. Raises invalid_json and kin."""
    args: dict[str, Any] = dict(request.query_params)
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind == "application/json":
        try:
            body = json.loads(await request.body() or b"{}")
        except ValueError:
            raise SlackError("invalid_json") from None
        if not isinstance(body, dict):
            raise SlackError("json_not_object")
        return args | body
    if kind in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        async with request.form() as form:
            return args | {key: value for key, value in form.items() if isinstance(value, str)}
    return args
