"""Approve or deny a restore: by somebody else, with the right, for exactly the plan that was shown."""

from dataclasses import dataclass
from datetime import datetime

from core.catalog import Catalog
from core.errors import NotAllowed, OwnRequest, PlanChanged, SafeholdError, Stale
from core.model.backup import Failure
from core.model.person import SYSTEM, Door, Person
from core.model.restore import Decision, Restore, RestoreState, plan_broken
from core.ports import Clock
from core.services.access import Access, Verb
from core.services.failures import FailureLog, void
from core.services.initiate_restore import InitiateRestore
from core.services.text import checked_text

WAITING = frozenset({RestoreState.WAITING})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person answers: yes or no, why, to which plan, and whether they break the glass for it."""

    approve: bool
    reason: str = ""
    plan_hash: str = ""
    break_glass: bool = False


@dataclass(frozen=True, slots=True)
class DecideRestore:
    """Take one person's decision on a waiting restore."""

    catalog: Catalog
    access: Access
    clock: Clock
    initiate: InitiateRestore
    failures: FailureLog

    def __call__(
        self,
        reference: str,
        person: Person,
        *,
        approve: bool,
        reason: str = "",
        plan_hash: str = "",
        break_glass: bool = False,
    ) -> Restore:
        """Return the restore after the decision; when approved enough, its run is under way.

        `plan_hash` is that of the plan the person saw, or its first digits. `break_glass` decides at the command
        line without the right; it needs a reason and is recorded.

        Raises:
            UnknownName, AmbiguousId, UsageError.
            OwnRequest: the requester answered.
            NotAllowed: the person may not decide.
            Stale: it is no longer waiting, or they have answered.
            PlanChanged: it is not the plan they saw.

        """
        restore = self.catalog.restores.find(reference)
        checked = checked_text(reason, "reason", required=break_glass)
        verdict = Verdict(approve=approve, reason=checked, plan_hash=plan_hash, break_glass=break_glass)
        try:
            self._require(restore, person, verdict)
            self._require_same_backup(restore)
        except SafeholdError as refusal:
            self._audit(restore, person, f"refused: {refusal.code}", verdict)
            raise
        decided = self._decide(restore, person, verdict)
        if decided.state is RestoreState.APPROVED:
            self.initiate.submit(decided)
        return self.catalog.restores.get(restore.id)

    def _require(self, restore: Restore, person: Person, verdict: Verdict) -> None:
        self._require_waiting(restore)
        if verdict.plan_hash and not restore.plan_hash.startswith(verdict.plan_hash.replace("-", "")):
            raise PlanChanged(
                "This is not the plan that waits for a decision.", hint="Look at it again, then decide on that one."
            )
        if verdict.break_glass and person.door is Door.COMMAND_LINE:
            return
        if person.id == restore.requested_by.id:
            hint = f"To take it back instead: safehold cancel {restore.id}"
            raise OwnRequest("You asked for this restore, so somebody else has to decide on it.", hint=hint)
        if not self.access.may(person, Verb.APPROVE):
            raise NotAllowed(
                "You may not decide on restores here.",
                hint="Ask one of the approvers, or your administrator to add you to access.approve.",
            )

    def _require_waiting(self, restore: Restore) -> None:
        if restore.state is not RestoreState.WAITING:
            raise Stale(f"This restore is {restore.state.value} already.", hint="Nothing was changed.")
        if self.clock.now() >= restore.expires_at:
            end_waiting(self.catalog, restore, RestoreState.EXPIRED, self.clock.now())
            raise Stale("This request has expired without a decision.", hint="Ask for the restore again.")

    def _require_same_backup(self, restore: Restore) -> None:
        """Void the request where the backup is no longer what the plan says."""
        change = plan_broken(restore, self.catalog.backups.get(restore.plan.backup_id))
        if not change:
            return
        error, now = void(change), self.clock.now()
        failure = self.failures.keep(restore.id, "", error, at=now)
        end_waiting(self.catalog, restore, RestoreState.VOID, now, failure)
        raise error

    def _decide(self, restore: Restore, person: Person, verdict: Verdict) -> Restore:
        decision = Decision(
            person, verdict.approve, verdict.reason, self.clock.now(), restore.plan_hash, verdict.break_glass
        )
        with self.catalog.write():
            # Counted anew where nobody else can answer at the same time: two last approvals are enough for two.
            current = self.catalog.restores.get(restore.id)
            enough = verdict.break_glass or _approvals(current) + 1 >= current.approvals_needed
            approved = RestoreState.APPROVED if enough else None
            decided = self.catalog.restores.decide(
                restore.id, decision, approved if verdict.approve else RestoreState.DENIED
            )
            if decided is not None:
                self._audit(restore, person, "approved" if verdict.approve else "denied", verdict)
                if decided.state is RestoreState.APPROVED:
                    self.initiate.record(decided)
        if decided is None:
            raise Stale("You or somebody else has decided on this already.", hint="The message shows what was decided.")
        return decided

    def _audit(self, restore: Restore, person: Person, outcome: str, verdict: Verdict) -> None:
        detail = {"plan_hash": restore.plan_hash, "reason": verdict.reason, "break_glass": verdict.break_glass}
        self.catalog.audit.append(self.clock.now(), person, "decide", restore.id, outcome, detail)


def _approvals(restore: Restore) -> int:
    return sum(decision.approved for decision in restore.decisions)


def end_waiting(
    catalog: Catalog, restore: Restore, state: RestoreState, now: datetime, failure: Failure | None = None
) -> None:
    """End a request that nobody decided on, with its entry in the audit record; nothing where somebody just has."""
    with catalog.write():
        if catalog.restores.move(restore.id, WAITING, state=state, failure=failure, finished_at=now) is not None:
            catalog.audit.append(now, SYSTEM, "restore-ended", restore.id, state.value, {})
