"""docs/slack.md and the bot say the same."""

import re
from pathlib import Path

from bot.parse import USAGE

PAGE = (Path(__file__).parents[2] / "docs" / "slack.md").read_text(encoding="utf-8")
HINT = (Path(__file__).parents[2] / "manifest.yml").read_text(encoding="utf-8")


def test_the_page_lists_every_verb_as_the_help_does() -> None:
    """Its table has each form with what it does, in the order of /backups help."""
    rows = re.findall(r"^\| `/backups ([^`]+)` \| (.+) \|$", PAGE, re.MULTILINE)
    assert rows == list(USAGE.values())


def test_the_hint_under_the_command_names_every_verb() -> None:
    """What Slack shows while somebody types is all that can be typed."""
    hint = re.search(r'usage_hint: "\[([a-z|-]+)\]', HINT)
    assert hint is not None
    assert set(hint[1].split("|")) == set(USAGE)
