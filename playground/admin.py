"""Switches and views for tests under /_playground: repeat an envelope, drop connections, read everything."""

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from playground.api import WebApi
from playground.socket_mode import SocketMode
from playground.workspace import Workspace


class Admin:
    """Let a test play the network and see what the app has said."""

    def __init__(self, workspace: Workspace, socket: SocketMode, api: WebApi) -> None:
        self._workspace, self._socket, self._api = workspace, socket, api
        self.routes = [
            Route("/_playground/state", self._state, methods=["GET"]),
            Route("/_playground/repeat", self._repeat, methods=["POST"]),
            Route("/_playground/twice", self._twice, methods=["POST"]),
            Route("/_playground/drop", self._drop, methods=["POST"]),
        ]

    async def _state(self, _request: Request) -> Response:
        """Return all that stands in the workspace."""
        workspace, cards = self._workspace, self._workspace.cards
        return JSONResponse({
            "team_id": workspace.team_id,
            "bot_user_id": workspace.bot.id,
            "people": {person.name: person.id for person in workspace.people.values()},
            "groups": {group.handle: group.id for group in workspace.groups},
            "channels": {c.name or f"@{workspace.people[c.peer].name}": c.id for c in workspace.channels.values()},
            "messages": {key: [asdict(m) for m in messages] for key, messages in workspace.messages.items()},
            "homes": {key: asdict(view) for key, view in cards.homes.items()},
            "modals": {key: [asdict(view) for view in stack] for key, stack in cards.stacks.items()},
            "connections": self._socket.connected,
            "calls": self._api.calls,
            "envelopes": list(self._socket.sent),
        })  # fmt: skip

    async def _repeat(self, request: Request) -> Response:
        """Send the newest envelope, or the one named by envelope_id, once more."""
        sent = await self._socket.repeat(request.query_params.get("envelope_id", ""))
        return JSONResponse({"ok": sent})

    async def _twice(self, request: Request) -> Response:
        """Send each of the next envelopes twice; `times` says how many, 1 unless told."""
        self._socket.twice = int(request.query_params.get("times", "1"))
        return JSONResponse({"ok": True, "times": self._socket.twice})

    async def _drop(self, request: Request) -> Response:
        """Close all connections; `announced=1` sends Slack's disconnect message first."""
        dropped = await self._socket.drop(announced=request.query_params.get("announced") == "1")
        return JSONResponse({"ok": True, "dropped": dropped})
