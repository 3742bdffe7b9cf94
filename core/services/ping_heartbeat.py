"""Pings an outside watchdog, so that somebody is told when Safehold itself is dead."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from core.catalog import Catalog

PINGED = "heartbeat pinged"
SECONDS = 10.0
MOST_BYTES = 1_000

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class PingHeartbeat:
    """A duty: one GET of a URL, in a thread of its own, where all that it stands for works.

    A duty runs where a bot leads and its work is woken; `well` says whether the other duties are done too, and each
    ping is noted, so that a catalog that can't be written is not called alive. The URL is a secret: whoever has it can
    call a dead Safehold alive. It stands in no log, error or repr.
    """

    catalog: Catalog
    url: str = field(repr=False)
    well: Callable[[], bool] = lambda: True
    _thread: threading.Thread | None = field(default=None, repr=False)

    def __call__(self, now: datetime) -> None:
        """Ping, unless the last one is still under way."""
        if not self.well() or (self._thread is not None and self._thread.is_alive()):
            return
        self.catalog.marks.put(PINGED, now.isoformat())
        self._thread = threading.Thread(target=self._ping, name="heartbeat ping", daemon=True)
        self._thread.start()

    def wait(self, timeout_seconds: float = SECONDS) -> None:
        """Wait until the ping that is under way has ended."""
        if self._thread is not None:
            self._thread.join(timeout_seconds)

    def _ping(self) -> None:
        # Not httpx: its client writes each address that it asks into the log.
        try:
            request = Request(self.url, headers={"User-Agent": "safehold"})  # noqa: S310 - http or https, read_settings says
            with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - as above
                answer.read(MOST_BYTES)
        except HTTPError as error:
            with error:
                logger.warning("the heartbeat was refused: HTTP %s", error.code)
        except Exception as error:  # noqa: BLE001 - a boundary: whatever it is, its text may hold the URL
            logger.warning("the heartbeat could not be pinged: %s", type(error).__name__)
