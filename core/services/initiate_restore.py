"""The moment at which a restore is initiated: its instance stands as provisioning, and its run is handed over."""

from dataclasses import dataclass
from datetime import timedelta

from core.catalog import Catalog
from core.model.instance import Instance, InstanceState
from core.model.restore import Restore
from core.ports import Clock, Runner
from core.services.run_restore import RunRestore


@dataclass(frozen=True, slots=True)
class InitiateRestore:
    """Show the instance from now on, and run the restore.

    Called once a restore is approved, and again after a restart for those nobody runs: the name of the instance and
    a compare-and-set make it happen once.
    """

    catalog: Catalog
    clock: Clock
    runner: Runner
    run: RunRestore

    def __call__(self, restore: Restore) -> None:
        """Record the instance and submit the run under the restore's id."""
        self.record(restore)
        self.submit(restore)

    def record(self, restore: Restore) -> None:
        """Show the instance as provisioning; once, whoever else does it. May be part of a larger write."""
        plan, now = restore.plan, self.clock.now()
        with self.catalog.write():
            if self.catalog.instances.taken(plan.instance):
                return
            self.catalog.instances.create(
                Instance(
                    name=plan.instance,
                    restore_id=restore.id,
                    backup_id=plan.backup_id,
                    source=plan.source,
                    engine=plan.engine,
                    provisioner=plan.provisioner,
                    state=InstanceState.PROVISIONING,
                    owner=restore.requested_by,
                    created_at=now,
                    lease_ends_at=now + timedelta(seconds=plan.lifetime_seconds),
                )
            )

    def submit(self, restore: Restore) -> None:
        """Hand the run over; a restore that somebody else runs is left to them."""
        self.runner.submit(restore.id, lambda: self.run(restore.id))
