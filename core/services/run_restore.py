"""The run of one restore: check, unpack, prepare, start, compare, and only then call the instance ready."""

import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from core.catalog import Catalog
from core.errors import Cancelled, FingerprintDiffers, Interrupted, PlanChanged, PortInUse, RestoreFailed, SafeholdError
from core.model.instance import InstanceState
from core.model.manifest import Manifest, ProofRecord
from core.model.person import SYSTEM
from core.model.place import Place
from core.model.plan import RestorePlan
from core.model.progress import Step
from core.model.restore import Restore, RestoreState, plan_broken
from core.ports import Clock, Engine, Provisioner, Runner
from core.runtime.files import remove_tree
from core.runtime.ports import require_free
from core.services.adapters import Adapters
from core.services.failures import FailureLog, void
from core.services.prove_backup import ProveBackup
from core.services.reporting import Reporter

APPROVED = frozenset({RestoreState.APPROVED})
RUNNING = frozenset({RestoreState.RUNNING})
PROVISIONING = frozenset({InstanceState.PROVISIONING})
SECONDS_TO_ANSWER = 180
"""A JanusGraph server is ready in 3 to 39 s on two busy cores; a loaded machine gets more."""
SECONDS_BETWEEN_LOOKS = 0.5
MOST_MOVES = 3
"""How often an instance gets another port because the one it was given was taken before it listened."""


