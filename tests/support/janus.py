"""A real JanusGraph server for tests: BerkeleyJE and Lucene in a directory of its own, on a free loopback port."""

import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import pytest

from core.engines.janusgraph_berkeleyje.gremlin import ask, open_instances
from core.engines.janusgraph_berkeleyje.jars import fetch_jars
from core.engines.janusgraph_berkeleyje.java import find_java
from core.engines.janusgraph_berkeleyje.place import server_argv, write_server
from core.errors import SafeholdError, UnavailableError
from tests.support.waiting import until

CACHE = Path(platformdirs.user_cache_dir("safehold"))
MEMORY = 384 << 20
READY_SECONDS = 120.0

CLEANING = {
    "storage.berkeleyje.ext.je.log.fileMax": "1000000",
    "storage.berkeleyje.ext.je.cleaner.minUtilization": "80",
    "storage.berkeleyje.ext.je.cleaner.bytesInterval": "1000000",
    "storage.berkeleyje.ext.je.cleaner.wakeupInterval": "1 s",
}
"""Settings under which BerkeleyJE deletes log files all the time."""


@dataclass(frozen=True, slots=True)
class Janus:
    """A running server. `directory` holds its files, `data` its storage."""

    directory: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def data(self) -> Path:
        """Return the directory of its storage."""
        return self.directory / "je"

    @property
    def endpoint(self) -> str:
        """Return its address for HTTP."""
        return f"http://127.0.0.1:{self.port}"

    def run(self, script: str, timeout: float = 60.0) -> str:
        """Run a script; its last value has to be a text."""
        return ask(self.endpoint, script, timeout)


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def java_or_skip() -> tuple[Path, Path]:
    """Return Java and the jars; without them skip, and fail where CI=true: there they have to be."""
    try:
        return find_java(), fetch_jars(CACHE)
    except UnavailableError as error:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(f"CI has to run the JanusGraph tests: {error}")
        pytest.skip(f"NOT TESTED AGAINST JANUSGRAPH: {error}")


@contextmanager
def janus_server(directory: Path, name: str, extra: Mapping[str, str]) -> Iterator[Janus]:
    """Run a server while the block lasts."""
    java, jars = java_or_skip()
    port = free_port()
    write_server(directory, name=name, host="127.0.0.1", port=port, extra=extra)
    with (directory / "server.log").open("wb") as log:
        process = subprocess.Popen(server_argv(java, jars, directory, MEMORY), stdout=log, stderr=log)
    try:
        server = Janus(directory, port, process)
        until(lambda: _ready(server, name), READY_SECONDS, f"{name} answers, see {directory / 'server.log'}")
        yield server
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ready(server: Janus, name: str) -> bool:
    assert server.process.poll() is None, (server.directory / "server.log").read_text()
    try:
        return open_instances(server.endpoint) == (name,)
    except SafeholdError:
        return False


GODS = "org.janusgraph.example.GraphOfTheGodsFactory.load(graph); 'loaded'"

FILL = """\
def m = graph.openManagement()
m.makePropertyKey('filling').dataType(String).make()
m.makeVertexLabel('filler').make()
m.commit()
def random = new Random(7)
3.times { round ->
    1000.times { g.addV('filler').property('filling', (1..60).collect { random.nextLong() }.join('-')).iterate() }
    g.tx().commit()
}
'filled'
"""
"""Enough for several log files of 1 MB."""
