"""What people are told by itself: the daily digest, the evening post, and the watchdog outside, put together."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.config.values import NoticesConfig
from core.services.compose_digest import ComposeDigest
from core.services.daily_time import DailyTime
from core.services.duties import Duty
from core.services.evening_post import EveningPost
from core.services.ping_heartbeat import PingHeartbeat
from core.services.retention import Leaving, Retention
from core.services.schedules import Schedules
from core.services.tell_pruned import TellPruned

SECONDS_BETWEEN_LOOKS = 20.0


@dataclass(frozen=True, slots=True)
class Going:
    """What of all sources will be deleted until a time."""

    retention: Retention

    def __call__(self, until: datetime) -> Iterable[Leaving]:
        """Yield it, source by source."""
        for source in self._sources(until):
            leaving = self.retention.leaving(source, until)
            yield from (one for one in leaving if one.at <= until and not one.held_back)

    def count(self, until: datetime) -> int:
        """Return how much that is."""
        return sum(1 for _ in self(until))

    def _sources(self, until: datetime) -> Iterable[str]:
        """Return where to look: what is let go from now on is deleted a grace later, so often that is too late."""
        known = self.retention.adapters.sources
        grace = timedelta(seconds=self.retention.grace_seconds)
        if self.retention.clock.now() + grace < until:
            return tuple(known)
        return dict.fromkeys(one.source for one in self.retention.catalog.retained.leaving() if one.source in known)


def tell_by_itself(retention: Retention, schedules: Schedules, config: NoticesConfig, zone: str) -> tuple[Duty, ...]:
    """Return the duties of what is configured."""
    catalog, adapters, going = retention.catalog, retention.adapters, Going(retention)
    duties = []
    if config.digest is not None:
        at = DailyTime(catalog, "digest", config.digest, zone)
        digest = ComposeDigest(catalog, adapters, at, schedules.next_due, going.count)
        duties.append(Duty("daily digest", SECONDS_BETWEEN_LOOKS, digest))
    if config.evening is not None:
        at = DailyTime(catalog, "evening post", config.evening, zone)
        duties.append(Duty("evening post", SECONDS_BETWEEN_LOOKS, EveningPost(catalog, at, going)))
    if (looked_at := config.digest or config.evening) is not None:
        pruned = TellPruned(catalog, DailyTime(catalog, "deletions", looked_at, zone))
        duties.append(Duty("tell what was deleted", SECONDS_BETWEEN_LOOKS, pruned))
    return tuple(duties)


def ping(retention: Retention, config: NoticesConfig, url: str, well: Callable[[], bool]) -> tuple[Duty, ...]:
    """Return the duty that pings a watchdog, none where there is no URL."""
    if not url:
        return ()
    return (Duty("heartbeat", config.heartbeat_seconds, PingHeartbeat(retention.catalog, url, well)),)
