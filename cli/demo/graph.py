"""The demo's JanusGraph: a real server with the Graph of the Gods, and a writer that never rests."""

import secrets
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cli.demo.layout import HOST, SOURCE
from core.engines.janusgraph_berkeleyje.gremlin import ask, open_instances
from core.engines.janusgraph_berkeleyje.place import server_argv, write_server
from core.errors import SafeholdError

MEMORY = 256 << 20
WRITE_SECONDS = 1.0
ANSWER_SECONDS = 30.0
MOST_MONSTERS = 2000
"""The writer removes its oldest after these, so that a demo left running over a weekend stays small."""

_LOADED = "g.V().has('name', 'saturn').hasNext() ? 'yes' : 'no'"
_LOAD = "org.janusgraph.example.GraphOfTheGodsFactory.load(graph); 'loaded'"
_ADD = """\
def hercules = g.V().has('name', 'hercules').next()
def monster = g.addV('monster').property('name', '{name}').next()
hercules.addEdge('battled', monster, 'time', {number})
g.tx().commit()
'added'
"""
_REMOVE = "g.V().has('name', '{name}').drop().iterate(); g.tx().commit(); 'removed'"


def graph_argv(java: Path, jars: Path, directory: Path, port: int) -> tuple[str, ...]:
    """Write the server's files and return the program; compiled once and quickly, as a small demo wants it."""
    write_server(directory, name=SOURCE, host=HOST, port=port, extra={})
    program, *rest = server_argv(java, jars, directory, MEMORY)
    return (program, "-XX:TieredStopAtLevel=1", *rest)


def answers(endpoint: str) -> bool:
    """Say whether the server answers from storage, and is ours."""
    with suppress(SafeholdError):
        return SOURCE in open_instances(endpoint)
    return False


def load(endpoint: str) -> bool:
    """Load the Graph of the Gods where it isn't there yet; say whether it had to be.

    Raises:
        SourceUnavailable: the server could not.

    """
    if ask(endpoint, _LOADED, ANSWER_SECONDS) == "yes":
        return False
    ask(endpoint, _LOAD, ANSWER_SECONDS)
    return True


@dataclass(slots=True)
class Writer:
    """Commits a new vertex and an edge every second, so that each backup differs and each capture is a hot one."""

    endpoint: str
    written: int = 0
    missed: int = 0

    def run(self, stop: threading.Event) -> None:
        """Write until told to stop; what can't be written is tried again with the next."""
        names: deque[str] = deque()
        while not stop.wait(WRITE_SECONDS):
            name = f"monster-{secrets.token_hex(4)}"
            try:
                ask(self.endpoint, _ADD.format(name=name, number=self.written % 1_000_000), ANSWER_SECONDS)
                names.append(name)
                self.written += 1
                if len(names) > MOST_MONSTERS:
                    ask(self.endpoint, _REMOVE.format(name=names.popleft()), ANSWER_SECONDS)
            except SafeholdError:
                self.missed += 1
