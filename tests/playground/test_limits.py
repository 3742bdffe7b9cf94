"""Block Kit limits: at the limit a message stands, one beyond it Slack's refusal names the place."""

from typing import Any

import pytest

from playground.errors import SlackError
from playground.limits import check_message_blocks, check_view


def plain(text: str) -> dict[str, Any]:
    """Return a plain text."""
    return {"type": "plain_text", "text": text}


def section(text: str = "x", **more: Any) -> dict[str, Any]:
    """Return a section."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(**more: Any) -> dict[str, Any]:
    """Return a button."""
    return {"type": "button", "text": plain("Go"), **more}


def actions(*elements: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a row of elements."""
    return {"type": "actions", "elements": list(elements), **more}


def image(**more: Any) -> dict[str, Any]:
    """Return an image."""
    return {"type": "image", "alt_text": "sizes", **more}


def option(number: int, **more: Any) -> dict[str, Any]:
    """Return an option."""
    return {"text": plain(f"o{number}"), "value": str(number), **more}


def select(count: int, **more: Any) -> dict[str, Any]:
    """Return a menu."""
    return {"type": "static_select", "options": [option(n) for n in range(count)], **more}


CONFIRM = {"title": plain("t"), "text": plain("x"), "confirm": plain("y"), "deny": plain("n")}
LIMITS = [
    ("section text", lambda n: [section("x" * n)], 3000, "/blocks/0/text/text"),
    ("header text", lambda n: [{"type": "header", "text": plain("x" * n)}], 150, "/blocks/0/text/text"),
    ("blocks", lambda n: [{"type": "divider"}] * n, 50, "/blocks"),
    ("fields", lambda n: [{"type": "section", "fields": [plain("x")] * n}], 10, "/blocks/0/fields"),
    ("field text", lambda n: [{"type": "section", "fields": [plain("x" * n)]}], 2000, "/blocks/0/fields/0/text"),
    ("context elements", lambda n: [{"type": "context", "elements": [plain("x")] * n}], 10, "/blocks/0/elements"),
    ("actions elements", lambda n: [actions(*[button() for _ in range(n)])], 25, "/blocks/0/elements"),
    ("button text", lambda n: [actions(button(text=plain("x" * n)))], 75, "/blocks/0/elements/0/text/text"),
    ("button value", lambda n: [actions(button(value="x" * n))], 2000, "/blocks/0/elements/0/value"),
    ("action id", lambda n: [actions(button(action_id="x" * n))], 255, "/blocks/0/elements/0/action_id"),
    ("block id", lambda n: [section(block_id="x" * n)], 255, "/blocks/0/block_id"),
    ("select options", lambda n: [actions(select(n))], 100, "/blocks/0/elements/0/options"),
    (
        "option text",
        lambda n: [actions(select(1, options=[{"text": plain("x" * n), "value": "v"}]))],
        75,
        "/blocks/0/elements/0/options/0/text/text",
    ),
    (
        "option value",
        lambda n: [actions(select(1, options=[{"text": plain("x"), "value": "v" * n}]))],
        150,
        "/blocks/0/elements/0/options/0/value",
    ),
    (
        "overflow options",
        lambda n: [section(accessory={"type": "overflow", "options": [option(k) for k in range(n)]})],
        5,
        "/blocks/0/accessory/options",
    ),
    (
        "confirm title",
        lambda n: [actions(button(confirm={**CONFIRM, "title": plain("x" * n)}))],
        100,
        "/blocks/0/elements/0/confirm/title/text",
    ),
]


@pytest.mark.parametrize(("name", "blocks", "limit", "at"), LIMITS, ids=[case[0] for case in LIMITS])
def test_a_limit_holds_to_the_character(name: str, blocks: Any, limit: int, at: str) -> None:
    """The limit itself passes and one more is refused, with the JSON pointer Slack gives."""
    check_message_blocks(blocks(limit))
    with pytest.raises(SlackError) as refused:
        check_message_blocks(blocks(limit + 1))
    assert refused.value.code == "invalid_blocks"
    assert [fault.endswith(f"[json-pointer:{at}]") for fault in refused.value.messages] == [True]


