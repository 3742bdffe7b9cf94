"""Judges every source by the age of its newest good backup: too old is told once, and so is that it is good again."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.catalog import Catalog
from core.model.backup import Backup
from core.model.notice import Notice, NoticeKind
from core.model.source import Source
from core.services.adapters import Adapters

ALARMS = (NoticeKind.OVERDUE, NoticeKind.RECOVERED)


@dataclass(slots=True)
class JudgeAge:
    """Tells that a source is overdue, and that it has recovered, once each.

    A schedule that silently never fires is found by this alone: what counts is how old the newest good data are. A
    source that never had a backup is measured from when it was first seen. What was told last is in the catalog; the
    memory only spares asking it for sources of which nothing has changed.
    """

    catalog: Catalog
    adapters: Adapters
    _overdue: dict[str, bool] = field(default_factory=dict)
    _since: dict[str, datetime | None] = field(default_factory=dict)
    _revision: int = -1

    def __call__(self, now: datetime) -> None:
        """Look at every source once."""
        self._look()
        changed = {
            name: overdue
            for name, source in self.adapters.sources.items()
            if self._overdue.get(name) is not (overdue := self._age(name, now) > timedelta(seconds=source.goal_seconds))
        }
        if not changed:
            return
        with self.catalog.write():
            for name, overdue in changed.items():
                self._tell(self.adapters.sources[name], now, overdue=overdue)
        self._overdue |= changed

    def _look(self) -> None:
        """Ask since when the data of a source age, where any of its backups has changed since the last look."""
        with self.catalog.read():
            revision = self.catalog.revision()
            if revision == self._revision:
                return
            first = self._revision < 0
            changed = frozenset(self.adapters.sources) if first else self.catalog.daily.changed_since(self._revision)
            for name in self.adapters.sources:
                if name in changed or self._since.get(name) is None:
                    self._since[name] = self._from(name)
        self._revision = revision

    def _from(self, source: str) -> datetime | None:
        newest = self.catalog.daily.newest_good(source)
        if newest is not None:
            return newest.taken_at
        seen = self.catalog.marks.get(_mark(source))
        return datetime.fromisoformat(seen) if seen else None

    def _age(self, source: str, now: datetime) -> timedelta:
        since = self._since[source]
        return now - since if since else timedelta(0)

    def _tell(self, source: Source, now: datetime, *, overdue: bool) -> None:
        newest = self.catalog.backups.newest_good(source.name)
        if newest is None and self.catalog.marks.get(_mark(source.name)) is None:
            self.catalog.marks.put(_mark(source.name), now.isoformat())
            self._since[source.name] = now
        last = self.catalog.notices.newest(source.name, *ALARMS)
        alarmed = last is not None and last.kind is NoticeKind.OVERDUE
        if overdue is alarmed:
            return
        # What was told last makes the key: the same backup may be the newest good one of two alarms.
        key = f"{newest.id if newest else 'none'} after {last.seq if last else 0}"
        if overdue:
            kind, fields = NoticeKind.OVERDUE, self._facts(source, newest)
        else:
            seconds = max(0, round((now - last.at).total_seconds())) if last else 0
            kind, fields = (
                NoticeKind.RECOVERED,
                {"backup_id": newest.id if newest else "", "overdue_seconds": seconds},
            )
        self.catalog.notices.tell(Notice(kind, source.name, key, now, fields))

    def _facts(self, source: Source, newest: Backup | None) -> dict[str, object]:
        latest = self.catalog.backups.newest(source.name)
        failure = latest.failure if latest is not None else None
        return {
            "newest_good_at": newest.taken_at.isoformat() if newest else None,
            "goal_seconds": source.goal_seconds,
            "last_failure": failure.message if failure else "",
        }


def _mark(source: str) -> str:
    return f"first seen {source}"
