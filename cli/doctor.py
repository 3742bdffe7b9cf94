"""Looks at everything that the Slack side needs; never shows a token."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from core.config import SlackConfig
from core.services.check_up import Finding

SCOPES = frozenset(
    {
        "channels:history",
        "channels:read",
        "chat:write",
        "commands",
        "files:write",
        "groups:history",
        "groups:read",
        "usergroups:read",
    }
)
"""What the bot asks for; a test compares it with manifest.yml."""

API_URL = "https://slack.com/api/"
PATIENCE_SECONDS = 10
PAGES_OF_CHANNELS = 20
_CHANNEL_ID = re.compile(r"[CG][A-Z0-9]{6,}")
_SECRET = re.compile(r"[0-9a-f]{32}")

_SECRETS = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET")
_NO_SLACK = (
    "Run it where the bot's tokens are set (SLACK_BOT_TOKEN, and SLACK_APP_TOKEN or SLACK_SIGNING_SECRET). "
    "The demo keeps its own: leave Slack out, safehold doctor --no-slack."
)

_FIXES = {
    "invalid_auth": "Copy the token again: your app's page, OAuth & Permissions or Basic Information.",
    "not_authed": "Copy the token again: your app's page, OAuth & Permissions or Basic Information.",
    "account_inactive": "The app was removed from the workspace: install it again, and copy the new token.",
    "token_revoked": "The token was revoked: install the app again, and copy the new one.",
    "token_expired": "The token has expired: install the app again, and copy the new one.",
    "missing_scope": "Update the app from manifest.yml, install it again, and copy the new token.",
    "not_allowed_token_type": "This is another kind of token: SLACK_APP_TOKEN begins with xapp-.",
    "ratelimited": "Slack asks for patience: try again in a minute.",
}


@dataclass(frozen=True, slots=True)
class SlackCheck:
    """Looks at tokens, scopes and channels, asking Slack itself. `environment` holds the SLACK_ variables."""

    environment: Mapping[str, str]
    config: SlackConfig

    def __call__(self) -> Iterator[Finding]:
        """Yield a finding for each thing, in the order in which a person would mend them."""
        if not any(self.environment.get(name) for name in _SECRETS):
            yield Finding("Slack", ok=False, says="was not looked at: no token is set here", fix=_NO_SLACK)
            return
        yield Finding("Slack address", ok=True, says=self._url)
        bot = self._variable("SLACK_BOT_TOKEN", "xoxb-", "OAuth & Permissions, Bot User OAuth Token")
        yield bot
        if bot.ok:
            yield from self._as_bot()
        if self.environment.get("SLACK_APP_TOKEN"):
            yield from self._socket_mode()
        else:
            yield self._signing_secret()

    @property
    def _url(self) -> str:
        return self.environment.get("SLACK_API_URL", API_URL).rstrip("/") + "/"

    def _client(self, token: str) -> WebClient:
        return WebClient(self.environment[token], base_url=self._url, timeout=PATIENCE_SECONDS, retry_handlers=[])

    def _variable(self, name: str, begins: str, where: str) -> Finding:
        value = self.environment.get(name, "")
        if not value:
            return Finding(name, ok=False, says="is not set", fix=f"Set it: your app's page, {where}.")
        if not value.startswith(begins) or value != value.strip():
            return Finding(name, ok=False, says=f"does not begin with {begins}", fix=f"Copy it again: {where}.")
        return Finding(name, ok=True, says=f"is set, {begins}...")

    def _signing_secret(self) -> Finding:
        value = self.environment.get("SLACK_SIGNING_SECRET", "")
        if not value:
            return Finding(
                "SLACK_APP_TOKEN",
                ok=False,
                says="is not set, nor is SLACK_SIGNING_SECRET",
                fix="Make an app-level token with connections:write (Basic Information), or use HTTP with the secret.",
            )
        if not _SECRET.fullmatch(value):
            says, fix = "does not look like one (32 hex digits)", "Copy it again: Basic Information, Signing Secret."
            return Finding("SLACK_SIGNING_SECRET", ok=False, says=says, fix=fix)
        return Finding("SLACK_SIGNING_SECRET", ok=True, says="is set: events come by HTTP to /slack/events")

    def _as_bot(self) -> Iterator[Finding]:
        client = self._client("SLACK_BOT_TOKEN")
        granted: list[frozenset[str]] = []

        def who() -> str:
            answer = client.auth_test()
            granted.append(_scopes(answer.headers))
            return f"{answer['user']} in {answer['team']}"

        signed_in = _ask("Slack sign-in", who)
        yield signed_in
        if not signed_in.ok:
            return
        yield _compared(granted[0])
        for channel in dict.fromkeys((self.config.channel, self.config.approvals_channel)):
            yield _ask(f"channel {channel}", partial(_find_channel, client, channel))

    def _socket_mode(self) -> Iterator[Finding]:
        token = self._variable("SLACK_APP_TOKEN", "xapp-", "Basic Information, App-Level Tokens")
        yield token
        if token.ok:
            client = self._client("SLACK_APP_TOKEN")
            value = self.environment["SLACK_APP_TOKEN"]

            def connect() -> str:
                client.apps_connections_open(app_token=value)
                return "a connection would be accepted"

            yield _ask("Socket Mode", connect)


class _Missing(Exception):
    """Slack answered, and what is looked for isn't as it has to be."""

    def __init__(self, says: str, fix: str) -> None:
        super().__init__(says)
        self.says, self.fix = says, fix


