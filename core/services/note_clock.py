"""Notes that the clock jumped: what is due is judged anew, and people are told why times look odd."""

from dataclasses import dataclass

from core.catalog import Catalog
from core.model.notice import Notice, NoticeKind
from core.ports import Clock


@dataclass(frozen=True, slots=True)
class NoteClock:
    """Tells a jump of an hour or more; a smaller one is in the log."""

    catalog: Catalog
    clock: Clock
    seconds: float = 3_600.0

    def __call__(self, jump_seconds: float) -> None:
        """Record a jump, forward where positive."""
        if abs(jump_seconds) >= self.seconds:
            now = self.clock.now()
            fields = {"jump_seconds": round(jump_seconds)}
            self.catalog.notices.tell(Notice(NoticeKind.CLOCK, "", now.isoformat(), now, fields))
