"""What the environment says."""

import pytest

from bot.settings import Mode, read_settings
from core.errors import UsageError


def test_socket_mode_with_an_app_token() -> None:
    """An app token means Socket Mode, and no secret is ever shown."""
    tokens = {"SLACK_BOT_TOKEN": "xoxb-canary", "SLACK_APP_TOKEN": "xapp-canary", "SAFEHOLD_SECRET": "canary"}
    settings = read_settings(tokens)
    assert settings.mode is Mode.SOCKET
    assert settings.api_url == "https://slack.com/api/"
    assert "canary" not in repr(settings)
    assert "canary" not in str(settings)


def test_http_mode_without_one() -> None:
    """A signing secret alone means HTTP, against whatever Slack is named."""
    found = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s", "SLACK_API_URL": "http://127.0.0.1:9/api"}
    settings = read_settings(found)
    assert settings.mode is Mode.HTTP
    assert settings.api_url == "http://127.0.0.1:9/api/"


def test_all_faults_are_said_at_once() -> None:
    """Missing and mixed-up tokens are named together."""
    with pytest.raises(UsageError, match=r"SLACK_BOT_TOKEN.*SLACK_APP_TOKEN"):
        read_settings({"SLACK_BOT_TOKEN": "xapp-1", "SLACK_APP_TOKEN": "xoxb-1"})
