"""Reconcile: make the records say what is true after crashes, deadlines and deaths; at start and every half minute."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from core.catalog import Catalog
from core.errors import Interrupted, NotRestorable, OperationError, SafeholdError
from core.model.backup import Backup, BackupState, Proof
from core.model.instance import Instance, InstanceState
from core.model.manifest import Manifest
from core.model.person import SYSTEM
from core.model.restore import Restore, RestoreState, plan_broken
from core.ports import Clock, Runner
from core.runtime.identity import alive
from core.services.adapters import Adapters
from core.services.decide_restore import WAITING
from core.services.failures import FailureLog
from core.services.initiate_restore import InitiateRestore
from core.services.instances import READY, DestroyInstance, destroy_run
from core.services.prove_backup import ProveBackup
from core.services.run_restore import PROVISIONING, RUNNING
from core.services.verify_backup import KEPT

OPEN = frozenset({BackupState.PENDING, BackupState.RUNNING})
SECONDS_WITHOUT_A_BEAT = 45
"""A process on another machine is taken for dead after nine missed heartbeats; on this one we look."""

logger = logging.getLogger(__name__)
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Reconcile:
    """Settle what dead processes left and what time has overtaken. Any process may do it, also two at once."""

    catalog: Catalog
    adapters: Adapters
    clock: Clock
    runner: Runner
    prove: ProveBackup
    failures: FailureLog
    initiate: InitiateRestore
    destroy: DestroyInstance
    owner: str

    def __call__(self, *, take_over: bool) -> None:
        """Look at everything that is open. `take_over`: also run what is approved or half destroyed and orphaned.

        One item that can't be settled is logged and tried again next time; it does not keep the others waiting.
        """
        lost = self._lost_owners()
        self._each((b for b in self.catalog.backups.open_ones() if b.owner in lost), self._settle_backup)
        open_restores = self.catalog.restores.open_ones()
        self._each((r for r in open_restores if r.owner in lost), self._settle_restore)
        self._each((r for r in open_restores if r.state is RestoreState.WAITING), self._settle_waiting)
        self._release_leases(lost)
        self._each(self.catalog.instances.current(), self._settle_instance)
        if take_over:
            self._each((r for r in open_restores if r.state is RestoreState.APPROVED), self._take_over)
        for owner in lost:
            self.catalog.processes.forget(owner)

    def _lost_owners(self) -> frozenset[str]:
        now, known, lost = self.clock.now(), set[str](), set[str]()
        for process in self.catalog.processes.all():
            known.add(process.owner)
            living = alive(process.owner)
            if living is None:
                living = (now - process.beat_at).total_seconds() < SECONDS_WITHOUT_A_BEAT
            if not living:
                lost.add(process.owner)
        lost.discard(self.owner)
        owners = {backup.owner for backup in self.catalog.backups.open_ones()}
        owners |= {restore.owner for restore in self.catalog.restores.open_ones() if restore.owner}
        owners |= {lease.owner for lease in self.catalog.leases.held()}
        return frozenset(lost | (owners - known - {self.owner}))

    def _each(self, items: Iterable[Item], settle: Callable[[Item], None]) -> None:
        for item in tuple(items):
            try:
                settle(item)
            except SafeholdError:
                logger.exception("could not be settled now, will be tried again: %s", item)

    # Backups

    def _settle_backup(self, backup: Backup) -> None:
        """Call it good where its manifest was written; else remove what is left and say that it was interrupted."""
        source = self.adapters.sources.get(backup.source)
        if source is not None:
            self.adapters.engine(source.engine).discard(source, backup.id)
        self.prove.sweep(backup.id)
        vault = self.adapters.vault(backup.vault)
        try:
            manifest = vault.manifest(backup.source, backup.id)
        except NotRestorable:
            vault.discard(backup.source, backup.id)
            self._interrupt_backup(backup)
            return
        self.catalog.backups.move(backup.id, OPEN, **_from_manifest(manifest), finished_at=self.clock.now(), step=None)
        self._audit("backup-ended", backup.id, "good after an interruption")

    def _interrupt_backup(self, backup: Backup) -> None:
        step = backup.step.name if backup.step else ""
        error = Interrupted(
            "Safehold was stopped in the middle of it.", hint="Leftovers are removed, nothing was stored. Retry."
        )
        now = self.clock.now()
        failure = self.failures.keep(backup.id, step, error, at=now)
        self.catalog.backups.move(
            backup.id, OPEN, state=BackupState.INTERRUPTED, failure=failure, finished_at=now, step=None
        )
        self._audit("backup-ended", backup.id, "interrupted")

    # Restores and their instances

    def _settle_restore(self, restore: Restore) -> None:
        plan, now = restore.plan, self.clock.now()
        self.prove.sweep(restore.id)
        error = Interrupted(
            "Safehold was stopped in the middle of it.", hint="The unfinished instance is removed. Ask again."
        )
        failure = self.failures.keep(restore.id, restore.step.name if restore.step else "", error, at=now)
        self.adapters.provisioner(plan.provisioner).destroy(plan.instance)
        self.catalog.instances.move(plan.instance, PROVISIONING, state=InstanceState.FAILED, failure=failure, step=None)
        self.catalog.restores.move(
            restore.id, RUNNING, state=RestoreState.INTERRUPTED, failure=failure, finished_at=now, step=None
        )
        self._audit("restore-ended", restore.id, "interrupted")

    def _settle_waiting(self, restore: Restore) -> None:
        now = self.clock.now()
        if now >= restore.expires_at:
            self.catalog.restores.move(restore.id, WAITING, state=RestoreState.EXPIRED, finished_at=now)
            self._audit("restore-ended", restore.id, "expired")
        elif plan_broken(restore, self.catalog.backups.get(restore.plan.backup_id)):
            self.catalog.restores.move(restore.id, WAITING, state=RestoreState.VOID, finished_at=now)
            self._audit("restore-ended", restore.id, "void")

    def _take_over(self, restore: Restore) -> None:
        if self.runner.wait(restore.id, 0):
            self.initiate(restore)

    def _settle_instance(self, instance: Instance) -> None:
        if instance.state is InstanceState.PROVISIONING:
            self._settle_provisioning(instance)
        elif instance.state is InstanceState.DESTROYING:
            if self.runner.wait(destroy_run(instance.name), 0):
                self.destroy.resume(instance)
        elif self.clock.now() >= instance.lease_ends_at:
            self.destroy.begin(instance, SYSTEM, "its lease ended")
        elif instance.state is InstanceState.READY:
            self._look_at(instance)

    def _settle_provisioning(self, instance: Instance) -> None:
        """Remove an instance whose restore ended without it: its process died between two records."""
        if self.catalog.restores.get(instance.restore_id).state.open:
            return
        self.adapters.provisioner(instance.provisioner).destroy(instance.name)
        self.catalog.instances.move(instance.name, PROVISIONING, state=InstanceState.FAILED, step=None)

    def _look_at(self, instance: Instance) -> None:
        provisioner = self.adapters.provisioner(instance.provisioner)
        if provisioner.status(instance.name) is InstanceState.READY:
            return
        error = OperationError(
            f"{instance.name} stopped by itself.", hint="Its files are still there. Destroy it, or restore again."
        )
        failure = self.failures.keep(
            instance.name, "running", error, at=self.clock.now(), extra=provisioner.log(instance.name)
        )
        self.catalog.instances.move(instance.name, READY, state=InstanceState.STOPPED, failure=failure)
        self._audit("instance-stopped", instance.name, "noticed")

    # The rest

    def _release_leases(self, lost: frozenset[str]) -> None:
        for lease in self.catalog.leases.held():
            if lease.owner not in lost:
                continue
            self.prove.sweep(lease.run)
            kind, _, backup_id = lease.run.partition(":")
            if kind == "verify":
                self.catalog.backups.move(backup_id, KEPT, step=None)
            self.catalog.leases.release(lease.name, lease.run)

    def _audit(self, act: str, subject: str, outcome: str) -> None:
        self.catalog.audit.append(self.clock.now(), SYSTEM, act, subject, outcome, {})


def _from_manifest(manifest: Manifest) -> dict[str, object]:
    """Return what a record learns from its manifest."""
    proof = manifest.proof
    return {
        "state": BackupState.GOOD,
        "proof": Proof.PROVEN if proof else Proof.VERIFIED,
        "verified_at": manifest.verified_at,
        "size": manifest.archive.size,
        "raw_size": manifest.archive.raw_size,
        "archive_name": manifest.archive.name,
        "archive_sha256": manifest.archive.sha256,
        "versions": manifest.versions,
        "timings": manifest.timings,
        "proven_at": proof.at if proof else None,
        "counts": proof.counts if proof else {},
        "fingerprint": proof.fingerprint if proof else "",
        "warning": "" if proof else "Safehold was restarted before it was proven; the bytes were read back and match.",
    }
