"""Do one thing of a Safehold in a process that is killed in the middle: python -m tests.support.mortal.

Python tells a hook of each opening, renaming, linking and removing; the process is killed so many milliseconds after
the event of that number. It prints how many events there were where it came to its end.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from core.bootstrap import SHAPES, Core, build_core, build_rebuild
from core.config import read_config
from core.model.backup import Tier
from core.model.person import SYSTEM
from core.services.prune import prune_run
from tests.support.world import ANNA, FixedGroups, MovableClock

EVENTS = frozenset({"open", "os.rename", "os.link", "os.remove", "os.rmdir", "os.mkdir", "sqlite3.connect"})
SOURCE = "orders"
RUN_SECONDS = 120.0


def unmeasured() -> dict[str, str]:
    """Return an environment without coverage: it takes half as long again, and who is killed writes none down."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS")}


class Killer:
    """Counts events, and kills this process after the one of that number; 0 is its own beginning."""

    def __init__(self, number: int, milliseconds: float = 0.0) -> None:
        self.number, self.seconds, self.seen = number, milliseconds / 1000, 0

    def begin(self) -> None:
        """Count from now on."""
        sys.addaudithook(self)
        if self.number == 0:
            self._strike()

    def __call__(self, event: str, _arguments: object) -> None:
        """Count an event."""
        if event in EVENTS:
            self.seen += 1
            if self.seen == self.number:
                self._strike()

    def _strike(self) -> None:
        if self.seconds:
            threading.Timer(self.seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()
        else:
            os.kill(os.getpid(), signal.SIGKILL)


def back_up(core: Core) -> None:
    """Take a daily backup."""
    core.runner.wait(core.create_backup(SOURCE, SYSTEM, tiers=frozenset({Tier.DAILY})).backup.id, RUN_SECONDS)


def expire(core: Core) -> None:
    """Let go what no rule keeps."""
    core.time.expire()


def prune(core: Core) -> None:
    """Delete what is due, to its end."""
    core.time.prune(core.clock.now())
    core.runner.wait(prune_run(SOURCE), RUN_SECONDS)


def sweep(core: Core) -> None:
    """Compare the vault, and remove leftovers of any age."""
    replace(core.sweep_vaults, after_seconds=0).one("local")


def main(root: Path, act: str, seconds_later: float, killer: Killer) -> None:
    """Do it, so much later than now."""
    config, clock = read_config(root / "safehold.toml", SHAPES), MovableClock()
    clock.offset = timedelta(seconds=seconds_later)
    if act == "rebuild":
        rebuild = build_rebuild(config, clock)
        killer.begin()
        rebuild(ANNA)
    else:
        acts: dict[str, Callable[[Core], None]] = {"backup": back_up, "expire": expire, "prune": prune, "sweep": sweep}
        with build_core(config, role="bot", groups=FixedGroups(), clock=clock) as core:
            killer.begin()
            acts[act](core)
    sys.stdout.write(f"{killer.seen}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), Killer(int(sys.argv[4]), float(sys.argv[5])))
