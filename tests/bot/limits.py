"""Slack's limits on blocks, checked by slack_sdk's own block classes and by the figures they leave out."""

from typing import Any

from slack_sdk.models.blocks import Block, InputBlock
from slack_sdk.models.views import View

LONGEST = {"value": 2_000, "action_id": 255, "block_id": 255, "private_metadata": 3_000, "callback_id": 255}
TEXTS = {"section": 3_000, "header": 150, "button": 75, "option": 75, "placeholder": 150, "title": 24}
MOST = {"actions": ("elements", 25), "context": ("elements", 10), "static_select": ("options", 100)}


class LimitError(AssertionError):
    """Slack would refuse this."""


def check_blocks(blocks: list[dict[str, Any]], most: int = 50) -> None:
    """Raise LimitError where Slack would refuse the blocks."""
    if not 1 <= len(blocks) <= most:
        raise LimitError(f"{len(blocks)} blocks")
    for block in blocks:
        parsed = InputBlock(**{k: v for k, v in block.items() if k != "type"}) if block["type"] == "input" else None
        (parsed or Block.parse(block)).to_dict()
        _check(block, block["type"])


def check_view(view: dict[str, Any]) -> None:
    """Raise LimitError where Slack would refuse the view."""
    View(**view).to_dict()
    check_blocks(view["blocks"], 100)
    for name in ("title", "submit", "close"):
        if name in view:
            _length(view[name]["text"], 24, name)
    if any(block["type"] == "input" for block in view["blocks"]) and "submit" not in view:
        raise LimitError("inputs without submit")
    _length(view.get("private_metadata", ""), 3_000, "private_metadata")


def _check(node: dict[str, Any], where: str) -> None:
    for name, limit in LONGEST.items():
        _length(str(node.get(name) or ""), limit, f"{where}/{name}")
    if node.get("type") in MOST:
        name, most = MOST[node["type"]]
        if not 1 <= len(node[name]) <= most:
            raise LimitError(f"{where}/{name} has {len(node[name])}")
    actions = [element.get("action_id") for element in node.get("elements", ()) if "action_id" in element]
    if len(actions) != len(set(actions)):
        raise LimitError(f"{where} repeats an action_id: {actions}")
    for name, child in node.items():
        for one in child if isinstance(child, list) else [child]:
            if isinstance(one, dict):
                _check_text(one, node, name, where)
                _check(one, f"{where}/{name}")


def _check_text(one: dict[str, Any], parent: dict[str, Any], name: str, where: str) -> None:
    if one.get("type") not in {"plain_text", "mrkdwn"}:
        return
    kind = parent.get("type") or ("option" if "value" in parent else name)
    limit = 150 if name == "placeholder" else TEXTS.get(kind, 3_000)
    if name == "text" and "confirm" in parent and "deny" in parent:
        limit = 300
    elif "confirm" in parent and "deny" in parent:
        limit = {"title": 100, "confirm": 30, "deny": 30}[name]
    if not one["text"]:
        raise LimitError(f"{where}/{name} is empty")
    _length(one["text"], limit, f"{where}/{name}")


def _length(text: str, limit: int, where: str) -> None:
    if len(text) > limit:
        raise LimitError(f"{where} has {len(text)} characters, {limit} fit")
