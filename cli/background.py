"""Starts the same command in a process of its own, for `--no-wait`."""

import json
import sys
import threading
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import cli
from cli.exits import error_class
from core.bootstrap import Core
from core.errors import OperationError, SafeholdError
from core.runtime import process
from core.runtime.environment import plain_environment

BEGIN_SECONDS = 60.0
LOOK_SECONDS = 0.1

Record = TypeVar("Record")


def begin(core: Core, given: Namespace, begun: Callable[[], Record | None]) -> Record:
    """Run the command in a detached process; return what `begun` finds once it has.

    Raises:
        SafeholdError: what the other process refused with.

    """
    words = [word for word in given.words if word not in {"--no-wait", "--json"}]
    config = ["--config", str(core.config.path)]
    logs = core.config.state_directory / "logs"
    logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = logs / f"background-{core.identity.pid}-{core.clock.now():%Y%m%dT%H%M%S%f}.log"
    argv = (sys.executable, "-m", "cli", "--json", *_without_config(words), *config)
    # From a checkout that is not installed, too.
    env = {**plain_environment(), "PYTHONPATH": str(Path(cli.__file__).parents[1])}
    pid = process.spawn_detached(argv, log=log, env=env, cwd=Path.cwd())
    return _await(core, pid, log, begun)


def _await(core: Core, pid: int, log: Path, begun: Callable[[], Record | None]) -> Record:
    pause, give_up_at = threading.Event(), core.clock.monotonic() + BEGIN_SECONDS
    created = process.created(pid)
    while core.clock.monotonic() < give_up_at:
        alive = created is not None and process.alive(pid, created)
        found = begun()
        if found is not None:
            return found
        if not alive:
            raise _refusal(log)
        pause.wait(LOOK_SECONDS)
    raise OperationError("It has not begun yet.", hint=f"Look at its log: {log}.")


def _refusal(log: Path) -> SafeholdError:
    printed = log.read_text(encoding="utf-8", errors="replace")
    try:
        error = json.loads(printed[printed.index("{") :])["error"]
        return error_class(error["code"])(error["message"], hint=error["hint"])
    except (ValueError, KeyError, TypeError):
        return OperationError("The process in the background ended early.", hint=f"Look at its log: {log}.")


def _without_config(words: list[str]) -> list[str]:
    kept, skip = [], False
    for word in words:
        if skip or word == "--config":
            skip = word == "--config"
        elif not word.startswith("--config="):
            kept.append(word)
    return kept
