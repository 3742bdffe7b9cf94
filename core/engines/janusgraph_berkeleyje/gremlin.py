"""Ask a Gremlin Server over HTTP: what a live source is, and whether a new instance answers."""

import json
import re
from pathlib import Path
from typing import Any

import httpx

from core.errors import SourceUnavailable, UsageError

INSPECT_SECONDS = 10.0
_SCRIPTS = Path(__file__).parent / "tool"
_LOGIN = re.compile(r"://\S*@")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_WHO = """\
def m = graph.openManagement()
def names = []
try { names = m.getOpenInstances().toList() } finally { m.rollback() }
g.V().limit(1).id().toList()
g.tx().rollback()
groovy.json.JsonOutput.toJson(names)
"""


def inspect_graph(endpoint: str, graph: str) -> dict[str, Any]:
    """Return what the live graph says of itself: versions, settings, schema, indexes. Never a scan.

    Raises:
        SourceUnavailable: it does not answer in 10 s, or not as a JanusGraph.
        UsageError: the graph's name is none.

    """
    if not _NAME.fullmatch(graph):
        raise UsageError(
            f'"{graph}" can\'t be the name of a graph.', hint='Use the server\'s name for it, e.g. "graph".'
        )
    script = (_SCRIPTS / "inspect.groovy").read_text("utf-8").replace("__GRAPH__", graph)
    answer = _parsed(endpoint, ask(endpoint, script, INSPECT_SECONDS))
    if not isinstance(answer, dict):
        raise _not_gremlin(endpoint)
    return answer


def open_instances(endpoint: str, timeout: float = 10.0) -> tuple[str, ...]:
    """Read from storage, then return the names of the instances that have the graph open, ours without "(current)".

    `isOpen()` is no substitute: it stays true on an environment that has died.
    """
    names = _parsed(endpoint, ask(endpoint, _WHO, timeout))
    if not isinstance(names, list):
        raise _not_gremlin(endpoint)
    return tuple(str(name).removesuffix("(current)") for name in names)


def ask(endpoint: str, script: str, timeout: float) -> str:
    """Run a script on the server and return the text that it returns.

    Raises:
        SourceUnavailable: no answer, an error, or not a Gremlin Server.

    """
    url = re.sub(r"^ws", "http", endpoint)
    try:
        # No Accept header beyond the default: "types=false" gives 400. Proxies of the environment are not for this.
        with httpx.Client(timeout=timeout, trust_env=False) as client:
            response = client.post(url, json={"gremlin": script})
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceUnavailable(
            f"The Gremlin Server at {_shown(endpoint)} does not answer.",
            hint="Start it or correct the endpoint, then try again. It has to speak HTTP (WsAndHttpChannelizer).",
            # What is wrong with an address may be the part of a password that was taken for its port.
            detail=f"{type(error).__name__}"
            + ("" if isinstance(error, httpx.InvalidURL) else f": {_shown(str(error))}"),
        ) from error
    return _text(endpoint, response)


def _text(endpoint: str, response: httpx.Response) -> str:
    if response.status_code in {401, 403}:
        raise SourceUnavailable(
            f"The Gremlin Server at {_shown(endpoint)} wants a login.",
            hint="Give Safehold an endpoint that needs none.",
        )
    try:
        body = response.json()
        if response.status_code == httpx.codes.OK:
            return _first(body["result"]["data"])
        said = str(body.get("message", ""))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise _not_gremlin(endpoint) from error
    raise SourceUnavailable(
        f"The Gremlin Server at {_shown(endpoint)} could not answer: {said[:200] or response.status_code}.",
        hint="Look at its log. If every request fails so, its BerkeleyJE environment has died: restart the server.",
        detail=said,
    )


def _first(answer: Any) -> str:
    """Return the first item of an answer, typed (GraphSON 3) or plain, whichever the server's default is."""
    items = answer["@value"] if isinstance(answer, dict) else answer
    return str(items[0])


def _parsed(endpoint: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise _not_gremlin(endpoint) from error


def _not_gremlin(endpoint: str) -> SourceUnavailable:
    return SourceUnavailable(
        f"What answers at {_shown(endpoint)} is not a Gremlin Server with a JanusGraph.",
        hint="Correct the endpoint: the server's own address and port, such as http://127.0.0.1:8182.",
    )


def _shown(text: str) -> str:
    """Return an address without a login in it."""
    return _LOGIN.sub("://", text)
