"""Ask for a restore: the plan stands for approval, or begins at once where none is required."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from core.catalog import Catalog
from core.config import AccessConfig
from core.errors import Stale
from core.model import naming
from core.model.person import Person
from core.model.plan import RestorePlan
from core.model.restore import Restore, RestoreState
from core.ports import Clock
from core.services.access import Access, Verb
from core.services.initiate_restore import InitiateRestore
from core.services.text import checked_text


@dataclass(frozen=True, slots=True)
class RequestRestore:
    """Record the request of a person for a plan."""

    catalog: Catalog
    access: Access
    clock: Clock
    initiate: InitiateRestore
    config: AccessConfig

    def __call__(self, plan: RestorePlan, reason: str, person: Person) -> Restore:
        """Return the restore: WAITING, or APPROVED and handed to the runner where no approval is required.

        Raises:
            NotAllowed: the person may not restore.
            UsageError: the reason is missing or can't be shown.
            Stale: somebody asked for a restore under the same name meanwhile.

        """
        self.access.require(person, Verb.RESTORE, plan.backup_id)
        checked, now = checked_text(reason, "reason", required=True), self.clock.now()
        waits = self.config.approval_required
        restore = Restore(
            id=naming.restore_id(secrets.randbits(32)),
            plan=plan,
            plan_hash=plan.digest,
            state=RestoreState.WAITING if waits else RestoreState.APPROVED,
            requested_by=person,
            reason=checked,
            requested_at=now,
            expires_at=now + timedelta(seconds=self.config.approval_expires_seconds),
            approvals_needed=self.config.approvals_needed if waits else 0,
        )
        with self.catalog.write():
            self._require_free(plan.instance)
            self.catalog.restores.create(restore)
            self.catalog.audit.append(
                now,
                person,
                "restore",
                restore.id,
                restore.state.value,
                {"plan_hash": restore.plan_hash, "backup": plan.backup_id, "reason": checked},
            )
        if not waits:
            self.initiate(restore)
        return restore

    def _require_free(self, name: str) -> None:
        """Refuse a name that another restore has: two plans of one second are called alike until one is asked for."""
        planned = any(restore.plan.instance == name for restore in self.catalog.restores.open_ones())
        if planned or self.catalog.instances.taken(name):
            raise Stale(f"Another restore is called {name} already.", hint="Nothing was begun. Ask again.")