WRONG = {
    "a type that does not exist": [{"type": "sektion"}],
    "an input where only a button may stand": [actions({"type": "plain_text_input"})],
    "a section without text": [{"type": "section"}],
    "an empty text": [section("")],
    "mrkdwn in a button": [actions(button(text={"type": "mrkdwn", "text": "x"}))],
    "mrkdwn in a header": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
    "one block id twice": [section(block_id="b"), section(block_id="b")],
    "one action id twice in a block": [actions(button(action_id="a"), button(action_id="a"))],
    "a style that does not exist": [actions(button(style="loud"))],
    "no elements": [actions()],
    "an initial option that is not offered": [actions(select(2, initial_option=option(7)))],
    "options and groups at once": [actions(select(1, option_groups=[]))],
    "an image without alt_text": [{"type": "image", "image_url": "https://x.example/i.png"}],
    "an image of nothing": [{"type": "image", "alt_text": "x"}],
    "an image from two places": [image(image_url="https://x.example/i.png", slack_file={"id": "F012345678"})],
    "a file named twice": [image(slack_file={"id": "F012345678", "url": "https://x.example/files/F012345678/i.png"})],
    "a file named by no id": [image(slack_file={"id": "https://x.example/i.png"})],
    "a file that nobody uploaded": [image(slack_file={"id": "F012345678"})],
    "a file that is no object": [image(slack_file="F012345678")],
    "a block that is no object": ["section"],
}


@pytest.mark.parametrize("blocks", WRONG.values(), ids=WRONG.keys())
def test_what_slack_refuses_is_refused(blocks: list[Any]) -> None:
    """Each shape that Slack answers with invalid_blocks gets the same answer here."""
    with pytest.raises(SlackError, match="invalid_blocks"):
        check_message_blocks(blocks)


def test_the_same_action_id_may_stand_in_two_blocks() -> None:
    """Rows of a list share an action id: Slack wants them unique within one block only."""
    check_message_blocks([section(accessory=button(action_id="options")) for _ in range(3)])


def test_every_fault_is_told_at_once() -> None:
    """Two faults give two messages."""
    with pytest.raises(SlackError) as refused:
        check_message_blocks([section("x" * 3001), {"type": "header", "text": plain("x" * 151)}])
    assert len(refused.value.messages) == 2


def test_all_texts_together_have_a_limit() -> None:
    """Five full sections are more than Slack takes in one message, though each is allowed; response URLs take them."""
    blocks = [section("x" * 3000) for _ in range(5)]
    with pytest.raises(SlackError, match="msg_blocks_too_long"):
        check_message_blocks(blocks)
    check_message_blocks(blocks, cumulative=False)


def modal(**more: Any) -> dict[str, Any]:
    """Return a modal."""
    return {"type": "modal", "title": plain("Restore"), "blocks": [section()], **more}


VIEWS = {
    "title": (lambda n: modal(title=plain("x" * n)), 24),
    "submit": (lambda n: modal(submit=plain("x" * n)), 24),
    "close": (lambda n: modal(close=plain("x" * n)), 24),
    "private_metadata": (lambda n: modal(private_metadata="x" * n), 3000),
    "callback_id": (lambda n: modal(callback_id="x" * n), 255),
    "blocks": (lambda n: modal(blocks=[{"type": "divider"}] * n), 100),
}


@pytest.mark.parametrize(("view", "limit"), VIEWS.values(), ids=VIEWS.keys())
def test_a_views_limits_hold(view: Any, limit: int) -> None:
    """Modals have limits of their own, refused as invalid_arguments."""
    check_view(view(limit), ("modal",))
    with pytest.raises(SlackError, match="invalid_arguments"):
        check_view(view(limit + 1), ("modal",))


def test_a_modal_that_asks_must_have_a_submit() -> None:
    """An input block without submit is refused."""
    asks = {"type": "input", "label": plain("Why"), "element": {"type": "plain_text_input"}}
    with pytest.raises(SlackError, match="invalid_arguments"):
        check_view(modal(blocks=[asks]), ("modal",))
    check_view(modal(blocks=[asks], submit=plain("Go")), ("modal",))
