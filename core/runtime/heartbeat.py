"""A heartbeat: something small done again and again beside everything else, until it is closed."""

import logging
import threading
from collections.abc import Callable
from typing import Self

logger = logging.getLogger(__name__)


class Heartbeat:
    """Calls a function at once and then every so many seconds, in a thread of its own."""

    def __init__(self, beat: Callable[[], None], seconds: float, *, name: str = "heartbeat") -> None:
        self._beat = beat
        self._seconds = seconds
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> Self:
        """Begin to beat."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop, at once or as soon as a beat that is under way has ended. Idempotent."""
        self._closed.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._beat()
            except Exception:
                # A beat that failed must not end the beating: others would take this process for dead.
                logger.exception("%s failed and goes on", self._thread.name)
            self._closed.wait(self._seconds)
