"""Limits of modals and App Homes."""

import json
from collections.abc import Callable
from typing import Any

from playground.errors import SlackError
from playground.limits.blocks import EVERYWHERE, check_blocks
from playground.limits.faults import Faults, no_images
from playground.limits.objects import PLAIN, check_optional_text, check_text

BLOCKS = 100
SIZE = 250 * 1024


def check_view(view: Any, kinds: tuple[str, ...], images: Callable[[Any], bool] = no_images) -> None:
    """Check a view for a surface. Raises invalid_arguments with every fault, or view_too_large."""
    faults = Faults(images)
    held = faults.thing(view, "/view")
    if held:
        _check(faults, held, kinds)
    if faults.found:
        raise SlackError("invalid_arguments", tuple(faults.found))
    if len(json.dumps(held)) > SIZE:
        raise SlackError("view_too_large")


def _check(faults: Faults, view: dict[str, Any], kinds: tuple[str, ...]) -> None:
    if view.get("type") not in kinds:
        faults.say(f"unsupported type: {view.get('type')}", "/view/type")
        return
    for key, longest in (("private_metadata", 3000), ("callback_id", 255), ("external_id", 255)):
        faults.optional(view, key, "/view", longest)
    if faults.missing(view, "blocks", "/view"):
        return
    check_blocks(faults, view["blocks"], BLOCKS, EVERYWHERE)
    if view["type"] == "modal":
        _check_modal(faults, view)


def _check_modal(faults: Faults, view: dict[str, Any]) -> None:
    check_text(faults, view, "title", "/view", (24, PLAIN))
    check_optional_text(faults, view, "close", "/view", (24, PLAIN))
    check_optional_text(faults, view, "submit", "/view", (24, PLAIN))
    blocks = view["blocks"] if isinstance(view["blocks"], list) else []
    asks = any(isinstance(block, dict) and block.get("type") == "input" for block in blocks)
    if asks and view.get("submit") is None:
        faults.say("must define `submit` to use an `input` block in modals", "/view/submit")
