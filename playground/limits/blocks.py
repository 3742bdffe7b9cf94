"""Limits of the blocks themselves."""

from collections.abc import Callable
from typing import Any

from playground.limits.elements import ACTIONS, INPUT, SECTION, check_element
from playground.limits.faults import Faults
from playground.limits.objects import EITHER, PLAIN, check_optional_text, check_text

EVERYWHERE = frozenset({"actions", "context", "divider", "header", "image", "input", "rich_text", "section", "video"})
IN_MESSAGES = EVERYWHERE | {"file", "markdown", "table", "context_actions"}
RICH = frozenset({"rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"})
Check = Callable[[Faults, dict[str, Any], str], None]


def check_blocks(faults: Faults, blocks: Any, most: int, allowed: frozenset[str]) -> None:
    """Check a list of blocks for one surface."""
    for index, block in enumerate(faults.items(blocks, "/blocks", most, 0)):
        at = f"/blocks/{index}"
        held = faults.thing(block, at)
        if not held:
            continue
        if held.get("type") not in allowed:
            faults.say(f"unsupported type: {held.get('type')}", f"{at}/type")
            continue
        _check_id(faults, held, at)
        CHECKS.get(str(held["type"]), _nothing)(faults, held, at)


def _check_id(faults: Faults, block: dict[str, Any], at: str) -> None:
    key = block.get("block_id")
    if key is None or not faults.text(key, f"{at}/block_id", 255, 0):
        return
    if key in faults.block_ids:
        faults.say(f'block_id "{key}" already exists', f"{at}/block_id")
    faults.block_ids.add(key)


def _nothing(_faults: Faults, _block: dict[str, Any], _at: str) -> None:
    """Leave a block without limits of its own as it is."""


def _section(faults: Faults, block: dict[str, Any], at: str) -> None:
    if block.get("text") is None and block.get("fields") is None:
        faults.say("missing required field: text", at)
    check_optional_text(faults, block, "text", at, (3000, EITHER))
    if block.get("fields") is not None:
        for index, field in enumerate(faults.items(block["fields"], f"{at}/fields", 10)):
            check_text(faults, {str(index): field}, str(index), f"{at}/fields", (2000, EITHER))
    if block.get("accessory") is not None:
        check_element(faults, block["accessory"], f"{at}/accessory", SECTION, set())


def _header(faults: Faults, block: dict[str, Any], at: str) -> None:
    check_text(faults, block, "text", at, (150, PLAIN))


def _actions(faults: Faults, block: dict[str, Any], at: str) -> None:
    seen: set[str] = set()
    for index, element in enumerate(faults.items(block.get("elements"), f"{at}/elements", 25)):
        check_element(faults, element, f"{at}/elements/{index}", ACTIONS, seen)


def _context(faults: Faults, block: dict[str, Any], at: str) -> None:
    for index, element in enumerate(faults.items(block.get("elements"), f"{at}/elements", 10)):
        here = f"{at}/elements/{index}"
        held = faults.thing(element, here)
        if held.get("type") == "image":
            check_element(faults, held, here, frozenset({"image"}), set())
        elif held:
            check_text(faults, {str(index): held}, str(index), f"{at}/elements", (3000, EITHER))


def _image(faults: Faults, block: dict[str, Any], at: str) -> None:
    check_element(faults, block, at, frozenset({"image"}), set())
    check_optional_text(faults, block, "title", at, (2000, PLAIN))


def _input(faults: Faults, block: dict[str, Any], at: str) -> None:
    check_text(faults, block, "label", at, (2000, PLAIN))
    check_optional_text(faults, block, "hint", at, (2000, PLAIN))
    if not faults.missing(block, "element", at):
        check_element(faults, block["element"], f"{at}/element", INPUT, set())


def _rich(faults: Faults, block: dict[str, Any], at: str) -> None:
    for index, element in enumerate(faults.items(block.get("elements"), f"{at}/elements", 3000, 0)):
        if not isinstance(element, dict) or element.get("type") not in RICH:
            faults.say("unsupported type", f"{at}/elements/{index}/type")
        else:
            faults.total += sum(len(str(part.get("text", ""))) for part in _leaves(element))


def _leaves(element: dict[str, Any]) -> list[dict[str, Any]]:
    parts = [part for part in element.get("elements", []) if isinstance(part, dict)]
    return [leaf for part in parts for leaf in (_leaves(part) if "elements" in part else [part])]


def _markdown(faults: Faults, block: dict[str, Any], at: str) -> None:
    faults.text(block.get("text"), f"{at}/text", 12000)
    faults.total += len(str(block.get("text", "")))


def _table(faults: Faults, block: dict[str, Any], at: str) -> None:
    for index, row in enumerate(faults.items(block.get("rows"), f"{at}/rows", 100)):
        faults.items(row, f"{at}/rows/{index}", 20)


CHECKS: dict[str, Check] = {
    "section": _section,
    "header": _header,
    "actions": _actions,
    "context": _context,
    "image": _image,
    "input": _input,
    "rich_text": _rich,
    "markdown": _markdown,
    "table": _table,
}
