"""What the browser asks for: pages, their parts, and what a person does in them."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from playground.acts import Acts
from playground.errors import SlackError
from playground.model import Channel, Json, Message, Person
from playground.render.page import Reader, environment
from playground.workspace import Workspace

STATIC = Path(__file__).parent / "static"
POLICY = "default-src 'self'; img-src * data:; style-src 'self' 'unsafe-inline'; connect-src 'self' ws: wss:"
HEADERS = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Pages:
    """Serve the pages of one workspace."""

    def __init__(self, workspace: Workspace, acts: Acts) -> None:
        self._workspace, self._acts = workspace, acts
        templates = environment()
        self._readers = {person.id: Reader(workspace, person, templates) for person in workspace.people.values()}
        self.routes = [
            Route("/", self._front),
            Route("/w/{person}", self._front),
            Route("/w/{person}/act", self._act, methods=["POST"]),
            Route("/w/{person}/{place}", self._page),
            Route("/archives/{channel}/{link}", self._permalink),
            Route("/files/{key}/{name:path}", self._file),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]

    async def _front(self, request: Request) -> Response:
        """Lead to the first channel, as the first person where none is named."""
        person = request.path_params.get("person") or next(iter(self._workspace.people.values())).name
        return RedirectResponse(f"/w/{person}/{next(iter(self._workspace.channels.values())).name}")

    async def _page(self, request: Request) -> Response:
        """Show a channel, the app's Home or its messages to one person."""
        place = request.path_params["place"]
        try:
            person = self._workspace.person(request.path_params["person"])
            channel = self._place(place, person)
        except SlackError as error:
            return PlainTextResponse(f"There is no such page here ({error.code}).", status_code=404)
        thread = self._thread(channel, request.query_params.get("thread", ""), person)
        return HTMLResponse(self._readers[person.id].page(place, channel, thread), headers=HEADERS)

    def _place(self, place: str, person: Person) -> Channel | None:
        if place == "home":
            return None
        if place == "app":
            return self._workspace.direct(person.id)
        channel = self._workspace.channel(place, names=True)
        if channel.peer not in {"", person.id}:
            raise SlackError("channel_not_found")
        return channel

    def _thread(self, channel: Channel | None, ts: str, person: Person) -> Message | None:
        seen = self._workspace.visible(channel.id, person.id) if channel and ts else []
        return next((message for message in seen if message.ts == ts), None)

    async def _permalink(self, request: Request) -> Response:
        """Lead from a permalink to the message, as the first person."""
        link = request.path_params["link"].removeprefix("p")
        thread = request.query_params.get("thread_ts", "")
        ts, person = f"{link[:-6]}.{link[-6:]}", next(iter(self._workspace.people.values())).name
        channel = self._workspace.channels.get(request.path_params["channel"])
        if channel is None:
            return PlainTextResponse("channel_not_found", status_code=404)
        place = "app" if channel.is_im else channel.name
        tail = f"?thread={thread}#t-{ts}" if thread else f"#m-{ts}"
        return RedirectResponse(f"/w/{person}/{place}{tail}")

    async def _file(self, request: Request) -> Response:
        """Hand out a file that is in the workspace; only an image is ever shown in a page, by its element."""
        upload = self._workspace.uploads.get(request.path_params["key"])
        if upload is None or not upload.shared:
            return PlainTextResponse("file_not_found", status_code=404)
        headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
        return Response(upload.content, media_type=upload.media_type, headers=headers)

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
            return await self._used(person, body, base_url)
        if kind == "submit":
            return await acts.submit(person, body["view"], values)
        if kind == "dismiss":
            return acts.dismiss(person, body["channel"], body["ts"])
        if kind == "close":
            return await acts.close(person, body["view"], everything=bool(body.get("everything")))
        if kind in {"look", "leave"}:
            return acts.leave(person) if kind == "leave" else acts.open_home(person, body.get("tab") or "home")
        raise SlackError("invalid_arguments")

    async def _used(self, person: Person, body: Json, base_url: str) -> Json:
        acts, target, values = self._acts, (body["block_id"], body["action_id"]), body.get("values") or {}
        if body.get("view"):
            return await acts.use_in_view(person, body["view"], target, values)
        channel = self._workspace.channel(body["channel"], names=True)
        return await acts.use_in_message(person, (channel.id, body["ts"]), target, values, base_url)
