"""The demo: one command brings everything up, and Ctrl-C takes all of it down again."""

import io
import json
import os
import pty
import signal
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import closing
from dataclasses import astuple
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from cli.commands.demo import _ports
from cli.demo.children import Children
from cli.demo.layout import Layout, Ports
from cli.screen import Screen
from core.bootstrap import load_config
from core.engines.janusgraph_berkeleyje.gremlin import ask
from core.errors import UnavailableError
from core.runtime.ports import Claims
from core.runtime.process import created
from tests.support.janus import java_or_skip
from tests.support.terminal import ROOT
from tests.support.waiting import until

START_SECONDS = 150.0
PORTS = (8090, 24_210, 24_211)
SLEEPER = (sys.executable, "-c", "import signal; signal.pause()")


def test_its_configuration_is_valid(tmp_path: Path) -> None:
    """What the demo writes is read without a fault, whatever its folder is called."""
    layout = Layout(tmp_path / 'a "quoted" folder')
    layout.make()
    layout.write_config(Ports(8090, 18182, 8484))
    config = load_config(layout.config)
    assert list(config.sources) == ["gods"]
    assert config.sources["gods"].options["endpoint"] == "http://127.0.0.1:18182"
    assert config.access.approve != config.access.restore
    assert config.web.port == 8484


def test_demos_of_the_same_second_get_different_ports() -> None:
    """No port is given twice before anything listens on it."""
    said = Screen(err=io.StringIO(), out=io.StringIO())
    with closing(Claims()) as first, closing(Claims()) as second:
        chosen = [astuple(_ports(Namespace(port=port), said, claims)) for claims in (first, second) for port in PORTS]
    assert len({port for ports in chosen for port in ports}) == 3 * len(chosen)


def test_what_a_killed_demo_left_is_stopped(tmp_path: Path) -> None:
    """The next start finds the programs of one that was killed, by pid and time of creation, and ends them."""
    first = Children(tmp_path / "running.json", tmp_path)
    child = first.start("sleeper", SLEEPER)
    assert child.alive
    assert Children(tmp_path / "running.json", tmp_path).stop_leftovers() == ("sleeper",)
    assert not child.alive
    assert Children(tmp_path / "running.json", tmp_path).stop_leftovers() == ()


def test_a_pid_that_belongs_to_somebody_else_is_left_alone(tmp_path: Path) -> None:
    """A recorded pid that another program has got since is not touched."""
    record = tmp_path / "running.json"
    record.write_text(json.dumps([{"name": "bot", "pid": os.getpid(), "created": 1.0}]))
    assert Children(record, tmp_path).stop_leftovers() == ()


def test_a_program_that_ends_early_is_told_with_its_log(tmp_path: Path) -> None:
    """Whoever waits for a program that has died reads why."""
    children = Children(tmp_path / "running.json", tmp_path)
    child = children.start("short", (sys.executable, "-c", "raise SystemExit('no such luck')"))
    until(lambda: not child.alive)
    with pytest.raises(UnavailableError, match="no such luck"):
        child.require_alive()


@pytest.fixture
def demo(tmp_path: Path, interruptible: None) -> Iterator[tuple["subprocess.Popen[str]", dict[str, Any]]]:
    """Run a demo in a folder of its own; yield it with what its ready file says, and end it."""
    java_or_skip()
    ready = tmp_path / "ready.json"
    argv = [sys.executable, "-m", "cli", "demo", "--directory", str(tmp_path / "demo"), "--ready-file", str(ready)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(argv, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            until(lambda: ready.exists() or process.poll() is not None, START_SECONDS)
            assert process.poll() is None, process.communicate()[0]
            yield process, json.loads(ready.read_text())
        finally:
            if process.poll() is None:
                process.terminate()
                process.communicate(timeout=90)


@pytest.mark.java
def test_the_demo_comes_up_and_goes_down_whole(demo: tuple["subprocess.Popen[str]", dict[str, Any]]) -> None:
    """A living graph that is written to, a workspace, a healthy bot; a killed bot comes back; Ctrl-C ends all."""
    process, ready = demo
    endpoint = ready["endpoints"]["gods"]
    count = "g.V().hasLabel('monster').count().next().toString()"
    before = int(ask(endpoint, count, 30))
    until(lambda: int(ask(endpoint, count, 30)) > before)
    assert httpx.get(f"{ready['url']}/", follow_redirects=True, trust_env=False).is_success
    assert httpx.get(f"{ready['endpoints']['downloads']}/health", trust_env=False).is_success
    psutil.Process(ready["pids"]["bot"]).kill()
    ready_file = Path(ready["config"]).parents[1] / "ready.json"
    until(lambda: json.loads(ready_file.read_text())["pids"]["bot"] != ready["pids"]["bot"])
    last = json.loads(ready_file.read_text())["pids"]
    said = " ".join(" ".join(psutil.Process(pid).cmdline()) for pid in last.values())
    assert "xoxb-" not in said
    assert "xapp-" not in said
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=90)
    assert process.returncode == 0, said
    assert "Everything is stopped" in said
    assert not ready_file.exists()
    # A zombie that pid 1 has not collected yet has ended, too.
    assert {name: created(pid) for name, pid in last.items()} == dict.fromkeys(last)


@pytest.mark.java
def test_a_closed_terminal_ends_the_demo_whole(tmp_path: Path) -> None:
    """Everything ends where nobody can be told any more, however often the demo is asked to."""
    java_or_skip()
    ours, theirs = pty.openpty()
    ready = tmp_path / "ready.json"
    argv = [sys.executable, "-m", "cli", "demo", "--directory", str(tmp_path / "demo"), "--ready-file", str(ready)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(argv, env=env, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        running = tmp_path / "demo" / "running.json"
        until(lambda: running.exists() and len(json.loads(running.read_text())) > 1, START_SECONDS)
        pids = [child["pid"] for child in json.loads(running.read_text())]
        os.close(ours)
        process.send_signal(signal.SIGHUP)
        until(lambda: process.poll() is not None or not any(map(created, pids[1:])))
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGHUP)
        process.wait(90)
    assert [created(pid) for pid in pids] == [None] * len(pids)
    assert json.loads(running.read_text()) == []
    assert not ready.exists()
