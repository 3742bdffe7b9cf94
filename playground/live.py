"""News to open pages: one WebSocket a page says what changed, and the page fetches it."""

import asyncio
import json

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from playground.errors import SlackError
from playground.model import Json
from playground.workspace import Workspace

WAITING_NEWS = 1000


class Live:
    """Pass the workspace's news on to the pages of those who may see them."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.routes = [WebSocketRoute("/w/{person}/live", self._follow)]

    async def _follow(self, socket: WebSocket) -> None:
        try:
            person = self._workspace.person(socket.path_params["person"]).id
        except SlackError:
            await socket.close(4404)
            return
        await socket.accept()
        news: asyncio.Queue[Json] = asyncio.Queue(WAITING_NEWS)

        def hear(item: Json) -> None:
            if item.get("only_for") in {None, "", person} and item.get("person") in {None, person} and not news.full():
                news.put_nowait(item)

        self._workspace.watchers.append(hear)
        sender = asyncio.create_task(_send(socket, news))
        try:
            while True:
                await socket.receive_text()
        except WebSocketDisconnect:
            return
        finally:
            self._workspace.watchers.remove(hear)
            sender.cancel()


async def _send(socket: WebSocket, news: asyncio.Queue[Json]) -> None:
    while True:
        await socket.send_text(json.dumps(await news.get()))
