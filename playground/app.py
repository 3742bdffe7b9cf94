"""The playground as one ASGI application: Web API, Socket Mode, the browser's pages, and switches for tests."""

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

from playground.acts import Acts
from playground.admin import Admin
from playground.api import WebApi
from playground.delivery import Delivery
from playground.live import Live
from playground.signed_http import SignedHttp
from playground.socket_mode import SocketMode
from playground.web import Pages
from playground.workspace import Workspace


def create_app(workspace: Workspace) -> Starlette:
    """Return the application of one workspace; serve it with one process and one event loop."""
    socket = SocketMode(workspace)
    delivery: Delivery = SignedHttp(workspace) if workspace.settings.request_url else socket
    api = WebApi(workspace, socket.address)
    live = Live(workspace)
    acts = Acts(workspace, delivery)
    routes = [*api.routes, WebSocketRoute("/link/", socket.connect), *Admin(workspace, socket, api).routes]
    app = Starlette(routes=[*routes, *live.routes, *Pages(workspace, acts).routes])
    app.state.workspace = workspace
    return app
