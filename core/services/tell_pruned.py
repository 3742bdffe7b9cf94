"""Tells once a day what was deleted since it was told last."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.catalog import Catalog
from core.model.backup import Backup
from core.model.notice import Notice, NoticeKind
from core.services.daily_time import DailyTime

BACKUPS = 10
WAITING = "pruned, to be told"
"""The mark that holds what was deleted and is not told yet: counts, and the first few by name."""


def note_pruned(catalog: Catalog, backup: Backup) -> None:
    """Note a backup that was deleted; a part of the write in which it becomes a tombstone."""
    facts = _waiting(catalog)
    facts["count"] += 1
    facts["bytes"] += backup.size
    if len(facts["backups"]) < BACKUPS:
        facts["backups"].append(
            {
                "id": backup.id,
                "source": backup.source,
                "taken_at": backup.taken_at.isoformat(),
                "size": backup.size,
                "why": backup.expiry,
            }
        )
    catalog.marks.put(WAITING, json.dumps(facts))


@dataclass(frozen=True, slots=True)
class TellPruned:
    """A duty: once a day, at its time in the team's zone, not once a backup; nothing where nothing was deleted."""

    catalog: Catalog
    daily: DailyTime

    def __call__(self, now: datetime) -> None:
        """Tell it if it is time."""
        day = self.daily.due(now)
        if day is None:
            return
        with self.catalog.write():
            facts = _waiting(self.catalog)
            if facts["count"]:
                told = {**facts, "more": facts["count"] - len(facts["backups"])}
                self.catalog.notices.tell(Notice(NoticeKind.PRUNED, "", day.isoformat(), now, told))
                self.catalog.marks.put(WAITING, "")
            self.daily.done(day)


def _waiting(catalog: Catalog) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(catalog.marks.get(WAITING) or "{}")
    return facts or {"count": 0, "bytes": 0, "backups": []}
