"""What is remembered of user groups, to draw with."""

import threading

from bot.access import RememberedGroups
from core.runtime.clock import SystemClock

DBA = frozenset({"U0BEN"})


class Slow:
    """Groups that answer when a test lets them."""

    def __init__(self) -> None:
        self.asked, self.answer = threading.Semaphore(0), threading.Event()

    def members(self, group: str) -> frozenset[str]:
        """Return the members of a group, in the end."""
        del group
        self.asked.release()
        self.answer.wait(30)
        return DBA


def test_who_draws_meanwhile_hears_the_same_answer() -> None:
    """Two threads want to know at once: Slack is asked once, and neither takes the group for empty."""
    slow, heard = Slow(), list[frozenset[str]]()
    groups = RememberedGroups(slow, SystemClock())
    threads = [threading.Thread(target=lambda: heard.append(groups.members("S0DBA"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert slow.asked.acquire(timeout=20)
    slow.answer.set()
    for thread in threads:
        thread.join(20)
    assert heard == [DBA, DBA]
    assert not slow.asked.acquire(blocking=False)