@dataclass(frozen=True, slots=True)
class RunRestore:
    """Do what an approved restore asks for, and record how it ended, whatever happens."""

    catalog: Catalog
    adapters: Adapters
    clock: Clock
    runner: Runner
    prove: ProveBackup
    failures: FailureLog
    owner: str

    def __call__(self, restore_id: str) -> None:
        """Run the restore, if nobody else does.

        Raises:
            SafeholdError: what ended it, after it was recorded and what it made was removed.

        """
        now = self.clock.now()
        restore = self.catalog.restores.move(
            restore_id, APPROVED, state=RestoreState.RUNNING, started_at=now, owner=self.owner, step=Step("checking")
        )
        if restore is None:
            return
        report = Reporter(restore.id, self.clock, lambda step: self._show(restore, step), self.runner)
        place: Place | None = None
        try:
            self._require_plan(restore)
            manifest = self._manifest(restore.plan, report)
            place = self._reserve(restore.plan)
            self._bring_up(restore, manifest, place, report)
        except BaseException as error:
            self._record(restore, report, error, made=place is not None)
            raise

    def _show(self, restore: Restore, step: Step) -> None:
        self.catalog.restores.report(restore.id, step)
        self.catalog.instances.report(restore.plan.instance, step)

    def _require_plan(self, restore: Restore) -> None:
        change = plan_broken(restore, self.catalog.backups.get(restore.plan.backup_id))
        if change:
            raise void(change)

    def _reserve(self, plan: RestorePlan) -> Place:
        serves = self.adapters.engine(plan.engine).serves
        return self.adapters.provisioner(plan.provisioner).reserve(plan.instance, port=serves)

    def _bring_up(self, restore: Restore, manifest: Manifest, place: Place, report: Reporter) -> None:
        plan = restore.plan
        engine, provisioner = self.adapters.engine(plan.engine), self.adapters.provisioner(plan.provisioner)
        proof = self._prepare(manifest, engine, place, report)
        equal = _compared(manifest, proof)
        endpoint = self._start(manifest, engine, provisioner, place, report)
        self._ready(restore, proof, endpoint, equal=equal)

    def _ready(self, restore: Restore, proof: ProofRecord, endpoint: str, *, equal: bool | None) -> None:
        """Record restore and instance as ready in one: nobody ever sees the one without the other.

        The lease counts from now: a restore may take longer than its instance is wanted for.
        """
        plan, began, ended = restore.plan, restore.started_at or restore.requested_at, self.clock.now()
        with self.catalog.write():
            instance = self.catalog.instances.move(
                plan.instance,
                PROVISIONING,
                state=InstanceState.READY,
                endpoint=endpoint,
                ready_at=ended,
                lease_ends_at=ended + timedelta(seconds=plan.lifetime_seconds),
                seconds=round((ended - began).total_seconds(), 1),
                fingerprint=proof.fingerprint,
                fingerprint_equal=equal,
                counts=proof.counts,
                checked=proof.checked,
                step=None,
            )
            current = self.catalog.restores.get(restore.id)
            if instance is None or current.state is not RestoreState.RUNNING or current.owner != self.owner:
                raise Interrupted("Another Safehold took this one for dead meanwhile.", hint="Ask again.")
            self.catalog.restores.move(restore.id, RUNNING, state=RestoreState.READY, finished_at=ended, step=None)
            detail = {"instance": plan.instance, "endpoint": endpoint}
            self.catalog.audit.append(ended, SYSTEM, "restore-ended", restore.id, "ready", detail)

    def _manifest(self, plan: RestorePlan, report: Reporter) -> Manifest:
        """Return the manifest, with a fingerprint to compare with: a backup that was never proven is proven first."""
        backup = self.catalog.backups.get(plan.backup_id)
        vault = self.adapters.vault(backup.vault)
        manifest = vault.manifest(plan.source, plan.backup_id)
        if manifest.archive.sha256 != plan.archive_sha256:
            raise void("the archive in the vault is not the one in the plan")
        if manifest.proof is None:
            proof = self.prove(report.run, self.adapters.engine(plan.engine), vault, manifest, report)
            manifest = manifest.proven(proof)
        return manifest

    def _prepare(self, manifest: Manifest, engine: Engine, place: Place, report: Reporter) -> ProofRecord:
        vault = self.adapters.vault(self.catalog.backups.get(manifest.backup_id).vault)
        folder = place.directory / ".unpacked"
        folder.mkdir(mode=0o700)
        try:
            unpacked = vault.unpack(manifest, folder, report)
            return engine.prepare(unpacked, manifest, place, report)
        finally:
            remove_tree(folder)

    def _start(
        self, manifest: Manifest, engine: Engine, provisioner: Provisioner, place: Place, report: Reporter
    ) -> str:
        """Start the instance and wait until it answers; on another port where somebody has taken the one it was given.

        Its port was free when it was chosen, but is listened on only some ten seconds later.
        """
        for _ in range(MOST_MOVES):
            with suppress(PortInUse):
                return self._started(manifest, engine, provisioner, place, report)
            place = provisioner.move(place.name)
        return self._started(manifest, engine, provisioner, place, report)

    def _started(
        self, manifest: Manifest, engine: Engine, provisioner: Provisioner, place: Place, report: Reporter
    ) -> str:
        report(Step("starting"))
        endpoint = provisioner.start(place, engine.launch(place), manifest) or engine.endpoint(place)
        self._await(engine, provisioner, place, report)
        return endpoint

    def _await(self, engine: Engine, provisioner: Provisioner, place: Place, report: Reporter) -> None:
        pause = threading.Event()
        deadline = self.clock.monotonic() + SECONDS_TO_ANSWER
        while not engine.answers(place):
            report(Step("starting"))
            if provisioner.status(place.name) is not InstanceState.READY:
                if place.port:
                    require_free(place.host, place.port)
                raise RestoreFailed(
                    "The new instance stopped while it started.",
                    hint="Its log is kept in the failure log. Nothing else was touched; you can ask again.",
                )
            if self.clock.monotonic() > deadline:
                raise RestoreFailed(
                    f"The new instance did not answer within {SECONDS_TO_ANSWER} s.",
                    hint="Its log is kept in the failure log. Is the machine overloaded? You can ask again.",
                )
            pause.wait(SECONDS_BETWEEN_LOOKS)

    def _record(self, restore: Restore, report: Reporter, error: BaseException, *, made: bool) -> None:
        """Keep the logs, remove the rest, and record why it ended."""
        plan, now = restore.plan, self.clock.now()
        provisioner = self.adapters.provisioner(plan.provisioner)
        extra = _log_of(provisioner, plan.instance) if made else ""
        failure = self.failures.keep(restore.id, report.step, error, at=now, extra=extra)
        if made:
            self._remove(provisioner, restore)
        ended = self.clock.now()
        with self.catalog.write():
            self.catalog.instances.move(
                plan.instance, PROVISIONING, state=InstanceState.FAILED, failure=failure, step=None
            )
            moved = self.catalog.restores.move(
                restore.id, RUNNING, state=_ended(error), finished_at=ended, failure=failure, step=None
            )
            if moved is not None:
                detail = {"reference": failure.reference}
                self.catalog.audit.append(ended, SYSTEM, "restore-ended", restore.id, failure.code, detail)

    def _remove(self, provisioner: Provisioner, restore: Restore) -> None:
        try:
            provisioner.destroy(restore.plan.instance)
        except SafeholdError as left:
            # Reconciling destroys it again; that the restore failed must be known now.
            self.failures.keep(restore.id, "cleaning up", left, at=self.clock.now())


def _compared(manifest: Manifest, proof: ProofRecord) -> bool | None:
    """Say that the data are those of the backup; None where there is nothing to compare with.

    Raises:
        FingerprintDiffers: they are not.

    """
    if manifest.proof is None:
        return None
    if (manifest.proof.fingerprint, manifest.proof.counts) != (proof.fingerprint, proof.counts):
        raise FingerprintDiffers(
            "The restored data are not the data of the backup: their fingerprints differ.",
            hint="The instance was removed. Verify the backup, and restore another one.",
            detail=f"backup {manifest.proof.fingerprint} {manifest.proof.counts}; restored {proof}",
        )
    return True


def _ended(error: BaseException) -> RestoreState:
    if isinstance(error, Cancelled):
        return RestoreState.CANCELLED
    if isinstance(error, PlanChanged):
        return RestoreState.VOID
    return RestoreState.INTERRUPTED if isinstance(error, Interrupted) else RestoreState.FAILED


def _log_of(provisioner: Provisioner, name: str) -> str:
    try:
        return provisioner.log(name)
    except SafeholdError as error:
        return f"(no log: {error})"
