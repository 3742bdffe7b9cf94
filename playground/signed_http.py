"""HTTP delivery: the same payloads as Socket Mode, posted to a request URL and signed like Slack's."""

import hashlib
import hmac
import json
from urllib.parse import urlencode

import httpx

from playground.delivery import NOT_DISPATCHED, TIMED_OUT, Answer
from playground.model import Json
from playground.workspace import Workspace


def sign(secret: str, stamp: str, body: bytes) -> str:
    """Return Slack's v0 signature of a request body."""
    return "v0=" + hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()


class SignedHttp:
    """Post payloads to the app's request URL."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def send(self, kind: str, payload: Json) -> Answer:
        """Deliver one payload and read the acknowledgement from the response's body."""
        body, content = _encoded(kind, payload)
        settings, stamp = self._workspace.settings, str(int(self._workspace.clock()))
        headers = {"Content-Type": content, "X-Slack-Request-Timestamp": stamp, "User-Agent": "Slackbot 1.0"}
        headers["X-Slack-Signature"] = sign(settings.signing_secret, stamp, body)
        try:
            async with httpx.AsyncClient(timeout=settings.ack_seconds, trust_env=False) as client:
                response = await client.post(settings.request_url, content=body, headers=headers)
        except httpx.TimeoutException:
            return Answer(failure=TIMED_OUT)
        except httpx.HTTPError:
            return Answer(failure=NOT_DISPATCHED)
        if response.status_code != httpx.codes.OK:
            return Answer(failure="http_service_error")
        return Answer(_decoded(response.text))


def _encoded(kind: str, payload: Json) -> tuple[bytes, str]:
    if kind == "events_api":
        return json.dumps(payload).encode(), "application/json"
    fields = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"


def _decoded(text: str) -> Json:
    """Return the acknowledgement; Slack takes a plain body as a text."""
    if not text.strip():
        return {}
    try:
        payload = json.loads(text)
    except ValueError:
        return {"text": text}
    return payload if isinstance(payload, dict) else {}
