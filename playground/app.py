"""The playground as one ASGI application: Web API, Socket Mode, the browser's pages, and switches for tests."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, WebSocketRoute

from playground.acts import Acts
from playground.admin import Admin
from playground.api import WebApi
from playground.delivery import Delivery
from playground.live import Live
from playground.origin import SameOrigin
from playground.signed_http import SignedHttp
from playground.socket_mode import SocketMode
from playground.web import Pages
from playground.workspace import Workspace


def create_app(workspace: Workspace, host: str = "127.0.0.1") -> Starlette:
    """Return the application of one workspace; serve it with one process and one event loop, on that host."""
    socket = SocketMode(workspace)
    delivery: Delivery = SignedHttp(workspace) if workspace.settings.request_url else socket
    api = WebApi(workspace, socket.address)
    live = Live(workspace)
    acts = Acts(workspace, delivery)
    routes: list[BaseRoute] = [*api.routes, WebSocketRoute("/link/", socket.connect)]
    routes += Admin(workspace, socket, api).routes
    routes += [*live.routes, *Pages(workspace, acts).routes]
    app = Starlette(routes=routes, middleware=[Middleware(SameOrigin, host=host)])
    app.state.workspace = workspace
    return app
