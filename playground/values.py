"""What people have typed and chosen, in the shapes that Slack's payloads give it."""

from datetime import UTC, datetime
from typing import Any

from playground.api.call import elements_of
from playground.model import Json

OPTION_KINDS = frozenset({"static_select", "radio_buttons", "overflow", "external_select"})
OPTIONS_KINDS = frozenset({"multi_static_select", "checkboxes", "multi_external_select"})
TYPED_KINDS = frozenset({"plain_text_input", "email_text_input", "url_text_input", "number_input"})
PICKED = {
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "users_select": ("selected_user", "initial_user"),
    "channels_select": ("selected_channel", "initial_channel"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
}
RawValues = dict[str, dict[str, Any]]


def has_state(element: Json) -> bool:
    """Say whether an element keeps a value; a button and an overflow menu do not."""
    kind = element.get("type")
    return kind in PICKED or kind in TYPED_KINDS or (kind in OPTION_KINDS | OPTIONS_KINDS and kind != "overflow")


def offered(element: Json) -> list[Json]:
    """Return all options of an element, those in groups included."""
    grouped = [option for group in element.get("option_groups") or [] for option in group.get("options", [])]
    return [*(element.get("options") or []), *grouped]


def initial(element: Json) -> Any:
    """Return the raw value with which an element starts."""
    kind = element["type"]
    if kind in OPTION_KINDS:
        return (element.get("initial_option") or {}).get("value")
    if kind in OPTIONS_KINDS:
        return [option.get("value") for option in element.get("initial_options") or []]
    if kind in PICKED:
        return element.get(PICKED[kind][1])
    return element.get("initial_value")


def stated(element: Json, raw: Any) -> Json:
    """Return the value of one element as payloads have it."""
    kind = element["type"]
    if kind in OPTION_KINDS:
        chosen = [option for option in offered(element) if option.get("value") == raw]
        return {"type": kind, "selected_option": chosen[0] if chosen else None}
    if kind in OPTIONS_KINDS:
        return {"type": kind, "selected_options": [o for o in offered(element) if o.get("value") in (raw or [])]}
    if kind in PICKED:
        return {"type": kind, PICKED[kind][0]: _picked(kind, raw)}
    return {"type": kind, "value": raw or None}


def _picked(kind: str, raw: Any) -> Any:
    if kind == "datetimepicker" and isinstance(raw, str) and "T" in raw:
        return int(datetime.fromisoformat(raw).replace(tzinfo=UTC).timestamp())
    return raw or None


def state_of(blocks: list[Json], raw: RawValues) -> dict[str, dict[str, Json]]:
    """Return the state of all elements that keep a value; what was not touched has its initial value."""
    state: dict[str, dict[str, Json]] = {}
    for block in blocks:
        for element in elements_of(block):
            if has_state(element):
                key = element["action_id"]
                given = raw.get(block["block_id"], {})
                value = given[key] if key in given else initial(element)
                state.setdefault(block["block_id"], {})[key] = stated(element, value)
    return state


def unmet(blocks: list[Json], state: dict[str, dict[str, Json]]) -> dict[str, str]:
    """Return what Slack's client says under inputs that can't be submitted yet, by block id."""
    found: dict[str, str] = {}
    for block in blocks:
        if block.get("type") != "input":
            continue
        element = block["element"]
        held = state.get(block["block_id"], {}).get(element.get("action_id"), {})
        value = next((value for key, value in held.items() if key != "type"), None)
        if not value:
            if not block.get("optional"):
                found[block["block_id"]] = "Please complete this required field."
        elif isinstance(value, str):
            says = _length(element, value)
            if says:
                found[block["block_id"]] = says
    return found


def _length(element: Json, value: str) -> str:
    if len(value) > element.get("max_length", 3000):
        return f"This must be at most {element.get('max_length', 3000)} characters."
    if len(value) < element.get("min_length", 0):
        return f"This must be at least {element['min_length']} characters."
    return ""
