"""Verify, pressed twice."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from core.errors import LeaseHeld
from core.ports import Runner
from core.services.verify_backup import VerifyBackup, verify_run
from tests.support.world import ANNA, World


@dataclass
class Together:
    """A runner that lets two askers meet after each has heard that nothing is under way, if both can."""

    runner: Runner
    met: threading.Barrier

    def wait(self, key: str, timeout_seconds: float | None = None) -> bool:
        """Ask, then wait half a second for the other one."""
        free = self.runner.wait(key, timeout_seconds)
        if free:
            with contextlib.suppress(threading.BrokenBarrierError):
                self.met.wait(0.5)
        return free

    def __getattr__(self, name: str) -> object:
        """Leave the rest to the runner."""
        return getattr(self.runner, name)


def initiated(verify: VerifyBackup, key: str) -> bool:
    """Ask for it; say whether it was begun."""
    try:
        verify(key, ANNA)
    except LeaseHeld:
        return False
    return True


def test_double_click_verifies_once(world: World) -> None:
    """Both halves arrive in the same moment: one begins the check, the other is told that it is under way."""
    key = world.take()
    verify = replace(world.core.verify_backup, runner=Together(world.core.runner, threading.Barrier(2)))
    with ThreadPoolExecutor(2) as pool:
        begun = sorted(pool.map(lambda _: initiated(verify, key), range(2)))
    world.settled(verify_run(key))
    assert begun == [False, True]
    assert sum(e.act == "verify" for e in world.core.catalog.audit.entries(limit=1000)) == 1
