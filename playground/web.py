"""What the browser asks for: pages, their parts, and what a person does in them."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from playground.acts import Acts
from playground.errors import SlackError
from playground.model import Json, Person
from playground.workspace import Workspace


class Pages:
    """Serve the pages of one workspace."""

    def __init__(self, workspace: Workspace, acts: Acts) -> None:
        self._workspace, self._acts = workspace, acts
        self.routes = [
            Route("/w/{person}/act", self._act, methods=["POST"]),
        ]

    async def _act(self, request: Request) -> Response:
        """Carry out what a person did; the body's `kind` says what."""
        try:
            person = self._workspace.person(request.path_params["person"])
            body: Json = await request.json()
            return JSONResponse(await self._done(person, body, str(request.base_url).rstrip("/")))
        except SlackError as error:
            return JSONResponse({"text": "That is not there any more.", **error.body()})
        except (KeyError, ValueError) as error:
            return JSONResponse({"ok": False, "error": "invalid_arguments", "text": repr(error)}, status_code=400)

    async def _done(self, person: Person, body: Json, base_url: str) -> Json:
        kind, acts, values = body["kind"], self._acts, body.get("values") or {}
        if kind == "write":
            channel = self._workspace.channel(body["channel"], names=True)
            return await acts.write(person, channel, body["text"], thread=body.get("thread") or "", base_url=base_url)
        if kind == "use":
            target = (body["block_id"], body["action_id"])
            if body.get("view"):
                return await acts.use_in_view(person, body["view"], target, values)
            channel = self._workspace.channel(body["channel"], names=True)
            return await acts.use_in_message(person, (channel.id, body["ts"]), target, values, base_url)
        if kind == "submit":
            return await acts.submit(person, body["view"], values)
        if kind == "close":
            return await acts.close(person, body["view"], everything=bool(body.get("everything")))
        if kind == "look":
            return acts.open_home(person, body.get("tab") or "home")
        raise SlackError("invalid_arguments")
