"""Asks retention about the backups of a source: why each is kept, and what goes next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter

from core.catalog import Catalog
from core.errors import UnknownName
from core.model.backup import Backup, BackupState
from core.model.expiry import Expiry, foreseen, let_go_for, preview, proven_when_due, scheduled
from core.model.freeze import Freeze
from core.model.policy import COMPOSE, Policy
from core.model.retention import every_reason, verdicts
from core.model.verdict import EVERY_LOCK, UNUSED, Candidate, Lock, Reason, Verdict, candidate_of
from core.model.wall_time import zone_of
from core.ports import Clock
from core.services.adapters import Adapters
from core.services.find_missing import FindMissing
from core.services.hold_back import HoldBack, set_of, too_many
from core.services.schedules import Schedules

BEING_PRUNED = Verdict(keep=False, reasons=(Reason(None, "it is being deleted"),))
DAMAGED_GRACE = timedelta(days=7)
MISSED = "not found in its vault, and it may come back"
NOT_SEEN = "in a vault that is not configured any more"
NONE: frozenset[str] = frozenset()
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Leaving:
    """A backup that goes: when its bytes are deleted at the earliest, and why it is not kept.

    `held_back`: most of its source would go with it, so nothing does, at no time, before somebody says yes.
    """

    backup: Backup
    at: datetime
    why: str
    held_back: bool = False


@dataclass(frozen=True, slots=True)
class Retention:
    """Verdicts on what is stored now. Answers cost what one source keeps, never what it ever had.

    `locks` is for the torture that shows what each lock is there for; everybody else leaves it alone.
    """

    catalog: Catalog
    adapters: Adapters
    policies: Mapping[str, Policy]
    schedules: Schedules
    find_missing: FindMissing
    clock: Clock
    grace_seconds: float
    locks: frozenset[Lock] = EVERY_LOCK

    def prune_at(self, backup: Backup) -> datetime | None:
        """Return from when on the bytes of an expired backup may be deleted; None where that is not known."""
        return deleted_from(backup, self.grace_seconds)

    def policy(self, source: str) -> Policy:
        """Return the policy of a source, with days as its schedule's zone has them."""
        policy = self.rules(source)
        known = source in self.adapters.sources
        return replace(policy, zone=zone_of(self.schedules.current(source).zone)) if known else policy

    def rules(self, source: str) -> Policy:
        """Return the policy of a source as it is configured; the fixed one of an unknown source.

        The backups of one that is no longer configured stay what they are: nobody said that they may go sooner.
        """
        try:
            return self.policies[self.adapters.source(source).policy]
        except UnknownName:
            return COMPOSE

    def freeze(self) -> Freeze | None:
        """Return the incident freeze in force."""
        return self.catalog.freezes.active(self.clock.now())

    def verdicts(self, source: str, unseen: frozenset[str] = NONE) -> Mapping[str, tuple[Backup, Verdict]]:
        """Return each stored backup of a source with its verdict, newest first. One that is being deleted has none.

        `unseen` are those that no vault could be asked for: they stay, and let nothing else go.
        """
        with self.catalog.read():
            backups, now = self._stored(source), self.clock.now()
            freeze = self.freeze()
            candidates = [_not_seen(one) if one.id in unseen else one for one in self._candidates(backups)]
            answers = verdicts(candidates, self.policy(source), now, freeze=freeze, locks=self.locks)
        return {backup.id: (backup, answers[backup.id]) for backup in backups}

    def why(self, backup: Backup, unseen: frozenset[str] = NONE) -> Verdict:
        """Return the verdict on one backup, whatever its state; `unseen` as in `verdicts`."""
        if backup.state is BackupState.PRUNING:
            return BEING_PRUNED
        if backup.state is BackupState.PRUNED:
            return Verdict(keep=False, reasons=(Reason(None, backup.expiry or "it was deleted"),))
        found = self.verdicts(backup.source, unseen).get(backup.id)
        if found is not None:
            return found[1]
        says = "not finished yet" if backup.state.open else "nothing of it is stored: its record stays"
        return Verdict(keep=True, reasons=(Reason(Lock.BUSY if backup.state.open else None, says),))

    def every_reason(self, backup: Backup) -> tuple[Reason, ...]:
        """Return all that keeps a backup, or why it is not kept: the verdict's reasons, and every lock besides."""
        verdict = self.why(backup)
        with self.catalog.read():
            candidates, now = self._candidates(self._stored(backup.source)), self.clock.now()
            found = every_reason(candidates, self.policy(backup.source), now, self.freeze())
        return (*verdict.reasons, *(one for one in found.get(backup.id, ()) if one not in verdict.reasons))

    def scheduled(self, source: str) -> bool:
        """Say whether backups of a source are taken by themselves."""
        return source in self.adapters.sources and self.schedules.current(source).on

    def let_go_for(self, newcomer: Candidate, source: str) -> tuple[Backup, ...]:
        """Return what a backup lets go once it is good, newest first: what is kept without it, and not with it."""
        with self.catalog.read():
            backups, now = self._stored(source), self.clock.now()
            gone = let_go_for(self._candidates(backups), newcomer, self.policy(source), now, self.freeze())
        return tuple(backup for backup in backups if backup.id in gone)

    def leaving(self, source: str, until: datetime) -> tuple[Leaving, ...]:
        """Return what will have been let go until then if backups go on as scheduled, the soonest first.

        Nothing is said of what comes after `foreseen`. What is expired already comes with the time from which its bytes
        may be deleted: not before a freeze, or what else keeps it after all, has ended.
        """
        with self.catalog.read():
            backups, now = self._stored(source), self.clock.now()
            candidates, freeze = self._candidates(backups), self.freeze()
        expected = self._expected(source, now, until)
        going = preview(candidates, self.policy(source), now, expected, freeze, all_of_them=True)
        by_id = {backup.id: backup for backup in backups}
        good = {one.id: one.at for one in expected}
        good |= {backup.id: backup.taken_at for backup in backups if backup.state is BackupState.GOOD}
        held_from = self._held_from(source, [one for one in going if one.id in good], tuple(good.values()))
        seen = foreseen(expected, until)
        listed = (one for one in going if one.id in by_id and one.at <= seen)
        found = [self._leaving(by_id[one.id], one, now, held_from) for one in listed]
        return tuple(sorted(found, key=lambda one: (one.at, one.backup.id)))

    def foreseen(self, source: str, until: datetime) -> datetime | None:
        """Return where `leaving` ends before a time, because a source's backups are that frequent; else None."""
        seen = foreseen(self._expected(source, self.clock.now(), until), until)
        return seen if seen < until else None

    def _leaving(self, backup: Backup, expiry: Expiry, now: datetime, held_from: datetime) -> Leaving:
        why = ", ".join(reason.says for reason in expiry.reasons)
        at = self.prune_at(backup) if backup.state is BackupState.EXPIRED else None
        if at is None:
            at = expiry.at + _stays(backup, self.grace_seconds)
        elif expiry.at <= now:
            return Leaving(backup, max(at, now), backup.expiry)
        return Leaving(backup, max(at, expiry.at), why, held_back=expiry.at >= held_from)

    def _expected(self, source: str, now: datetime, until: datetime) -> list[Candidate]:
        if source not in self.adapters.sources:
            return []
        expected = scheduled(self.schedules.current(source), source, now, until)
        prove, last = self.adapters.source(source).prove, self.catalog.backups.last_proven_at(source)
        return list(proven_when_due(expected, prove, last))

    def _held_from(self, source: str, going: Sequence[Expiry], good: Sequence[datetime]) -> datetime:
        """Return when most of a source would go at once, and from then on nothing does without a yes.

        `good` is when each good backup was or will be taken.
        """
        hold_back, gone = HoldBack(self.catalog), 0
        changed, allowed = hold_back.changed(source, self.rules(source)), hold_back.allowed(source, self.clock.now())
        at: datetime
        for at, together in groupby(going, key=attrgetter("at")):
            ids = [one.id for one in together]
            there = sum(taken_at <= at for taken_at in good) - gone
            if too_many(len(ids), there, changed=changed) and allowed != set_of(ids):
                return at
            gone, changed = gone + len(ids), False
        return NEVER

    def _stored(self, source: str) -> tuple[Backup, ...]:
        return tuple(b for b in self.catalog.retained.stored(source) if b.state is not BackupState.PRUNING)

    def _candidates(self, backups: tuple[Backup, ...]) -> list[Candidate]:
        used = self.catalog.retained.in_use(self.clock.now()) if backups else {}
        found = ((backup, candidate_of(backup, used.get(backup.id, UNUSED))) for backup in backups)
        # What is missing may come back: it stays listed, and lets nothing else go.
        return [replace(one, open=True, busy=MISSED) if backup.missing else one for backup, one in found]


def deleted_from(backup: Backup, grace_seconds: float) -> datetime | None:
    """Return from when on the bytes of an expired backup may be deleted; None where that is not known."""
    return backup.expired_at + _stays(backup, grace_seconds) if backup.expired_at is not None else None


def _stays(backup: Backup, grace_seconds: float) -> timedelta:
    """Return how long the bytes of a backup stay after it was let go.

    Damage may have been found only now, and by a disk's mistake: what is damaged stays for a week more.
    """
    grace = timedelta(seconds=grace_seconds)
    return max(grace, DAMAGED_GRACE) if backup.failure is not None else grace


def _not_seen(candidate: Candidate) -> Candidate:
    return replace(candidate, open=True, busy=NOT_SEEN)
