"""`safehold demo` as a process of its own, in a folder of its own, and `safehold` typed beside it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from playground.desk import Desk
from tests.support.janus import free_port, java_or_skip
from tests.support.terminal import ROOT, Outcome
from tests.support.waiting import until

READY_SECONDS = 150.0
STOP_SECONDS = 60.0
COMMAND_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo that runs. `graph` is the address of its JanusGraph."""

    directory: Path
    url: str
    graph: str
    config: Path

    @property
    def instances(self) -> Path:
        """Return the folder of restored instances."""
        return self.directory / "instances"

    def typed(self, *words: str, cwd: Path | None = None) -> Outcome:
        """Run `safehold --json` to its end."""
        argv = [sys.executable, "-m", "cli", "--config", str(self.config), "--json", *words]
        env = {**os.environ, "PYTHONPATH": str(ROOT), "LOGNAME": "olga"}
        done = subprocess.run(
            argv, cwd=cwd, env=env, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
        )
        return Outcome(done.returncode, done.stdout, done.stderr)


@contextmanager
def running_demo(directory: Path) -> Iterator[Demo]:
    """Run a demo while the block lasts; it has to end cleanly and leave nothing running."""
    java_or_skip()
    ready, log = directory / "ready.json", directory / "demo.log"
    argv = [sys.executable, "-m", "cli", "demo", "--directory", str(directory), "--port", str(free_port())]
    with log.open("wb") as printed:
        process = subprocess.Popen([*argv, "--ready-file", str(ready)], cwd=ROOT, stdout=printed, stderr=printed)
    try:
        until(lambda: _ready(process, ready, log), READY_SECONDS, "the demo is ready")
        says = json.loads(ready.read_text())
        with Desk(says["url"]) as desk:
            until(lambda: bool(desk.state()["connections"]), 20, "the bot is connected")
        yield Demo(directory, says["url"], says["endpoints"]["gods"], Path(says["config"]))
    finally:
        process.send_signal(signal.SIGINT)
        code = _ended(process)
    assert code == 0, log.read_text()
    assert processes_of(directory) == []


def processes_of(directory: Path) -> list[str]:
    """Return the command lines of what runs with this directory in its arguments."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline"]):
        line = " ".join(process.info["cmdline"] or ())
        if str(directory) in line and process.info["pid"] != os.getpid():
            found.append(line)
    return found


def gone(demo: Demo, name: str, port: int) -> None:
    """See that an instance has left no process, no folder and no open port."""
    until(lambda: processes_of(demo.instances / name) == [], 20, "its process is gone")
    assert not (demo.instances / name).exists()
    assert port not in {c.laddr.port for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN}


def _ready(process: "subprocess.Popen[bytes]", ready: Path, log: Path) -> bool:
    if process.poll() is not None:
        pytest.fail(f"the demo ended early:\n{log.read_text()}")
    return ready.exists()


def _ended(process: "subprocess.Popen[bytes]") -> int:
    try:
        return process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
