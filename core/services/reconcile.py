"""Reconcile: make the records say what is true after crashes, deadlines and deaths; at start and every few seconds."""

import logging
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from core.catalog import Catalog, Lease
from core.catalog.backups import OPEN
from core.errors import CorruptionError, Interrupted, OperationError, SafeholdError, UnsupportedVersion
from core.model.backup import Backup, BackupState
from core.model.instance import Instance, InstanceState
from core.model.person import SYSTEM
from core.model.restore import Restore, RestoreState, plan_broken
from core.ports import Clock, Runner
from core.services.adapters import Adapters
from core.services.adopt_stored import good_as_recorded, is_stored
from core.services.decide_restore import end_waiting
from core.services.failures import FailureLog, void
from core.services.initiate_restore import InitiateRestore
from core.services.instances import READY, DestroyInstance
from core.services.orphans import Orphans
from core.services.prove_backup import ProveBackup
from core.services.run_restore import PROVISIONING, RUNNING
from core.services.stored import good_fields, read_stored
from core.services.verify_backup import KEPT

logger = logging.getLogger(__name__)
Item = TypeVar("Item", Backup, Restore, Instance, Lease)
LOOK_SECONDS = 5.0
"""How long a pass goes on looking at instances: a provisioner that takes its time must not hold up the rest."""


