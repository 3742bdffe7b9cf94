"""The building parts of Block Kit, each within Slack's limits whatever it is given."""

from collections.abc import Iterable, Sequence
from typing import Any

from bot.blocks.text import cut, cut_markup

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
HEADER = 150
BUTTON = 75
VALUE = 2_000
OPTION = 75
OPTIONS = 100
OPTION_VALUE = 150
PLACEHOLDER = 150
ELEMENTS = 25
CONTEXT_ELEMENTS = 10
FIELDS = 10
TITLE = 24
ALT_TEXT = 2_000
INPUT_LABEL = 2_000
INPUT_TEXT = 3_000
CONFIRM_TITLE = 100
CONFIRM_TEXT = 300
CONFIRM_BUTTON = 30
NOTE_LENGTH = 200
LONGEST = 12_000
"""Where a message does not go by a response URL, Slack adds its texts up and refuses more than 13,200 characters."""

Json = dict[str, Any]


def plain(text: str, limit: int = 3_000) -> Json:
    """Return a plain text object: nothing in it is markup. Slack refuses an empty one."""
    return {"type": "plain_text", "text": cut(text, limit) or "-", "emoji": False}


def markup(text: str, limit: int = 3_000) -> Json:
    """Return a markup object that makes no links or mentions of its own accord."""
    return {"type": "mrkdwn", "text": cut_markup(text, limit) or "-", "verbatim": True}


def text_in(node: Any) -> int:
    """Return how many characters all texts in blocks have together."""
    if isinstance(node, list):
        return sum(text_in(one) for one in node)
    if not isinstance(node, dict):
        return 0
    own = len(node["text"]) if isinstance(node.get("text"), str) else 0
    return own + sum(text_in(child) for child in node.values() if isinstance(child, (dict, list)))


def header(text: str) -> Json:
    """Return a header; plain text."""
    return {"type": "header", "text": plain(text, HEADER)}


def section(text: str, accessory: Json | None = None) -> Json:
    """Return a paragraph of markup, with a button or a menu at its right."""
    block: Json = {"type": "section", "text": markup(text)}
    return block if accessory is None else {**block, "accessory": accessory}


def context(*texts: str) -> Json:
    """Return small print; markup."""
    return {"type": "context", "elements": [markup(text) for text in texts[:CONTEXT_ELEMENTS]]}


def image(file_id: str, title: str, alt_text: str) -> Json:
    """Return an uploaded picture; `alt_text` is plain and says the same in words."""
    words = {"title": plain(title, ALT_TEXT), "alt_text": cut(alt_text, ALT_TEXT) or "-"}
    return {"type": "image", "slack_file": {"id": file_id}, **words}


def divider() -> Json:
    """Return a line."""
    return {"type": "divider"}


def actions(elements: Sequence[Json]) -> list[Json]:
    """Return a row of buttons, or nothing where there are none: Slack refuses an empty row."""
    return [{"type": "actions", "elements": list(elements[:ELEMENTS])}] if elements else []


def button(label: str, action: str, value: str, *, style: str = "", confirm: Json | None = None) -> Json:
    """Return a button. `style` is "primary", "danger" or nothing."""
    element: Json = {"type": "button", "action_id": action, "text": plain(label, BUTTON), "value": value[:VALUE]}
    if style:
        element["style"] = style
    return element if confirm is None else {**element, "confirm": confirm}


def confirm(title: str, text: str, yes: str, no: str) -> Json:
    """Return the question asked before a button acts."""
    return {
        "title": plain(title, CONFIRM_TITLE),
        "text": plain(text, CONFIRM_TEXT),
        "confirm": plain(yes, CONFIRM_BUTTON),
        "deny": plain(no, CONFIRM_BUTTON),
        "style": "danger",
    }


def option(label: str, value: str) -> Json:
    """Return one choice of a menu."""
    return {"text": plain(label, OPTION), "value": value[:OPTION_VALUE]}


def menu(action: str, placeholder: str, options: Iterable[Json], chosen: Json | None = None) -> Json:
    """Return a menu of at least one option."""
    shown = list(options)[:OPTIONS]
    element: Json = {
        "type": "static_select",
        "action_id": action,
        "placeholder": plain(placeholder, PLACEHOLDER),
        "options": shown,
    }
    return {**element, "initial_option": chosen} if chosen in shown else element


def asks(block: str, label: str, element: Json, *, optional: bool = False, acts: bool = False) -> Json:
    """Return an input. `acts`: a change is sent at once."""
    return {
        "type": "input",
        "block_id": block,
        "label": plain(label, INPUT_LABEL),
        "element": element,
        "optional": optional,
        "dispatch_action": acts,
    }


def line_input(action: str, placeholder: str, initial: str = "") -> Json:
    """Return one line to write a note or a reason in, as long as core lets them be."""
    element: Json = {
        "type": "plain_text_input",
        "action_id": action,
        "max_length": NOTE_LENGTH,
        "placeholder": plain(placeholder, PLACEHOLDER),
    }
    return {**element, "initial_value": initial[:NOTE_LENGTH]} if initial else element


def lines_input(action: str, placeholder: str, most: int, initial: str = "") -> Json:
    """Return several lines to write in, at most so many characters."""
    element: Json = {
        "type": "plain_text_input",
        "action_id": action,
        "multiline": True,
        "max_length": most,
        "placeholder": plain(placeholder, PLACEHOLDER),
    }
    return {**element, "initial_value": initial[:most]} if initial else element


def modal(callback: str, title: str, blocks: Sequence[Json], *, submit: str = "", metadata: str = "") -> Json:
    """Return a modal; without `submit` it can only be closed. Metadata is at most 3,000 characters."""
    view: Json = {
        "type": "modal",
        "callback_id": callback,
        "title": plain(title, TITLE),
        "close": plain("Cancel" if submit else "Close", TITLE),
        "blocks": list(blocks[:VIEW_BLOCKS]),
        "private_metadata": metadata,
    }
    return {**view, "submit": plain(submit, TITLE)} if submit else view
