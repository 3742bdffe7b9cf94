"""A restore: the request, the decisions on it, and how it went."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.model.backup import Backup, Failure
from core.model.person import Person
from core.model.plan import RestorePlan
from core.model.progress import Step


class RestoreState(StrEnum):
    """WAITING for approval, APPROVED (nobody runs it yet), RUNNING; the rest are final."""

    WAITING = "waiting"
    APPROVED = "approved"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"
    DENIED = "denied"
    EXPIRED = "expired"
    VOID = "void"

    @property
    def open(self) -> bool:
        """Say whether a decision or work is still to come."""
        return self in {RestoreState.WAITING, RestoreState.APPROVED, RestoreState.RUNNING}


@dataclass(frozen=True, slots=True)
class Decision:
    """One person's answer. `break_glass` marks one given on the command line without the right to."""

    person: Person
    approved: bool
    reason: str
    decided_at: datetime
    plan_hash: str
    break_glass: bool = False


@dataclass(frozen=True, slots=True)
class Restore:
    """A restore's record. Times are aware UTC. `decisions` stand in the order they were made."""

    id: str
    plan: RestorePlan
    plan_hash: str
    state: RestoreState
    requested_by: Person
    reason: str
    requested_at: datetime
    expires_at: datetime
    approvals_needed: int
    decisions: tuple[Decision, ...] = ()
    started_at: datetime | None = None
    finished_at: datetime | None = None
    step: Step | None = None
    failure: Failure | None = None
    owner: str = ""
    revision: int = 0


def plan_broken(restore: Restore, backup: Backup) -> str:
    """Say in words what no longer fits the plan, "" where everything does."""
    if restore.plan.digest != restore.plan_hash:
        return "the plan was changed after it was asked for"
    if not backup.restorable:
        return f"the backup is {backup.state.value} now"
    if backup.archive_sha256 != restore.plan.archive_sha256:
        return "the archive is not the one in the plan"
    return ""
