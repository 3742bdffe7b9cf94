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
    memory only spares asking it for sources whose standing has not changed.
    """

    catalog: Catalog
    adapters: Adapters
    _overdue: dict[str, bool] = field(default_factory=dict)

    def __call__(self, now: datetime) -> None:
        """Look at every source once."""
        changed: list[tuple[Source, Backup | None, bool]] = []
        with self.catalog.read():
            for source in self.adapters.sources.values():
                newest = self.catalog.backups.newest_good(source.name)
                overdue = self._since(source, newest, now) > timedelta(seconds=source.goal_seconds)
                if self._overdue.get(source.name) is not overdue:
                    changed.append((source, newest, overdue))
        if not changed:
            return
        with self.catalog.write():
            for source, newest, overdue in changed:
                self._tell(source, newest, now, overdue=overdue)
        self._overdue |= {source.name: overdue for source, _, overdue in changed}

    def _since(self, source: Source, newest: Backup | None, now: datetime) -> timedelta:
        if newest is not None:
            return now - newest.taken_at
        seen = self.catalog.marks.get(_mark(source))
        return now - datetime.fromisoformat(seen) if seen else timedelta(0)

    def _tell(self, source: Source, newest: Backup | None, now: datetime, *, overdue: bool) -> None:
        if newest is None and self.catalog.marks.get(_mark(source)) is None:
            self.catalog.marks.put(_mark(source), now.isoformat())
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


def _mark(source: Source) -> str:
    return f"first seen {source.name}"
