"""Brings the demo up in order, watches it, and takes it down in the opposite order."""

import json
import os
import secrets
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import platformdirs

import cli
from cli import words
from cli.demo import graph
from cli.demo.children import Child, Children
from cli.demo.layout import HOST, SOURCE, Layout, Ports
from cli.screen import Screen
from core.engines.janusgraph_berkeleyje.jars import fetch_jars, jars_present
from core.engines.janusgraph_berkeleyje.java import find_java
from core.errors import OperationError
from core.model.progress import Step
from core.runtime.clock import SystemClock
from core.runtime.files import write_atomically

START_SECONDS = 120.0
LOOK_SECONDS = 0.1
MANIFEST = Path(cli.__file__).parents[1] / "manifest.yml"


@dataclass(slots=True)
class Stage:
    """A demo while it is being set up, and while it runs."""

    layout: Layout
    ports: Ports
    screen: Screen
    children: Children
    clock: SystemClock = field(default_factory=SystemClock)
    ended: threading.Event = field(default_factory=threading.Event)
    _slack: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Return the address of the workspace."""
        return f"http://{HOST}:{self.ports.workspace}"

    @property
    def endpoint(self) -> str:
        """Return the address of the JanusGraph server."""
        return f"http://{HOST}:{self.ports.graph}"

    @property
    def downloads(self) -> str:
        """Return the address of the bot's own web part."""
        return f"http://{HOST}:{self.ports.downloads}"

    def set_up(self) -> None:
        """Start everything and wait until all of it answers.

        Raises:
            JavaMissing, JarsMissing, UnavailableError, OperationError.

        """
        java = find_java()
        self.screen.remark(f"Java: {java}")
        jars = self._jars()
        self.layout.write_config(self.ports)
        server = self.children.start(SOURCE, graph.graph_argv(java, jars, self.layout.graph, self.ports.graph))
        workspace = self._start_workspace()
        self._wait("Workspace", workspace, lambda: _reachable(f"{self.url}/"))
        self._wait(f"JanusGraph {SOURCE}", server, lambda: graph.answers(self.endpoint))
        # Not sooner: what it missed while the demo was stopped it makes up for at once.
        bot = self.start_bot()
        self._load()
        self._wait("Bot", bot, lambda: _reachable(f"{self.downloads}/health"))

    def start_bot(self) -> Child:
        """Start the bot, as `safehold serve` with the playground for its Slack."""
        argv = (sys.executable, "-m", "cli", "--config", str(self.layout.config), "serve")
        return self.children.start("bot", argv, {**self._slack, **_import_path()})

    def ready(self) -> dict[str, Any]:
        """Return what others need to drive this demo."""
        return {
            "url": self.url,
            "endpoints": {"workspace": self.url, SOURCE: self.endpoint, "downloads": self.downloads},
            "pids": {"demo": os.getpid(), **{name: child.pid for name, child in self.children.running.items()}},
            "config": str(self.layout.config),
            "logs": str(self.layout.logs),
        }

    def write_ready(self, path: Path | None) -> None:
        """Write that into a file, where one is wanted."""
        if path is not None:
            write_atomically(path.absolute(), json.dumps(self.ready(), indent=2).encode())

    def _jars(self) -> Path:
        cache = Path(platformdirs.user_cache_dir("safehold"))
        if jars_present(cache):
            return fetch_jars(cache)
        started = self.clock.monotonic()
        with self.screen.progress("JanusGraph 1.1, 130 jars, 72 MB") as show:
            jars = fetch_jars(cache, show)
        self.screen.remark(f"JanusGraph: fetched in {words.duration(self.clock.monotonic() - started)}, into {jars}")
        return jars

    def _start_workspace(self) -> Child:
        """Start the playground with tokens made up for this run; they open nothing but it."""
        tokens = {"bot": f"xoxb-demo-{secrets.token_hex(12)}", "app": f"xapp-1-demo-{secrets.token_hex(12)}"}
        self._slack = {
            "SLACK_API_URL": f"{self.url}/api/",
            "SLACK_BOT_TOKEN": tokens["bot"],
            "SLACK_APP_TOKEN": tokens["app"],
        }
        argv = [sys.executable, "-m", "playground", "--port", str(self.ports.workspace)]
        argv += ["--state", str(self.layout.workspace)]
        if MANIFEST.is_file():
            argv += ["--manifest", str(MANIFEST)]
        # By environment: arguments can be read by everybody on this machine.
        secret = {"PLAYGROUND_BOT_TOKEN": tokens["bot"], "PLAYGROUND_APP_TOKEN": tokens["app"]}
        return self.children.start("workspace", argv, {**secret, **_import_path()})

    def _load(self) -> None:
        with self.screen.progress("Graph of the Gods") as show:
            show(Step("loading"))
            if graph.load(self.endpoint):
                self.screen.remark("Graph of the Gods: loaded")

    def _wait(self, what: str, child: Child, answers: Callable[[], bool]) -> None:
        started = self.clock.monotonic()
        with self.screen.progress(what) as show:
            show(Step("starting"))
            while not answers():
                self.children.ending.require_wanted()
                child.require_alive()
                if self.clock.monotonic() - started > START_SECONDS:
                    raise OperationError(f"{what} did not answer within 2 minutes.", hint=f"Its log: {child.log}")
                self.ended.wait(LOOK_SECONDS)
        self.screen.remark(f"{what}: ready after {words.duration(self.clock.monotonic() - started)}")


def _import_path() -> dict[str, str]:
    """Let children find these packages wherever they are started."""
    return {"PYTHONPATH": str(Path(cli.__file__).parents[1])}


def _reachable(url: str) -> bool:
    try:
        # Proxies of the environment are not for a loopback address.
        return httpx.get(url, timeout=2.0, trust_env=False, follow_redirects=True).is_success
    except httpx.HTTPError:
        return False
