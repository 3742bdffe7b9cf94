"""Limits of block elements, and which block may hold which."""

import re
from collections.abc import Callable
from typing import Any

from playground.limits.faults import Faults
from playground.limits.objects import (
    EITHER,
    PLAIN,
    check_confirm,
    check_initial,
    check_optional_text,
    check_options,
    check_select,
    check_text,
)

FILE_ID = re.compile(r"^F[A-Z0-9]{8,}$")
SINGLE = frozenset(f"{kind}_select" for kind in ("static", "external", "users", "conversations", "channels"))
MULTI = frozenset(f"multi_{kind}" for kind in SINGLE)
PICKERS = frozenset({"datepicker", "timepicker", "checkboxes", "radio_buttons"})
SECTION = SINGLE | MULTI | PICKERS | {"button", "image", "overflow", "workflow_button"}
ACTIONS = SINGLE | MULTI | PICKERS | {"button", "overflow", "datetimepicker", "rich_text_input", "workflow_button"}
INPUT = SINGLE | MULTI | PICKERS | {
    "plain_text_input", "datetimepicker", "email_text_input", "number_input", "url_text_input", "rich_text_input",
    "file_input",
}  # fmt: skip
INTERACTIVE = SECTION | ACTIONS | INPUT
Check = Callable[[Faults, dict[str, Any], str], None]


def check_element(faults: Faults, element: Any, at: str, allowed: frozenset[str], seen: set[str]) -> None:
    """Check one element of a block; `seen` holds the action ids of that block."""
    held = faults.thing(element, at)
    if not held:
        return
    kind = held.get("type")
    if kind not in allowed:
        faults.say(f"unsupported type: {kind}", f"{at}/type")
        return
    faults.optional(held, "action_id", at, 255)
    action = held.get("action_id")
    if isinstance(action, str) and kind != "image":
        if action in seen:
            faults.say(f'action_id "{action}" already exists in this block', f"{at}/action_id")
        seen.add(action)
    check_optional_text(faults, held, "placeholder", at, (150, PLAIN))
    check_confirm(faults, held, at)
    CHECKS.get(str(kind), _nothing)(faults, held, at)


def _nothing(_faults: Faults, _element: dict[str, Any], _at: str) -> None:
    """Leave an element without limits of its own as it is."""


def _button(faults: Faults, element: dict[str, Any], at: str) -> None:
    check_text(faults, element, "text", at, (75, PLAIN))
    faults.optional(element, "value", at, 2000)
    faults.optional(element, "url", at, 3000)
    faults.optional(element, "accessibility_label", at, 75)
    if element.get("style") not in {None, "primary", "danger"}:
        faults.say("must be one of: primary, danger", f"{at}/style")


def _overflow(faults: Faults, element: dict[str, Any], at: str) -> None:
    check_options(faults, element, at, 5)


def _choices(faults: Faults, element: dict[str, Any], at: str) -> None:
    check_options(faults, element, at, 10, EITHER)
    check_initial(faults, element, at)


def _image(faults: Faults, element: dict[str, Any], at: str) -> None:
    if (element.get("image_url") is None) == (element.get("slack_file") is None):
        faults.say("must provide either image_url or slack_file", at)
    faults.optional(element, "image_url", at, 3000)
    if element.get("slack_file") is not None:
        _slack_file(faults, element["slack_file"], f"{at}/slack_file")
    if not faults.missing(element, "alt_text", at):
        faults.text(element["alt_text"], f"{at}/alt_text", 2000, 0)


def _slack_file(faults: Faults, value: Any, at: str) -> None:
    """Check that a file is named in one way, and that the workspace has it as an image."""
    held = faults.thing(value, at)
    if not held:
        return
    if (held.get("id") is None) == (held.get("url") is None):
        faults.say("must provide either id or url", at)
    elif held.get("id") is not None and not FILE_ID.fullmatch(str(held["id"])):
        faults.say(f"input must match regex pattern: {FILE_ID.pattern}", f"{at}/id")
    elif not faults.images(held):
        faults.say("invalid slack file", at)


def _typed(faults: Faults, element: dict[str, Any], at: str) -> None:
    for key, least in (("min_length", 0), ("max_length", 1)):
        value = element.get(key)
        if value is not None and not (isinstance(value, int) and least <= value <= 3000):  # noqa: PLR2004 - Slack's limit
            faults.say(f"must be between {least} and 3000", f"{at}/{key}")
    faults.optional(element, "initial_value", at, 3000)


def _number(faults: Faults, element: dict[str, Any], at: str) -> None:
    if not isinstance(element.get("is_decimal_allowed"), bool):
        faults.say("missing required field: is_decimal_allowed", at)


CHECKS: dict[str, Check] = {
    "button": _button,
    "overflow": _overflow,
    "checkboxes": _choices,
    "radio_buttons": _choices,
    "static_select": check_select,
    "multi_static_select": check_select,
    "image": _image,
    "plain_text_input": _typed,
    "number_input": _number,
}
