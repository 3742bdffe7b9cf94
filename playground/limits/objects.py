"""Limits of composition objects: text, options, confirm dialogs."""

from typing import Any

from playground.limits.faults import Faults

PLAIN, EITHER = ("plain_text",), ("plain_text", "mrkdwn")
OPTIONS, OPTION_VALUE, OPTION_TEXT = 100, 150, 75


def check_text(faults: Faults, holder: dict[str, Any], key: str, at: str, rule: tuple[int, tuple[str, ...]]) -> None:
    """Check a text object that must be there; the rule is (longest, allowed types)."""
    if faults.missing(holder, key, at):
        return
    longest, kinds = rule
    value, here = faults.thing(holder[key], f"{at}/{key}"), f"{at}/{key}"
    if not value:
        return
    if value.get("type") not in kinds:
        faults.say(
            f"must be one of: {', '.join(kinds)}" if len(kinds) > 1 else f"must be a valid {kinds[0]} object", here
        )
    faults.text(value.get("text"), f"{here}/text", longest)
    faults.total += len(str(value.get("text", "")))
    if value.get("type") == "mrkdwn" and "emoji" in value:
        faults.say("invalid additional property: emoji", here)


def check_optional_text(
    faults: Faults, holder: dict[str, Any], key: str, at: str, rule: tuple[int, tuple[str, ...]]
) -> None:
    """Check a text object where one is given."""
    if holder.get(key) is not None:
        check_text(faults, holder, key, at, rule)


def check_confirm(faults: Faults, element: dict[str, Any], at: str) -> None:
    """Check the confirm dialog of an element, where it has one."""
    if element.get("confirm") is None:
        return
    here = f"{at}/confirm"
    confirm = faults.thing(element["confirm"], here)
    if not confirm:
        return
    check_text(faults, confirm, "title", here, (100, PLAIN))
    check_text(faults, confirm, "text", here, (300, EITHER))
    check_text(faults, confirm, "confirm", here, (30, PLAIN))
    check_text(faults, confirm, "deny", here, (30, PLAIN))
    if confirm.get("style") not in {None, "primary", "danger"}:
        faults.say("must be one of: primary, danger", f"{here}/style")


def check_options(faults: Faults, element: dict[str, Any], at: str, most: int, kinds: tuple[str, ...] = PLAIN) -> None:
    """Check the options of a menu; each value may stand once."""
    values: list[str] = []
    for index, option in enumerate(faults.items(element.get("options"), f"{at}/options", most)):
        values.append(check_option(faults, option, f"{at}/options/{index}", kinds))
    if len(set(values)) < len(values):
        faults.say("option values must be unique", f"{at}/options")


def check_option(faults: Faults, option: Any, at: str, kinds: tuple[str, ...]) -> str:
    """Check one option; return its value."""
    held = faults.thing(option, at)
    if not held:
        return ""
    check_text(faults, held, "text", at, (OPTION_TEXT, kinds))
    check_optional_text(faults, held, "description", at, (OPTION_TEXT, kinds))
    faults.text(held.get("value"), f"{at}/value", OPTION_VALUE, 0)
    faults.optional(held, "url", at, 3000)
    return str(held.get("value"))


def check_select(faults: Faults, element: dict[str, Any], at: str) -> None:
    """Check a static menu: options or option groups, never both; an initial option must be one of them."""
    groups = element.get("option_groups")
    if (groups is None) == (element.get("options") is None):
        faults.say("must provide either options or option_groups", at)
        return
    if groups is None:
        check_options(faults, element, at, OPTIONS)
    else:
        for index, group in enumerate(faults.items(groups, f"{at}/option_groups", OPTIONS)):
            here = f"{at}/option_groups/{index}"
            held = faults.thing(group, here)
            check_text(faults, held, "label", here, (75, PLAIN))
            check_options(faults, held, here, OPTIONS)
    check_initial(faults, element, at)


def check_initial(faults: Faults, element: dict[str, Any], at: str) -> None:
    """Check that what is chosen at first is among the options, exactly as it stands there."""
    offered = list(element.get("options") or [])
    for group in element.get("option_groups") or []:
        offered += group.get("options", []) if isinstance(group, dict) else []
    wanted = element.get("initial_options") or []
    if element.get("initial_option") is not None:
        wanted = [*wanted, element["initial_option"]]
    for option in wanted:
        if not any(_same(option, other) for other in offered):
            key = "initial_option" if element.get("initial_option") is not None else "initial_options"
            faults.say("must exactly match one of the provided options", f"{at}/{key}")


def _same(one: Any, other: Any) -> bool:
    if not isinstance(one, dict) or not isinstance(other, dict):
        return False
    texts = [
        thing.get("text", {}).get("text") if isinstance(thing.get("text"), dict) else None for thing in (one, other)
    ]
    return one.get("value") == other.get("value") and texts[0] == texts[1]
