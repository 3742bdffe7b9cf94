"""The Slack app's manifest asks for what the bot uses, and for nothing else."""

import re
from pathlib import Path

from bot.ids import Command, Event

ROOT = Path(__file__).parents[2]
SCOPES = {
    "chat.postMessage": {"chat:write"},
    "chat.update": {"chat:write"},
    "chat.postEphemeral": {"chat:write"},
    "conversations.history": {"channels:history", "groups:history"},
    "conversations.replies": {"channels:history", "groups:history"},
    "conversations.list": {"channels:read", "groups:read"},
    "files.getUploadURLExternal": {"files:write"},
    "files.completeUploadExternal": {"files:write"},
    "usergroups.users.list": {"usergroups:read"},
    "views.open": set(),
    "views.push": set(),
    "views.update": set(),
    "views.publish": set(),
    "auth.test": set(),
}
"""From https://docs.slack.dev/reference/methods, for public and private channels."""


def listed(key: str) -> set[str]:
    """Return the items of a list in the manifest, which is plain enough to be read line by line."""
    found = re.search(rf"^( *){key}:\n((?:\1  - .*\n)+)", (ROOT / "manifest.yml").read_text(), re.MULTILINE)
    assert found is not None, f"no list {key}"
    return {line.strip().removeprefix("- ").removeprefix("command: ") for line in found[2].splitlines()}


def called() -> set[str]:
    """Return every Web API method that the bot's source calls."""
    pattern = re.compile(r"\.((?:chat|conversations|usergroups|users|views|auth|reactions|files|pins|im)_\w+)\(")
    source = "\n".join(path.read_text() for path in (ROOT / "bot").rglob("*.py"))
    names = {found.group(1) for found in pattern.finditer(source)}
    return {name.replace("users_list", "users.list").replace("_", ".", 1) for name in names}


def test_scopes_are_those_of_the_methods_called() -> None:
    """Every method called has its scopes in the manifest, and no scope is there for nothing."""
    methods = {re.sub(r"_(.)", lambda m: m.group(1).upper(), name) for name in called()}
    assert methods <= set(SCOPES), methods - set(SCOPES)
    needed = {"commands"}.union(*(SCOPES[method] for method in methods))
    assert listed("bot") == needed


def test_commands_and_events_are_those_listened_to() -> None:
    """The manifest names the commands and events of ids.py."""
    text = (ROOT / "manifest.yml").read_text()
    assert set(re.findall(r"- command: (\S+)", text)) == {command.value for command in Command}
    assert listed("bot_events") == {event.value for event in Event}
    assert "socket_mode_enabled: true" in text
