"""Retention's question and its answer for one backup: the candidate, the verdict, the reasons."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.model.backup import Backup, BackupState, Proof, Tier
from core.model.hold import Hold
from core.model.use import Use

UNUSED = Use("")
_STORED = frozenset({BackupState.GOOD, BackupState.DAMAGED, BackupState.EXPIRED, BackupState.PRUNING})


class Rule(StrEnum):
    """What a policy, or the care for what isn't good, keeps a backup by."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    ON_DEMAND = "on-demand"
    LAST = "last"
    WITHIN = "within"
    NEWEST_OF = "newest-of"
    DAMAGED = "damaged"
    RECORD = "record"


class Lock(StrEnum):
    """What keeps a backup although the rules let it go.

    NEWER: no newer good backup exists. FLOOR: it is one of the newest good ones, or the newest of them that is proven.
    WINDOW: time counts only up to the newest good backup. SUCCESSORS: its tier has not had as many newer good ones as
    its span has places. HOLD: somebody wants it kept. FREEZE: nothing of any source goes. BUSY: work on it goes on.
    FUTURE: it is dated after now.
    """

    NEWER = "newer"
    FLOOR = "floor"
    WINDOW = "window"
    SUCCESSORS = "successors"
    HOLD = "hold"
    FREEZE = "freeze"
    BUSY = "busy"
    FUTURE = "future"


EVERY_LOCK = frozenset(Lock)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One backup as retention sees it. `at` is when it was taken, aware UTC; `size` is bytes.

    `good`: its bytes were verified and nothing was found wrong since. `open`: pending or running. `stored`: it has
    bytes in the vault; one that is stored and neither good nor open is damaged, one that is not is a bare record.
    `busy` says what is done with it now ("being downloaded"), "" where nothing is; `busy_until` when that ends by
    itself, None where no time ends it. `proven`: a copy of it was opened and counted.
    """

    id: str
    at: datetime
    tiers: frozenset[Tier] = field(default_factory=frozenset)
    good: bool = True
    open: bool = False
    stored: bool = True
    size: int = 0
    hold: Hold | None = None
    busy: str = ""
    busy_until: datetime | None = None
    proven: bool = False

    @property
    def counts(self) -> bool:
        """Say whether rules and locks may count on it: good, finished, and with bytes."""
        return self.good and self.stored and not self.open


def candidate_of(backup: Backup, use: Use = UNUSED) -> Candidate:
    """Return a backup as retention sees it. One that is expired still has its bytes and may be kept after all."""
    state = backup.state
    return Candidate(
        id=backup.id,
        at=backup.taken_at,
        tiers=backup.tiers,
        # An expired one keeps the failure that it was damaged by.
        good=state is BackupState.GOOD or (state is BackupState.EXPIRED and backup.failure is None),
        open=state.open,
        stored=state in _STORED,
        size=backup.size,
        hold=backup.hold,
        busy=use.says,
        busy_until=use.until,
        proven=backup.proof is Proof.PROVEN,
    )


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a backup is kept, or why not: by which rule or lock, in words, and until when as far as time decides."""

    by: Rule | Lock | None
    says: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What retention says of one backup. There is always at least one reason.

    `kept_until` is when it goes if good backups keep coming; None where it goes now, or where no date decides: it is
    the most recent on-demand one, held without an end, or waits for a newer good backup. `locked_by` names the
    locks but for which the rules would let it go.
    """

    keep: bool
    reasons: tuple[Reason, ...]
    kept_until: datetime | None = None
    locked_by: tuple[Lock, ...] = ()

    @property
    def says(self) -> str:
        """Return the reasons in one line."""
        return ", ".join(reason.says for reason in self.reasons)

    @property
    def until_the_clock(self) -> bool:
        """Say whether the clock alone ends what keeps it: a freeze, an open link; else a newer backup has to come."""
        return bool(self.locked_by) and {reason.by for reason in self.reasons} <= {Lock.FREEZE, Lock.BUSY}

    @property
    def by_hold_alone(self) -> bool:
        """Say whether it would go sooner were its hold released: nothing else keeps it for as long."""
        holds = [reason for reason in self.reasons if reason.by is Lock.HOLD]
        others = [reason.until for reason in self.reasons if reason.by is not Lock.HOLD]
        end = holds[0].until if holds else None
        return bool(holds) and all(until is not None and (end is None or until < end) for until in others)
