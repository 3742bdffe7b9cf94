"""The bot as a process of its own, as `safehold serve` with a playground for its Slack."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playground.desk import Desk
from playground.server import Playground
from tests.support.terminal import ROOT
from tests.support.waiting import until

STOP_SECONDS = 60.0


@contextmanager
def running_bot(config: Path, playground: Playground, log: Path) -> Iterator[None]:
    """Run it while the block lasts, from when it is connected on; it has to end cleanly."""
    settings = playground.workspace.settings
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "SLACK_API_URL": playground.api_url,
        "SLACK_BOT_TOKEN": settings.bot_token,
        "SLACK_APP_TOKEN": settings.app_token,
    }
    argv = [sys.executable, "-m", "cli", "--config", str(config), "serve"]
    with log.open("wb") as printed:
        process = subprocess.Popen(argv, env=env, cwd=ROOT, stdout=printed, stderr=printed)
    try:
        with Desk(playground.url) as desk:
            until(lambda: process.poll() is not None or desk.state()["connections"], what="the bot is connected")
        assert process.poll() is None, log.read_text()
        yield
    finally:
        process.send_signal(signal.SIGINT)
        try:
            code = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
    assert code == 0, log.read_text()
