"""Limits of a message's blocks as a whole."""

from typing import Any

from playground.errors import SlackError
from playground.limits.blocks import IN_MESSAGES, check_blocks
from playground.limits.faults import Faults

BLOCKS = 50
ALL_TEXT = 13_200  # undocumented; measured by others against Slack, slackapi/bolt-js issue 2509


def check_message_blocks(blocks: Any, *, cumulative: bool = True) -> None:
    """Check blocks of a message. Raises invalid_blocks with every fault, or msg_blocks_too_long.

    `cumulative` is False for response URLs, where Slack does not add up the texts (bolt-js issue 2867).
    """
    faults = Faults()
    check_blocks(faults, blocks, BLOCKS, IN_MESSAGES)
    if faults.found:
        raise SlackError("invalid_blocks", tuple(faults.found))
    if cumulative and faults.total > ALL_TEXT:
        raise SlackError("msg_blocks_too_long")
