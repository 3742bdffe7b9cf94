"""Verify: re-read the stored bytes of a backup, then open and count a copy of them, whenever somebody asks."""

import threading
from dataclasses import dataclass, field, replace

from core.catalog import Catalog
from core.catalog.leases import RUN_SECONDS
from core.errors import CorruptionError, LeaseHeld, NotRestorable, ProofFailed
from core.model.backup import Backup, BackupState, Proof
from core.model.manifest import Manifest, ProofRecord
from core.model.person import SYSTEM, Person
from core.model.progress import Step
from core.ports import Clock, Runner, Vault
from core.runtime.priority import give_way
from core.services.access import Access, Verb
from core.services.adapters import Adapters
from core.services.failures import FailureLog
from core.services.manifest_turns import ManifestTurns
from core.services.prove_backup import ProveBackup
from core.services.reporting import Reporter
from core.services.stored import as_recorded

KEPT = frozenset({BackupState.GOOD, BackupState.DAMAGED})


def verify_run(backup_id: str) -> str:
    """Return the key of the run that verifies this backup."""
    return f"verify:{backup_id}"


@dataclass(frozen=True, slots=True)
class VerifyBackup:
    """Check a kept backup again. One run at a time for each backup."""

    catalog: Catalog
    adapters: Adapters
    access: Access
    clock: Clock
    runner: Runner
    prove: ProveBackup
    failures: FailureLog
    turns: ManifestTurns
    owner: str
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, reference: str, person: Person) -> Backup:
        """Start the check and return at once; the run's key is `verify_run(id)`.

        Raises:
            UnknownName, AmbiguousId, NotAllowed.
            NotRestorable: nothing of it is stored.
            LeaseHeld: it is being verified already.

        """
        self.access.require(person, Verb.VERIFY, reference)
        backup = self.catalog.backups.find(reference)
        if backup.state not in KEPT:
            raise NotRestorable(
                f"Backup {backup.id} is {backup.state.value}: there are no stored bytes to verify.",
                hint="Choose one that is good.",
            )
        # A lease is given twice to one process and run: the two clicks of a double one take turns.
        with self._turn:
            self._begin(backup, person)
        return backup

    def _begin(self, backup: Backup, person: Person) -> None:
        run, now = verify_run(backup.id), self.clock.now()
        # One that hangs is under way as well, though its lease was given back.
        free = self.runner.wait(run, 0)
        if not free or not self.catalog.leases.acquire(run, self.owner, run, now, RUN_SECONDS):
            raise LeaseHeld(f"Backup {backup.id} is being verified already.", hint="Its row shows how far it is.")
        try:
            self.catalog.audit.append(now, person, "verify", backup.id, "initiated", {})
            self.runner.submit(run, lambda: self._run(backup))
        except BaseException:
            self.catalog.leases.release(run, self.owner, run)
            raise

    def _run(self, backup: Backup) -> None:
        give_way()
        run = verify_run(backup.id)
        report = Reporter(run, self.clock, lambda step: self._show(backup.id, step), self.runner)
        try:
            self._check(backup, report)
        except BaseException as error:
            self._record(backup, report, error)
            raise
        finally:
            try:
                self._show(backup.id, None)
            finally:
                self.catalog.leases.release(run, self.owner, run)

    def _check(self, backup: Backup, report: Reporter) -> None:
        vault, engine = self.adapters.vault(backup.vault), self.adapters.engine(backup.engine)
        report(Step("verifying"))
        manifest = vault.manifest(backup.source, backup.id)
        vault.verify(backup.source, backup.id, manifest.archive, report)
        verified_at = self.clock.now()
        self.catalog.backups.move(backup.id, KEPT, verified_at=verified_at)
        proof = self.prove(run=report.run, engine=engine, vault=vault, manifest=manifest, progress=report)
        if manifest.proof is not None and manifest.proof.fingerprint != proof.fingerprint:
            raise ProofFailed(
                f"Backup {backup.id} opens, but its fingerprint is not the one of its first proof.",
                hint="Don't restore from it. Take a new backup and report this.",
            )
        self._keep(backup, vault, manifest.proven(proof), proof)

    def _keep(self, backup: Backup, vault: Vault, manifest: Manifest, proof: ProofRecord) -> None:
        """Write the proof down in both places, unless the backup was let go meanwhile."""
        with self.turns.of(backup.id):
            current = self.catalog.backups.get(backup.id)
            if current.state not in KEPT:
                return
            # Not as they were when this began: a hold may have been placed since.
            written = as_recorded(manifest, replace(current, state=BackupState.GOOD))
            # Not while the catalog is being written: a vault that hangs would stop everybody.
            vault.commit(written)
            self._record_proof(backup.id, written, proof)

    def _record_proof(self, backup_id: str, written: Manifest, proof: ProofRecord) -> None:
        with self.catalog.write():
            now_good = replace(self.catalog.backups.get(backup_id), state=BackupState.GOOD)
            proven = self.catalog.backups.move(
                backup_id,
                KEPT,
                state=BackupState.GOOD,
                proof=Proof.PROVEN,
                proven_at=proof.at,
                counts=proof.counts,
                fingerprint=proof.fingerprint,
                failure=None,
                warning="",
                # A hold may have been placed while the vault was written.
                unsaved=as_recorded(written, now_good) != written,
            )
            if proven is not None:
                self.catalog.audit.append(self.clock.now(), SYSTEM, "verify-ended", backup_id, "proven", {})

    def _show(self, backup_id: str, step: Step | None) -> None:
        self.catalog.backups.move(backup_id, KEPT, step=step)

    def _record(self, backup: Backup, report: Reporter, error: BaseException) -> None:
        failure = self.failures.keep(report.run, report.step, error, at=self.clock.now())
        damaged = isinstance(error, (CorruptionError, ProofFailed, NotRestorable))
        if damaged:
            self.catalog.backups.move(backup.id, KEPT, state=BackupState.DAMAGED, failure=failure, unsaved=True)
        else:
            self.catalog.backups.move(backup.id, KEPT, warning=f"Not verified: {failure.message} {failure.hint}")
        self.catalog.audit.append(
            self.clock.now(),
            SYSTEM,
            "verify-ended",
            backup.id,
            "damaged" if damaged else "failed",
            {"reference": failure.reference},
        )
