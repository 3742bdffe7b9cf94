"""What runs work beside the door that asked for it."""

from collections.abc import Callable
from typing import Protocol


class Runner(Protocol):
    """Runs work beside the door that asked for it, a bounded number at a time."""

    def submit(self, key: str, work: Callable[[], None], *, patient: bool = False) -> None:
        """Queue work under a key (a backup's or a restore's id) and return at once.

        `patient`: it begins when nothing else waits, for nobody waits for it and thousands may be due at once. Work
        records its own outcome; what still escapes it is logged by the runner, never raised.
        """

    def hasten(self, key: str) -> None:
        """Let patient work of that key be patient no longer: somebody waits for it now."""

    def wait(self, key: str, timeout_seconds: float | None = None) -> bool:
        """Wait until the work of that key has ended (True) or time is up (False). Unknown keys have ended."""

    def cancel(self, key: str) -> bool:
        """Ask the work of that key to stop at its next progress report; False where none is known here."""

    @property
    def closing(self) -> bool:
        """Say whether everything is being stopped: work that is asked to stop then was interrupted, not cancelled."""

    def cancelled(self, key: str) -> bool:
        """Say whether the work of that key was asked to stop."""

    def under_way(self) -> dict[str, int]:
        """Return what has begun and does not count as hanging: by key, how often it asked whether it was cancelled."""

    def abandon(self, key: str) -> None:
        """Take the work of that key for hanging: ask it to stop, and let other work begin in its place."""

    def hanging(self) -> tuple[str, ...]:
        """Return the keys of what hangs: abandoned, and not ended since."""

    @property
    def stuck(self) -> bool:
        """Say whether nothing new can begin any more, for all that is under way hangs."""
