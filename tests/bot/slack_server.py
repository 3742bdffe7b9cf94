"""A small Slack: an HTTP server that speaks the Web API, checks what it hears as Slack would, and remembers it."""

import itertools
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, TypeVar
from urllib.parse import parse_qsl, urlparse

from slack_sdk.errors import SlackObjectFormationError

from tests.bot.heard import Heard, Json, Trouble
from tests.bot.limits import LimitError, check_blocks, check_view

BOT_TOKEN = "xoxb-test"
APP_TOKEN = "xapp-test"
CHANNELS = {"#backups": "C0BACKUPS", "#backup-approvals": "C0APPROVALS"}
DEADLINE = 20.0
USES = 5
"""How often a response_url works."""

T = TypeVar("T")


@dataclass
class SlackServer:
    """A workspace with two channels. Everything in it may be read while the bot runs."""

    heard: list[Heard] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    messages: dict[str, list[Json]] = field(default_factory=dict)
    replies: dict[str, list[Json]] = field(default_factory=dict)
    views: dict[str, Json] = field(default_factory=dict)
    homes: dict[str, Json] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    troubles: dict[str, list[Trouble]] = field(default_factory=dict)
    holds: dict[str, threading.Event] = field(default_factory=dict)
    archived: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    expired: set[str] = field(default_factory=set)
    refused: dict[str, int] = field(default_factory=dict)
    always: Trouble | None = None
    files: dict[str, bytes] = field(default_factory=dict)
    completed: set[str] = field(default_factory=set)
    socket_url: str = ""
    _numbers: Any = field(default_factory=lambda: itertools.count(1))
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        """Listen on a free port."""
        workspace = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                workspace.serve(self)

            def do_GET(self) -> None:
                workspace.serve(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
                """Stay silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and fail where the bot did what Slack refuses."""
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()

    def go_away(self) -> None:
        """Refuse connections from now on."""
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()

    def come_back(self) -> None:
        """Listen again where it did before."""
        assert self._server is not None
        self._server = ThreadingHTTPServer(self._server.server_address, self._server.RequestHandlerClass)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        """Return the base of the Web API."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}/api/"

    def response_url(self) -> str:
        """Return a new response_url."""
        return self.url.replace("/api/", f"/response/{next(self._numbers)}")

    def until(self, look: Callable[[], T], what: str = "it") -> T:
        """Wait until the look finds something true, and return that."""
        deadline = time.monotonic() + DEADLINE
        pause = threading.Event()
        while time.monotonic() < deadline:
            with self._lock:
                found = look()
            if found:
                return found
            pause.wait(0.02)
        raise AssertionError(f"{what} did not happen. Faults: {self.faults}. Heard: {self.heard[-5:]}")

    def calls(self, method: str) -> list[Json]:
        """Return the bodies of all calls of a method."""
        return [heard.body for heard in self.heard if heard.method == method]

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        parsed = urlparse(handler.path)
        length = int(handler.headers.get("Content-Length") or 0)
        content = handler.rfile.read(length)
        if parsed.path.startswith("/upload/"):
            self.files[parsed.path.removeprefix("/upload/")] = content
            self._answer(handler, {"ok": True}, self.always)
            return
        raw, kind = content.decode(), handler.headers.get("Content-Type", "")
        body = json.loads(raw or "{}") if "json" in kind else dict(parse_qsl(raw))
        body = {**dict(parse_qsl(parsed.query)), **body}
        held = self.holds.get(parsed.path.removeprefix("/api/"))
        if held is not None:
            held.wait(DEADLINE)
        with self._lock:
            if parsed.path.startswith("/response/"):
                answer, trouble = self._respond(handler.path, body)
            else:
                method = parsed.path.removeprefix("/api/")
                answer, trouble = self._call(method, body, handler.headers.get("Authorization", ""))
        self._answer(handler, answer, trouble)

    def _answer(self, handler: BaseHTTPRequestHandler, answer: Json, trouble: Trouble | None) -> None:
        if trouble is not None and trouble.cut:
            handler.close_connection = True
            return
        text = json.dumps(answer).encode()
        handler.send_response(trouble.status if trouble else 200)
        if trouble is not None and trouble.retry_after:
            handler.send_header("Retry-After", str(trouble.retry_after))
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)

    def _respond(self, path: str, body: Json) -> tuple[Json, Trouble | None]:
        said = self.replies.setdefault(path, [])
        if path in self.expired or len(said) >= USES:
            self.refused[path] = self.refused.get(path, 0) + 1
            return {"ok": False, "error": "expired_url"}, Trouble(404)
        if "blocks" in body:
            self._check(lambda: check_blocks(body["blocks"]))
        said.append(body)
        return {"ok": True}, None

    def _call(self, method: str, body: Json, authorization: str) -> tuple[Json, Trouble | None]:
        token = APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN
        if authorization != f"Bearer {token}":
            return {"ok": False, "error": "invalid_auth"}, None
        self.heard.append(Heard(method, body))
        waiting = self.troubles.get(method) or []
        trouble = waiting.pop(0) if waiting else self.always
        if trouble is not None and not trouble.cut:
            return {"ok": False, "error": trouble.error}, trouble
        answer = getattr(self, f"_{method.replace('.', '_')}", self._unknown)(body)
        return {"ok": "error" not in answer, **answer}, trouble

    def _check(self, check: Callable[[], None]) -> bool:
        try:
            check()
        except (LimitError, SlackObjectFormationError) as error:
            self.faults.append(f"{error}")
            return False
        return True

    def _unknown(self, _body: Json) -> Json:
        return {"error": "unknown_method"}

    def _apps_connections_open(self, _body: Json) -> Json:
        return {"url": self.socket_url}

    def _auth_test(self, _body: Json) -> Json:
        return {
            "team": "Test",
            "team_id": "T0TEST",
            "user_id": "U0SAFEHOLD",
            "bot_id": "B0SAFEHOLD",
            "user": "safehold",
        }

    def _closed(self, channel: str) -> str:
        """Return why nothing can be said in a channel: it is unknown, archived, or the bot was removed from it."""
        if channel in self.archived:
            return "is_archived"
        if channel in self.left:
            return "not_in_channel"
        return "" if channel in CHANNELS.values() or channel.startswith("U") else "channel_not_found"

    def _chat_postMessage(self, body: Json) -> Json:  # noqa: N802 - Slack's name
        channel = CHANNELS.get(body["channel"], body["channel"])
        if error := self._closed(channel):
            return {"error": error}
        if not self._check(lambda: check_blocks(body["blocks"])):
            return {"error": "invalid_blocks"}
        ts = f"{time.time():.3f}{next(self._numbers):03d}"
        if not all(self._has_file(block) for block in body["blocks"]):
            return {"error": "invalid_blocks"}
        kept = ("text", "blocks", "metadata", "thread_ts", "reply_broadcast")
        self.messages.setdefault(channel, []).append({"ts": ts, **{name: body.get(name) for name in kept}})
        return {"channel": channel, "ts": ts}

    def _has_file(self, block: Json) -> bool:
        return block["type"] != "image" or block["slack_file"]["id"] in self.completed

    def _files_getUploadURLExternal(self, body: Json) -> Json:  # noqa: N802 - Slack's name
        file_id = f"F{next(self._numbers):08d}"
        assert int(body["length"]) > 0
        return {"upload_url": self.url.replace("/api/", f"/upload/{file_id}"), "file_id": file_id}

    def _files_completeUploadExternal(self, body: Json) -> Json:  # noqa: N802 - Slack's name
        named = body["files"] if isinstance(body["files"], list) else json.loads(body["files"])
        for file in named:
            if file["id"] not in self.files:
                return {"error": "file_not_found"}
            self.completed.add(file["id"])
        return {"files": named}

    def _chat_update(self, body: Json) -> Json:
        if error := self._closed(body["channel"]):
            return {"error": error}
        if not self._check(lambda: check_blocks(body["blocks"])):
            return {"error": "invalid_blocks"}
        for message in self.messages.get(body["channel"], []):
            if message["ts"] == body["ts"]:
                message.update(text=body["text"], blocks=body["blocks"])
                return {"channel": body["channel"], "ts": body["ts"]}
        return {"error": "message_not_found"}

    def _conversations_list(self, _body: Json) -> Json:
        return {"channels": [{"id": i, "name": name.removeprefix("#")} for name, i in CHANNELS.items()]}

    def _conversations_history(self, body: Json) -> Json:
        return {"messages": [m for m in self.messages.get(body["channel"], []) if not m["thread_ts"]]}

    def _conversations_replies(self, body: Json) -> Json:
        found = self.messages.get(body["channel"], [])
        return {"messages": [m for m in found if body["ts"] in {m["ts"], m["thread_ts"]}]}

    def _views_open(self, body: Json) -> Json:
        if body["trigger_id"] in self.expired:
            return {"error": "expired_trigger_id"}
        if not self._check(lambda: check_view(body["view"])):
            return {"error": "invalid_arguments"}
        view_id = f"V{next(self._numbers)}"
        self.views[view_id] = {**body["view"], "id": view_id, "hash": f"h{next(self._numbers)}"}
        return {"view": {"id": view_id}}

    _views_push = _views_open

    def _views_update(self, body: Json) -> Json:
        if not self._check(lambda: check_view(body["view"])):
            return {"error": "invalid_arguments"}
        if body["view_id"] not in self.views:
            return {"error": "not_found"}
        if body.get("hash") not in {None, self.views[body["view_id"]]["hash"]}:
            return {"error": "hash_conflict"}
        self.views[body["view_id"]] = {**body["view"], "id": body["view_id"], "hash": f"h{next(self._numbers)}"}
        return {"view": {"id": body["view_id"]}}

    def acknowledged(self, view_id: str, answer: Json) -> None:
        """Do with a modal what the acknowledgement of its submission asks for."""
        with self._lock:
            if answer.get("response_action") == "update" and view_id in self.views:
                self._views_update({"view_id": view_id, "view": answer["view"]})
            elif not answer:
                self.views.pop(view_id, None)

    def _views_publish(self, body: Json) -> Json:
        if not self._check(lambda: check_blocks(body["view"]["blocks"], 100)):
            return {"error": "invalid_arguments"}
        self.homes[body["user_id"]] = body["view"]
        return {}

    def _usergroups_users_list(self, body: Json) -> Json:
        if body["usergroup"] not in self.groups:
            return {"error": "no_such_subteam"}
        return {"users": self.groups[body["usergroup"]]}
