"""A message as a whole stays within what Slack takes, whatever its record holds."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from bot.blocks import backup as backups
from bot.blocks import restore as restores
from bot.draft import CHARACTERS, TEXT_CHARACTERS, Draft, within_budget
from bot.ids import Slot
from core.model.backup import Backup, BackupState
from core.model.instance import Instance
from core.model.restore import Restore
from tests.bot.conftest import World
from tests.bot.drawn import NOW, few, instances, some_backups
from tests.bot.drawn import restores as some_restores
from tests.bot.limits import check_blocks

MANY_KINDS = {f"kind {number} & {'<' * 50}": {"label": number} for number in range(300)}


def texts(node: Any) -> Iterator[str]:
    """Yield every text in blocks, also those of buttons and their questions."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, list | dict):
        for child in node.values() if isinstance(node, dict) else node:
            yield from texts(child)


def fits(draft: Draft) -> None:
    """Fail where Slack would refuse the message."""
    check_blocks(draft.blocks)
    assert sum(map(len, texts(draft.blocks))) < CHARACTERS
    assert 1 <= len(draft.text) <= TEXT_CHARACTERS


def draft_of(said: tuple[list[dict[str, Any]], str]) -> Draft:
    """Return what would be sent for blocks and their words."""
    return Draft("subject", Slot.MAIN, "#backups", *within_budget(*said), NOW)


@few
@given(some_backups, st.none() | some_backups, st.lists(some_backups, max_size=5), some_restores, st.none() | instances)
def test_messages_stay_within_the_budget(
    one: Backup, last_good: Backup | None, going: list[Backup], restore: Restore, made: Instance | None
) -> None:
    """Every message of every record stays below 12,000 characters after escaping, its words below Slack's limit."""
    one = replace(one, counts=MANY_KINDS)
    made = made and replace(made, counts=MANY_KINDS)
    asked = restores.request(restore, ("S0DBA",) * 500, MANY_KINDS)
    # What is over lets nothing go.
    going = going if one.state.open or one.state is BackupState.GOOD else []
    said = [backups.message(one, last_good, (), going), backups.outcome(one), asked]
    said += [restores.message(restore, made), restores.outcome(restore, made), restores.progress(restore, made)]
    for blocks_and_text in said:
        if blocks_and_text is not None:
            fits(draft_of(blocks_and_text))


@few
@given(st.lists(st.text("&<>`x ", max_size=3_000), min_size=1, max_size=12), st.text("&<>", max_size=9_000))
@example(["&" * 3_000] * 12, "<" * 9_000)
def test_longest_paragraphs_give_way(paragraphs: list[str], text: str) -> None:
    """Blocks over the budget are shortened where they are longest; buttons stay."""
    row = {
        "type": "actions",
        "elements": [{"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "Go"}}],
    }
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": words or "-"}} for words in paragraphs]
    draft = draft_of(([*blocks, row], text or "-"))
    fits(draft)
    assert draft.blocks[-1] == row
    assert len(draft.blocks) == len(blocks) + 1


def test_a_record_of_many_kinds_is_shown(world: World) -> None:
    """A backup with hundreds of kinds of things is shown, its words within Slack's limit for an edit."""
    backup = world.backed_up()
    world.core.catalog.backups.move(backup, frozenset(BackupState), counts=MANY_KINDS)

    def sent() -> list[dict[str, Any]]:
        calls = [*world.slack.calls("chat.postMessage"), *world.slack.calls("chat.update")]
        return [body for body in calls if "kind 0" in str(body)]

    assert all(len(body["text"]) <= TEXT_CHARACTERS for body in world.slack.until(sent))
