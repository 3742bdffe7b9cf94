"""Lets go what no rule keeps, as an intention on record: the bytes stay until it is pruned, and a hold saves it."""

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from core.catalog import Catalog
from core.errors import UnavailableError
from core.model.backup import Backup, BackupState
from core.model.freeze import Freeze
from core.model.person import SYSTEM
from core.model.verdict import Lock, Verdict
from core.services.adapters import Adapters
from core.services.hold_back import HoldBack
from core.services.retention import Retention
from core.services.verify_backup import KEPT

EXPIRED = frozenset({BackupState.EXPIRED})
MOST_CHANGES = 1000
PASSING = frozenset({Lock.FREEZE, Lock.BUSY, Lock.FUTURE})
AT_EACH_LOOK = datetime.min.replace(tzinfo=UTC)
Judged = tuple[Backup, Verdict]

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Expire:
    """One pass moves what is no longer kept to expired, and back what is kept after all.

    Nothing goes without a newer good backup, so only sources of which something has changed are looked at; at its
    first pass, and where much has changed, all of them. Where most of a source would go at once, nothing of it does
    before a person has said yes.
    """

    catalog: Catalog
    adapters: Adapters
    retention: Retention
    _revision: int = -1
    _waiting: set[str] = field(default_factory=set)
    _ends: dict[str, datetime] = field(default_factory=dict)
    _frozen: Freeze | None = None

    def __call__(self, now: object = None) -> None:
        """Look once."""
        del now  # the clock of retention counts
        revision, moment, freeze = self.catalog.revision(), self.retention.clock.now(), self.retention.freeze()
        # Neither a yes nor the end of a freeze, of a link or of a stream changes a backup's record.
        changed = {source for source in self._waiting if self._hold_back.allowed(source, moment)}
        changed |= {source for source, end in self._ends.items() if end <= moment}
        if freeze != self._frozen:
            changed |= set(self.adapters.sources)
        elif revision != self._revision:
            changed |= self._changed()
        if not changed:
            return
        unread = [source for source in sorted(changed) if not self._try(source)]
        # Looked at again next time, where one could not be.
        self._revision, self._frozen = revision if not unread else -1, freeze

    def source(self, source: str) -> int:
        """Expire what of one source is no longer kept; return how much that was.

        Raises:
            VaultUnavailable: whether the newer backups are there can't be seen, so nothing goes.

        """
        at_first = self.retention.verdicts(source).values()
        gone = self._source(source, at_first)
        # Last: what could not be written is looked at again at the same time.
        self._note_end(source, at_first)
        return gone

    def _source(self, source: str, at_first: Collection[Judged]) -> int:
        if not any(map(_overdue, at_first)):
            self._hold_back.clear(source)
            self._waiting.discard(source)
            self._judged(source, at_first)
            return 0
        unseen = self.retention.find_missing(source)
        with self.catalog.write():
            # Asked again: between the look and the write somebody may have placed a hold.
            found = list(self.retention.verdicts(source, unseen).values())
            going = []
            for backup, verdict in filter(_overdue, found):
                if backup.state is BackupState.EXPIRED:
                    keep_after_all(self.catalog, backup)
                    self._audit(backup, "kept after all", verdict)
                else:
                    going.append((backup, verdict))
            if self._must_wait(source, found, going):
                return 0
            for backup, verdict in going:
                self._let_go(backup, verdict)
            if not unseen:
                self._judged(source, found)
        return len(going)

    def _note_end(self, source: str, found: Iterable[Judged]) -> None:
        """Remember when to look again because of a use; a freeze is asked about at each look.

        The clock alone ends a link. What sends bytes, verifies or restores ends at any time, and may change no record
        of a backup. What is missing may be so for ever, and changes its own.
        """
        ends = [
            reason.until or AT_EACH_LOOK
            for backup, verdict in found
            for reason in verdict.reasons
            if reason.by is Lock.BUSY and not backup.missing
        ]
        self._ends.pop(source, None)
        if ends:
            self._ends[source] = min(ends)

    def _try(self, source: str) -> bool:
        try:
            self.source(source)
        except UnavailableError as error:
            # One vault in trouble must not keep the others waiting.
            logger.warning("nothing of %s is let go for now: %s", source, error)
            return False
        return True

    @property
    def _hold_back(self) -> HoldBack:
        return HoldBack(self.catalog)

    def _must_wait(self, source: str, found: Sequence[Judged], going: Sequence[Judged]) -> bool:
        """Say whether a person has to say yes first; damaged ones are no loss, and are not counted."""
        good = sum(backup.state is BackupState.GOOD for backup, _ in found)
        leaving = [(backup, verdict) for backup, verdict in going if backup.state is BackupState.GOOD]
        policy, now = self.retention.rules(source), self.retention.clock.now()
        waits = self._hold_back.holds(policy, source, leaving, good, now)
        (self._waiting.add if waits else self._waiting.discard)(source)
        return waits

    def _judged(self, source: str, found: Iterable[Judged]) -> None:
        # What a policy lets go is not seen while something else keeps it that ends by itself.
        # Bytes that are missing may be so for ever.
        verdicts = (verdict for backup, verdict in found if not backup.missing)
        if not any(lock in PASSING for verdict in verdicts for lock in verdict.locked_by):
            self._hold_back.judged(source, self.retention.rules(source))

    def _changed(self) -> set[str]:
        everything = set(self.adapters.sources)
        if self._revision < 0:
            return everything
        changed = self.catalog.backups.changed_since(self._revision, MOST_CHANGES)
        # A release changes one backup's record, or many; whatever is not understood means all.
        if not changed or len(changed) == MOST_CHANGES:
            return everything
        return {backup.source for backup in changed} & everything

    def _let_go(self, backup: Backup, verdict: Verdict) -> None:
        now = self.retention.clock.now()
        moved = self.catalog.backups.move(
            backup.id, KEPT, state=BackupState.EXPIRED, expired_at=now, expiry=verdict.says
        )
        if moved is not None:
            self._audit(backup, "expired", verdict)

    def _audit(self, backup: Backup, outcome: str, verdict: Verdict) -> None:
        detail = {"source": backup.source, "why": verdict.says}
        self.catalog.audit.append(self.retention.clock.now(), SYSTEM, "expire", backup.id, outcome, detail)


def _overdue(judged: Judged) -> bool:
    """Say whether a backup's state is not what its verdict says."""
    backup, verdict = judged
    return verdict.keep is (backup.state is BackupState.EXPIRED)


def keep_after_all(catalog: Catalog, backup: Backup, **changes: object) -> Backup | None:
    """Take an expired backup back: as good, or as damaged where its failure says so. None where it was overtaken."""
    state = BackupState.DAMAGED if backup.failure is not None else BackupState.GOOD
    return catalog.backups.move(backup.id, EXPIRED, state=state, expired_at=None, expiry="", warning="", **changes)
