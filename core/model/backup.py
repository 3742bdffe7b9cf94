"""One finished or attempted copy of one source: the record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.errors import BytesMissing
from core.model.hold import Hold
from core.model.person import Person
from core.model.progress import Step

PARTS = ("check", "capture", "store", "verify", "prove")
"""The measured parts of a run, in their order."""


class Tier(StrEnum):
    """Why a backup exists. A backup carries a set of them."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    ON_DEMAND = "on-demand"


class BackupState(StrEnum):
    """The stored state. PENDING and RUNNING are open; GOOD and DAMAGED have bytes, EXPIRED still has all of them.

    EXPIRED: the policy let it go, and a hold may still save it. PRUNING: its bytes are being deleted, and it can't be
    used any more. PRUNED: they are gone, the record stays as a tombstone.
    """

    PENDING = "pending"
    RUNNING = "running"
    GOOD = "good"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"
    DAMAGED = "damaged"
    EXPIRED = "expired"
    PRUNING = "pruning"
    PRUNED = "pruned"

    @property
    def open(self) -> bool:
        """Say whether work on it is still to come or going on."""
        return self in {BackupState.PENDING, BackupState.RUNNING}


class Proof(StrEnum):
    """How far the stored bytes were checked: each level includes the ones before it."""

    NONE = "none"
    STORED = "stored"
    VERIFIED = "verified"
    PROVEN = "proven"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run failed, safe to show. `reference` finds the log of it."""

    code: str
    message: str
    hint: str
    reference: str
    step: str = ""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup's record. Times are aware UTC; sizes are bytes; `timings` are seconds by step.

    `size` is that of the archive, `raw_size` that of the files in it. `counts` is by label, e.g.
    {"vertices": {"god": 3}, "edges": {"father": 2}} or {"tables": {"album": 347}}.
    `owner` is the process that runs it. `revision` grows with every change of any record. `due_at` is the time by its
    schedule, None where a person asked. `expiry` says in words why the policy let it go. `unsaved`: its manifest in the
    vault does not say yet what its record says of tiers and hold.
    """

    id: str
    source: str
    engine: str
    vault: str
    tiers: frozenset[Tier]
    state: BackupState
    proof: Proof
    requested_by: Person
    note: str
    requested_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    step: Step | None = None
    size: int = 0
    raw_size: int = 0
    archive_name: str = ""
    archive_sha256: str = ""
    timings: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    fingerprint: str = ""
    verified_at: datetime | None = None
    proven_at: datetime | None = None
    failure: Failure | None = None
    warning: str = ""
    owner: str = ""
    due_at: datetime | None = None
    hold: Hold | None = None
    expired_at: datetime | None = None
    expiry: str = ""
    pruned_at: datetime | None = None
    unsaved: bool = False
    revision: int = 0

    @property
    def taken_at(self) -> datetime:
        """Return when it was begun, as lists show it and retention counts it."""
        return self.started_at or self.requested_at

    @property
    def missing(self) -> bool:
        """Say whether its bytes were not found in their vault when it was last looked."""
        return self.failure is not None and self.failure.code == BytesMissing.code

    @property
    def known_as(self) -> str:
        """Return in a word how far what is stored of it was checked, or that it is damaged; "" where it never was."""
        checked = "" if self.proof is Proof.NONE else self.proof.value
        return checked if self.failure is None else "damaged"

    @property
    def restorable(self) -> bool:
        """Say whether its bytes may be downloaded or restored: they are good, and are not being deleted yet."""
        return self.state is BackupState.GOOD or (self.state is BackupState.EXPIRED and self.failure is None)

    @property
    def parts(self) -> tuple[tuple[str, float], ...]:
        """Return the timings in the order in which a run does its parts; a stored record has them by alphabet."""
        order = {part: place for place, part in enumerate(PARTS)}
        return tuple(sorted(self.timings.items(), key=lambda pair: (order.get(pair[0], len(order)), pair[0])))


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list of backups, newest first.

    `first` is the place of the first row in the whole list, counted from 1. `older_than` and `newer_than` are the
    ids to ask the next and the previous page with; empty where there is none.
    """

    backups: tuple[Backup, ...]
    first: int
    total: int
    older_than: str = ""
    newer_than: str = ""