def _ask(name: str, question: Callable[[], str]) -> Finding:
    """Turn Slack's answer, or its refusal, into a finding."""
    try:
        return Finding(name, ok=True, says=question())
    except _Missing as missing:
        return Finding(name, ok=False, says=missing.says, fix=missing.fix)
    except SlackApiError as error:
        code = str(error.response.get("error", "unknown"))[:60] if isinstance(error.response.data, dict) else "no JSON"
        fix = _FIXES.get(code, "Look the code up in Slack's documentation of this method.")
        return Finding(name, ok=False, says=f"Slack answers {code}", fix=fix)
    except (SlackClientError, OSError, ValueError) as error:
        fix = "Check the network, the proxy, and SLACK_API_URL."
        return Finding(name, ok=False, says=f"Slack can't be reached: {type(error).__name__}", fix=fix)


def _scopes(headers: Mapping[str, str]) -> frozenset[str]:
    listed = next((value for name, value in headers.items() if name.lower() == "x-oauth-scopes"), "")
    return frozenset(part.strip() for part in listed.split(",") if part.strip())


def _compared(granted: frozenset[str]) -> Finding:
    if not granted:
        return Finding("scopes", ok=True, says="Slack did not say which were granted")
    missing = sorted(SCOPES - granted)
    if missing:
        fix = "Update the app from manifest.yml and install it again."
        return Finding("scopes", ok=False, says=f"missing: {', '.join(missing)}", fix=fix)
    return Finding("scopes", ok=True, says=f"all {len(SCOPES)} of manifest.yml are granted")


def _find_channel(client: WebClient, wanted: str) -> str:
    """Say that the bot is in the channel.

    Raises:
        _Missing: there is none, or the bot isn't in it.

    """
    if _CHANNEL_ID.fullmatch(wanted):
        channel: Mapping[str, Any] = client.conversations_info(channel=wanted)["channel"]
    else:
        found = (c for c in _channels(client) if c.get("name") == wanted.lstrip("#"))
        channel = next(found, {})
    name = f"#{channel.get('name', wanted.lstrip('#'))}"
    if not channel:
        raise _Missing("the bot sees no such channel", f"Make {name}, or in it type: /invite @ and the bot's name.")
    if not channel.get("is_member"):
        raise _Missing("is there, but the bot is not in it", f"In {name} type: /invite @ and the bot's name.")
    return f"{name} ({channel.get('id', '')}), the bot is in it"


def _channels(client: WebClient) -> Iterator[Mapping[str, Any]]:
    cursor = ""
    for _ in range(PAGES_OF_CHANNELS):
        answer = client.conversations_list(
            types="public_channel,private_channel", exclude_archived=True, limit=1000, cursor=cursor
        )
        yield from answer["channels"]
        cursor = (answer.get("response_metadata") or {}).get("next_cursor", "")
        if not cursor:
            return