@dataclass(frozen=True, slots=True)
class Reconcile:
    """Settle what dead processes left and what time has overtaken. Any process may do it, also two at once.

    A run is claimed before anything of it is removed: who claims it is its owner from then on, so that two that
    settle at once, or a process that was wrongly taken for dead, can't act on it together.
    """

    catalog: Catalog
    adapters: Adapters
    clock: Clock
    runner: Runner
    prove: ProveBackup
    failures: FailureLog
    initiate: InitiateRestore
    destroy: DestroyInstance
    orphans: Orphans
    _unswept: dict[str, Backup] = field(default_factory=dict)
    _looked: dict[str, float] = field(default_factory=dict)

    def __call__(self, *, take_over: bool) -> None:
        """Look at everything that is open. `take_over`: also run what is approved, and destroy what is due.

        One item that can't be settled is logged and tried again next time; it does not keep the others waiting.
        """
        self._each(tuple(self._unswept.values()), self._swept)
        orphaned = self.orphans()
        self._each(orphaned.backups, self._settle_backup)
        self._each(orphaned.restores, self._settle_restore)
        self._each(orphaned.leases, self._settle_lease)
        for owner in orphaned.dead:
            self.catalog.processes.forget(owner)
        self._each(self.catalog.restores.waiting(), self._settle_waiting)
        if take_over:
            approved = (r for r in self.catalog.restores.open_ones() if r.state is RestoreState.APPROVED)
            self._each(approved, self._take_over)
            self._each(self.catalog.instances.current(), self._destroy_due)
        # Last, for looking at an instance may take its provisioner's time.
        self._each(self._to_look_at(), self._look_at)

    def _each(self, items: Iterable[Item], settle: Callable[[Item], object]) -> None:
        for item in items:
            try:
                settle(item)
            except SafeholdError as error:
                logger.warning("%s can't be settled now, it is tried again: %s", _named(item), error)
            except Exception:
                # A boundary: whatever is wrong with one, the truth about the others must not wait for it.
                logger.exception("%s could not be settled now, it is tried again", _named(item))

    # Backups

    def _settle_backup(self, backup: Backup) -> None:
        """Call it good where its manifest was written; else remove what is left and say that it was interrupted."""
        with self.catalog.write():
            current = self.catalog.backups.get(backup.id)
            if current.owner != backup.owner or not current.state.open:
                return
            self.catalog.backups.move(backup.id, OPEN, owner=self.orphans.owner)
        left = self._swept(backup)
        vault = self.adapters.vaults.get(backup.vault)
        if vault is None:
            left.append(f"The vault {backup.vault} is no longer configured: leftovers may lie there.")
            self._interrupt_backup(backup, left)
            return
        try:
            manifest = read_stored(vault, backup)
            vault.discard(backup.source, backup.id)
        except (CorruptionError, UnsupportedVersion) as error:
            failure = self.failures.keep(backup.id, "settling", error, at=self.clock.now())
            self._end_backup(backup, {"state": BackupState.DAMAGED, "failure": failure})
        except SafeholdError as error:
            self._settle_unseen(backup, left, error)
        else:
            if manifest is None:
                self._interrupt_backup(backup, left or ["Leftovers are removed, nothing was stored."])
            else:
                self._end_backup(backup, good_fields(backup, manifest, "Safehold was restarted before that."))

    def _swept(self, backup: Backup) -> list[str]:
        """Remove stage and scratch of a dead run; return what is left there, in words, and is tried again.

        It keeps no source waiting: its next run has a stage of its own.
        """
        source, engine = self.adapters.sources.get(backup.source), self.adapters.engines.get(backup.engine)
        left: list[str] = []
        try:
            if source is not None and engine is not None and source.engine == engine.name:
                engine.discard(source, backup.id)
        except SafeholdError as error:
            left.append(f"Its stage is left: {error.message}")
        try:
            self.prove.sweep(backup.id)
        except SafeholdError as error:
            left.append(f"Its scratch copy is left: {error.message}")
        if left:
            self._unswept[backup.id] = backup
        else:
            self._unswept.pop(backup.id, None)
        return left

    def _settle_unseen(self, backup: Backup, left: list[str], error: SafeholdError) -> None:
        """End a run whose vault can't be looked at now: its record may know that it is stored; else the sweep looks."""
        logger.warning("%s is settled without a look into its vault: %s", backup.id, error)
        current = self.catalog.backups.get(backup.id)
        if is_stored(current):
            self._end_backup(backup, good_as_recorded(current, "Safehold was restarted before that."))
        else:
            self._interrupt_backup(backup, [*left, "What it left in the vault is looked at when that is back."])

    def _interrupt_backup(self, backup: Backup, left: list[str]) -> None:
        hint = " ".join((*left, "Retry."))
        step = backup.step.name if backup.step else ""
        error = Interrupted("Safehold was stopped in the middle of it.", hint=hint)
        failure = self.failures.keep(backup.id, step, error, at=self.clock.now())
        self._end_backup(backup, {"state": BackupState.INTERRUPTED, "failure": failure})

    def _end_backup(self, backup: Backup, changes: dict[str, object]) -> None:
        now = self.clock.now()
        with self.catalog.write():
            ended = self.catalog.backups.move(backup.id, OPEN, **{**changes, "finished_at": now, "step": None})
            if ended is not None:
                self._audit("backup-ended", backup.id, f"settled: {ended.state.value}")

    # Restores and their instances

    def _settle_restore(self, restore: Restore) -> None:
        """Say that it was interrupted; its instance is seen later in this pass, and removed beside it."""
        with self.catalog.write():
            current = self.catalog.restores.get(restore.id)
            if current.owner != restore.owner or current.state is not RestoreState.RUNNING:
                return
            self.catalog.restores.move(restore.id, RUNNING, owner=self.orphans.owner)
        self.prove.sweep(restore.id)
        plan, known = restore.plan, restore.plan.provisioner in self.adapters.provisioners
        hint = (
            "The unfinished instance is removed. Ask again."
            if known
            else f"The provisioner {plan.provisioner} is no longer configured: {plan.instance} may be left there."
        )
        error = Interrupted("Safehold was stopped in the middle of it.", hint=hint)
        now, step = self.clock.now(), restore.step.name if restore.step else ""
        failure = self.failures.keep(restore.id, step, error, at=now)
        with self.catalog.write():
            if not known:
                self.catalog.instances.move(
                    plan.instance, PROVISIONING, state=InstanceState.FAILED, failure=failure, step=None
                )
            ended = self.catalog.restores.move(
                restore.id, RUNNING, state=RestoreState.INTERRUPTED, failure=failure, finished_at=now, step=None
            )
            if ended is not None:
                self._audit("restore-ended", restore.id, "settled: interrupted")

    def _settle_waiting(self, restore: Restore) -> None:
        now = self.clock.now()
        if now >= restore.expires_at:
            end_waiting(self.catalog, restore, RestoreState.EXPIRED, now)
        elif change := plan_broken(restore, self.catalog.backups.get(restore.plan.backup_id)):
            failure = self.failures.keep(restore.id, "", void(change), at=now)
            end_waiting(self.catalog, restore, RestoreState.VOID, now, failure)

    def _take_over(self, restore: Restore) -> None:
        if self.runner.wait(restore.id, 0):
            self.initiate(restore)

    def _destroy_due(self, instance: Instance) -> None:
        if instance.state is InstanceState.DESTROYING:
            self.destroy.resume(instance)
        elif instance.state is not InstanceState.PROVISIONING and self.clock.now() >= instance.lease_ends_at:
            self.destroy.begin(instance, SYSTEM, "its lease ended", if_due=True)

    def _to_look_at(self) -> Iterator[Instance]:
        """Yield what is there, the longest unseen first, until a pass has taken its time: the rest is for the next."""
        until, current = self.clock.monotonic() + LOOK_SECONDS, self.catalog.instances.current()
        for name in self._looked.keys() - {instance.name for instance in current}:
            del self._looked[name]
        for instance in sorted(current, key=lambda one: self._looked.get(one.name, -math.inf)):
            if (now := self.clock.monotonic()) > until:
                return
            self._looked[instance.name] = now
            yield instance

    def _look_at(self, instance: Instance) -> None:
        if instance.state is InstanceState.PROVISIONING:
            self._settle_provisioning(instance)
        if instance.state is not InstanceState.READY:
            return
        provisioner = self.adapters.provisioner(instance.provisioner)
        if provisioner.status(instance.name) is InstanceState.READY:
            return
        error = OperationError(
            f"{instance.name} stopped by itself.", hint="Its files are still there. Destroy it, or restore again."
        )
        failure = self.failures.keep(
            instance.name, "running", error, at=self.clock.now(), extra=provisioner.log(instance.name)
        )
        with self.catalog.write():
            stopped = self.catalog.instances.move(instance.name, READY, state=InstanceState.STOPPED, failure=failure)
            if stopped is not None:
                self._audit("instance-stopped", instance.name, "noticed")

    def _settle_provisioning(self, instance: Instance) -> None:
        """Remove an instance whose restore ended without it: the vault or the catalog failed in that moment.

        It is claimed first, in one view with its restore: one that has just become ready is not removed.
        """
        with self.catalog.write():
            restore = self.catalog.restores.get(instance.restore_id)
            if restore.state.open or restore.state is RestoreState.READY:
                return
            claimed = self.catalog.instances.move(
                instance.name, PROVISIONING, state=InstanceState.DESTROYING, failure=restore.failure, step=None
            )
            if claimed is None:
                return
            self._audit("destroy", instance.name, f"its restore is {restore.state.value}")
            self.destroy.claim(claimed)
        self.destroy.resume(claimed)

    # The rest

    def _settle_lease(self, lease: Lease) -> None:
        """Give a dead run's lease back, and take up the removal of an instance; whoever takes it meanwhile keeps it."""
        if not self.catalog.leases.seize(lease):
            return
        try:
            self.prove.sweep(lease.run)
        except SafeholdError as error:
            logger.warning("%s: scratch files stay: %s", lease.run, error)
        kind, _, about = lease.run.partition(":")
        if kind == "verify":
            self.catalog.backups.move(about, KEPT, step=None)
        elif kind == "destroy" and (marked := self.catalog.instances.get(about)).state is InstanceState.DESTROYING:
            self.destroy.resume(marked)

    def _audit(self, act: str, subject: str, outcome: str) -> None:
        self.catalog.audit.append(self.clock.now(), SYSTEM, act, subject, outcome, {})


def _named(item: Backup | Restore | Instance | Lease) -> str:
    """Return what a log may say of a record: no note, reason or endpoint."""
    return item.id if isinstance(item, Backup | Restore) else item.name
