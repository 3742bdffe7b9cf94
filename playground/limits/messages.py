"""Limits of a message's blocks as a whole."""

from collections.abc import Callable
from typing import Any

from playground.errors import SlackError
from playground.limits.blocks import IN_MESSAGES, check_blocks
from playground.limits.faults import Faults, no_images

BLOCKS = 50
ALL_TEXT = 13_200  # undocumented; measured by others against Slack, slackapi/bolt-js issue 2509


def check_message_blocks(blocks: Any, images: Callable[[Any], bool] = no_images, *, cumulative: bool = True) -> None:
    """Check blocks of a message. Raises invalid_blocks with every fault, or msg_blocks_too_long.

    `images` says of a slack_file object whether the workspace has that image. `cumulative` is False for response
    URLs, where Slack does not add up the texts (bolt-js issue 2867).
    """
    faults = Faults(images)
    check_blocks(faults, blocks, BLOCKS, IN_MESSAGES)
    if faults.found:
        raise SlackError("invalid_blocks", tuple(faults.found))
    if cumulative and faults.total > ALL_TEXT:
        raise SlackError("msg_blocks_too_long")
