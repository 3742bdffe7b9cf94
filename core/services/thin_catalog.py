"""Thins the catalog: what nobody is shown and nothing asks for any more goes, so that years of it stay quick."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.catalog import Catalog
from core.catalog.thinning import SPENT, Spent

TOLD_UNTIL = "slack board revision"
"""The mark that says up to which revision people were told of everything; who tells them keeps it."""
THINNED_AT = "catalog thinned"
PERIOD = timedelta(days=1)
KEPT = timedelta(days=90)
"""How long what is over stays: delivered notices, links that have expired, the messages of deleted backups."""
MOST_BATCHES = 200


@dataclass(frozen=True, slots=True)
class ThinCatalog:
    """A duty: once a day. It removes a few rows a write, so that others write in between.

    Killed half-way it has removed whole batches; the rest goes with the next pass, as does what one pass leaves. Two at
    once remove the same. Backups, restores, instances, freezes and the audit record are never thinned; the ledger of
    expected runs is by `WakeSchedules`, as it grows.
    """

    catalog: Catalog

    def __call__(self, now: datetime) -> None:
        """Remove what is over for long, where that was not done today."""
        last = self.catalog.marks.get(THINNED_AT)
        # One from the future is the work of a clock that was set back: not waited for.
        if last is not None and timedelta() <= now - datetime.fromisoformat(last) < PERIOD:
            return
        told = int(self.catalog.marks.get(TOLD_UNTIL) or 0)
        if all(self._thinned(spent, now - KEPT, told) for spent in SPENT):
            self.catalog.marks.put(THINNED_AT, now.isoformat())

    def _thinned(self, spent: Spent, before: datetime, told: int) -> bool:
        """Remove of one kind what a pass may; say whether nothing of it is left."""
        after = spent.first
        for _ in range(MOST_BATCHES):
            last = self.catalog.thinning.some(spent, before, told, after)
            if last is None:
                return True
            after = last
        return False
