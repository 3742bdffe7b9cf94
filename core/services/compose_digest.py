"""Composes the daily digest: how each source stands, what failed, what goes and what is stored, as facts."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.catalog import Catalog
from core.catalog.daily import Newest
from core.errors import SafeholdError
from core.model.notice import Notice, NoticeKind
from core.model.schedule import Due
from core.model.source import Source
from core.services.adapters import Adapters
from core.services.daily_time import DailyTime

SOURCES = 20
FAILURES = 10
SIZES = 14
DAY = timedelta(days=1)
CATALOG_COPIED = "catalog copied"
Facts = dict[str, Any]


def nothing_due(_source: str) -> Due | None:
    """Know no schedule."""
    return None


@dataclass(frozen=True, slots=True)
class ComposeDigest:
    """A duty: once a day, at its time in the team's zone. Its absence tells people that Safehold is not there.

    `next_due` says what is due next for a source, `expiring` how many backups will be deleted until a time.
    """

    catalog: Catalog
    adapters: Adapters
    daily: DailyTime
    next_due: Callable[[str], Due | None] = nothing_due
    expiring: Callable[[datetime], int] = lambda _until: 0

    def __call__(self, now: datetime) -> None:
        """Tell it if it is time."""
        day = self.daily.due(now)
        if day is None:
            return
        key = day.isoformat()
        facts = {"day": key, **self.facts(now)}
        with self.catalog.write():
            self.catalog.notices.tell(Notice(NoticeKind.DIGEST, "", key, now, facts))
            self.daily.done(day)

    def facts(self, now: datetime) -> Facts:
        """Return what it says: at most twenty sources, those in trouble first, the rest counted."""
        with self.catalog.read():
            failures = self.catalog.daily.failures(now - DAY)
            shown, more = self._shown(failures, now)
            freeze = self.catalog.freezes.active(now)
            told = {
                "sources": [self._source(source, newest, failures, now) for source, newest in shown],
                "more": more,
                "failures": self._failures(now - DAY),
                "storage_bytes": self.catalog.backups.totals()[1],
                "catalog_copied_at": self.catalog.marks.get(CATALOG_COPIED),
                "frozen_until": freeze.until.isoformat() if freeze else None,
            }
        # Outside of the view: vaults may take a while to answer.
        return {**told, "expiring": self.expiring(now + DAY), "free": dict(self._free())}

    def _shown(self, failures: Mapping[str, int], now: datetime) -> tuple[list[tuple[Source, Newest | None]], int]:
        standing = [(source, self.catalog.daily.newest_good(source.name)) for source in self.adapters.sources.values()]

        def trouble(one: tuple[Source, Newest | None]) -> tuple[bool, int, str]:
            source, newest = one
            return (not overdue(source, newest, now), -failures.get(source.name, 0), source.name)

        standing.sort(key=trouble)
        return standing[:SOURCES], max(0, len(standing) - SOURCES)

    def _source(self, source: Source, newest: Newest | None, failures: Mapping[str, int], now: datetime) -> Facts:
        due = self.next_due(source.name)
        return {
            "name": source.name,
            "newest_good_at": newest.taken_at.isoformat() if newest else None,
            "goal_seconds": source.goal_seconds,
            "overdue": overdue(source, newest, now),
            "size": newest.size if newest else 0,
            "sizes": list(self.catalog.daily.sizes(source.name, SIZES)),
            "failures": failures.get(source.name, 0),
            "next_due_at": due.at.isoformat() if due else None,
        }

    def _failures(self, since: datetime) -> list[Facts]:
        found = [one for one in self.catalog.backups.recent_failures(FAILURES) if one.requested_at > since]
        return [
            {
                "id": backup.id,
                "source": backup.source,
                "at": (backup.finished_at or backup.requested_at).isoformat(),
                "message": backup.failure.message if backup.failure else backup.state.value,
            }
            for backup in found
        ]

    def _free(self) -> Iterable[tuple[str, int | None]]:
        for name in sorted({source.vault for source in self.adapters.sources.values()}):
            try:
                yield name, self.adapters.vault(name).free_bytes()
            except SafeholdError:
                yield name, None


def overdue(source: Source, newest: Newest | None, now: datetime) -> bool:
    """Say whether a source's newest good backup is older than its goal, or there is none."""
    return newest is None or now - newest.taken_at > timedelta(seconds=source.goal_seconds)
