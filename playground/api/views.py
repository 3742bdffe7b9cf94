"""The views methods: modals and App Home."""

from typing import Any

from playground.api.call import Call, Method, completed
from playground.errors import SlackError
from playground.limits import check_view
from playground.model import Json, View
from playground.workspace import Workspace

DEFAULTS: Json = {
    "private_metadata": "",
    "callback_id": "",
    "external_id": "",
    "clear_on_close": False,
    "notify_on_close": False,
    "title": None,
    "close": None,
    "submit": None,
}


def checked(view: Any, kinds: tuple[str, ...] = ("modal",)) -> Json:
    """Return a view with its ids and defaults. Raises invalid_arguments with every fault."""
    check_view(view, kinds)
    return {**DEFAULTS, **view, "blocks": completed(view["blocks"])}


def shown(workspace: Workspace, view: View, values: Json | None = None) -> Json:
    """Return a view as Slack's answers and payloads show it; `values` is the state of its inputs."""
    return {
        **view.body,
        "id": view.id,
        "team_id": workspace.team_id,
        "app_id": workspace.app_id,
        "bot_id": workspace.bot_id,
        "app_installed_team_id": workspace.team_id,
        "hash": view.hash,
        "root_view_id": view.root,
        "previous_view_id": view.previous or None,
        "state": {"values": values or {}},
    }


def _given(call: Call, kinds: tuple[str, ...] = ("modal",)) -> Json:
    view = call.structure("view")
    if view is None:
        raise SlackError("invalid_arguments", ("missing required field: view",))
    return checked(view, kinds)


def open_view(call: Call) -> Json:
    """Open a modal for the person behind a trigger."""
    body = _given(call)
    trigger = call.workspace.links.exchange(call.text("trigger_id"))
    return {"view": shown(call.workspace, call.workspace.cards.open(trigger.person, body))}


def push(call: Call) -> Json:
    """Lay a modal on the one in which the person acted."""
    body = _given(call)
    trigger = call.workspace.links.exchange(call.text("trigger_id"))
    return {"view": shown(call.workspace, call.workspace.cards.push(trigger.person, body))}


def update(call: Call) -> Json:
    """Change an open modal in place."""
    cards = call.workspace.cards
    if not call.text("view_id") and not call.text("external_id"):
        raise SlackError("invalid_arguments", ("must provide view_id or external_id",))
    view = cards.find(call.text("view_id"), call.text("external_id"))
    body = _given(call, (view.kind,))
    return {"view": shown(call.workspace, cards.update(view, body, call.text("hash")))}


def publish(call: Call) -> Json:
    """Set a person's App Home."""
    person = call.text("user_id")
    if person not in call.workspace.people:
        raise SlackError("user_not_found" if person else "invalid_arguments")
    view = call.workspace.cards.publish(person, _given(call, ("home",)), call.text("hash"))
    return {"view": shown(call.workspace, view)}


METHODS = {
    "views.open": Method(open_view),
    "views.push": Method(push),
    "views.update": Method(update),
    "views.publish": Method(publish),
}
