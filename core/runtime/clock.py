"""The one place that reads time."""

import time
from datetime import UTC, datetime


class SystemClock:
    """The machine's clock, as `core.ports.Clock`."""

    def now(self) -> datetime:
        """Return the wall time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never go back; only differences mean something."""
        return time.monotonic()
