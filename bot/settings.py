"""The only reader of the environment: Slack's tokens and where Slack is."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.errors import UsageError

SLACK = "https://slack.com/api/"


class Mode(StrEnum):
    """How Slack reaches this process."""

    SOCKET = "socket mode"
    HTTP = "HTTP"


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """What the environment says. Secrets are masked in the repr. `secret` is None where none was given."""

    bot_token: str
    app_token: str
    signing_secret: str
    api_url: str
    secret: bytes | None
    heartbeat_url: str = ""

    @property
    def mode(self) -> Mode:
        """Return Socket Mode where there is an app token, else HTTP."""
        return Mode.SOCKET if self.app_token else Mode.HTTP

    def __repr__(self) -> str:
        """Show which secrets are set, never what they are."""
        return (
            f"Settings(bot_token={_masked(self.bot_token)}, app_token={_masked(self.app_token)}, "
            f"signing_secret={_masked(self.signing_secret)}, api_url={self.api_url!r}, "
            f"secret={_masked(self.secret or b'')}, heartbeat_url={_masked(self.heartbeat_url)})"
        )


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings, read from the environment unless a mapping is given.

    Raises:
        UsageError: a variable is missing or can't be right; all faults are said at once.

    """
    found = os.environ if environment is None else environment
    bot, app = found.get("SLACK_BOT_TOKEN", ""), found.get("SLACK_APP_TOKEN", "")
    signing = found.get("SLACK_SIGNING_SECRET", "")
    faults = []
    if not bot.startswith("xoxb-"):
        faults.append("SLACK_BOT_TOKEN must hold the bot token of the Slack app (xoxb-…).")
    if app and not app.startswith("xapp-"):
        faults.append("SLACK_APP_TOKEN must hold an app-level token (xapp-…), with the scope connections:write.")
    if not app and not signing:
        faults.append("Set SLACK_APP_TOKEN for Socket Mode, or SLACK_SIGNING_SECRET to be reached over HTTP.")
    heartbeat = found.get("SAFEHOLD_HEARTBEAT_URL", "").strip()
    if heartbeat and not heartbeat.startswith(("https://", "http://")):
        faults.append("SAFEHOLD_HEARTBEAT_URL must be a web address; it begins with https:// or http://.")
    if faults:
        raise UsageError(" ".join(faults), hint="They stand at https://api.slack.com/apps, see README.")
    url = found.get("SLACK_API_URL", "") or SLACK
    secret = found.get("SAFEHOLD_SECRET", "")
    return Settings(bot, app, signing, url.rstrip("/") + "/", secret.encode() or None, heartbeat)


def _masked(secret: str | bytes) -> str:
    return "set" if secret else "missing"
