"""A tiny server that answers the few Web API methods that `safehold doctor` calls, as Slack does."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

BOT_TOKEN = "xoxb-1111-canary-bot"
APP_TOKEN = "xapp-1-canary-app"


@dataclass
class SlackStandIn:
    """What the workspace holds; change it to make something missing."""

    scopes: str = ""
    channels: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"id": "C0BACKUPS", "name": "backups", "is_member": True},
            {"id": "C0APPROVE", "name": "backup-approvals", "is_member": True},
        ]
    )
    url: str = ""

    def answer(self, method: str, token: str, given: dict[str, str]) -> dict[str, Any]:
        """Return what Slack would say."""
        wanted = APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN
        if token != wanted:
            return {"ok": False, "error": "invalid_auth"}
        if method == "conversations.list":
            # Two pages, however few there are: whoever reads the first one only is found out.
            first = not given.get("cursor")
            page = self.channels[:1] if first else self.channels[1:]
            return {"ok": True, "channels": page, "response_metadata": {"next_cursor": "more" if first else ""}}
        if method == "conversations.info":
            found = next((c for c in self.channels if c["id"] == given["channel"]), None)
            return {"ok": True, "channel": found} if found else {"ok": False, "error": "channel_not_found"}
        return {"ok": True, "user": "safehold", "team": "Acme", "url": "wss://127.0.0.1/"}


@contextmanager
def slack_stand_in(scopes: str) -> Iterator[SlackStandIn]:
    """Yield a running server; its address ends with /api/."""
    slack = SlackStandIn(scopes)

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            given = {key: values[0] for key, values in parse_qs(body).items()}
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            answer = json.dumps(slack.answer(self.path.rpartition("/")[2], token, given)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("X-OAuth-Scopes", slack.scopes)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST  # noqa: N815 - the name that http.server looks for

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    slack.url = f"http://127.0.0.1:{server.server_port}/api/"
    try:
        yield slack
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
