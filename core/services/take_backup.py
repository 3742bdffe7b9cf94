"""The run of one backup: capture, store, verify, then prove where it is due."""

import logging
from dataclasses import dataclass, replace
from datetime import timedelta

from core.catalog import Catalog
from core.errors import (
    Cancelled,
    CaptureFailed,
    CorruptionError,
    Interrupted,
    NotEnoughSpace,
    ProofFailed,
    SafeholdError,
)
from core.model.backup import Backup, BackupState, Proof
from core.model.image import Image
from core.model.manifest import Manifest, StoredArchive
from core.model.person import SYSTEM
from core.model.progress import Step
from core.model.source import Prove, Source
from core.ports import Clock, Runner
from core.runtime.priority import give_way
from core.services.adapters import Adapters
from core.services.failures import FailureLog
from core.services.prove_backup import ProveBackup
from core.services.reporting import Reporter

RUNNING = frozenset({BackupState.RUNNING})
PENDING = frozenset({BackupState.PENDING})
SHRUNK = 0.5
"""A backup of less than this part of the last good one's size is a warning: green ticks over nearly empty dumps."""
ROOM = 1.1
"""What a vault must have free, as a multiple of the last good archive (or of the raw size where there is none)."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TakeBackup:
    """Do what a pending backup asks for, and record how it ended, whatever happens."""

    catalog: Catalog
    adapters: Adapters
    clock: Clock
    runner: Runner
    prove: ProveBackup
    failures: FailureLog

    def __call__(self, backup_id: str) -> None:
        """Run the backup; a run that was settled or cancelled before it began is left alone.

        Raises:
            SafeholdError: what ended it, after it was recorded.

        """
        started = self.catalog.backups.move(
            backup_id, PENDING, state=BackupState.RUNNING, started_at=self.clock.now(), step=Step("capturing")
        )
        if started is None:
            return
        give_way()
        report = Reporter(backup_id, self.clock, lambda step: self.catalog.backups.report(backup_id, step), self.runner)
        try:
            manifest = self._store(started, report)
            warning = self._prove(started, manifest, report)
            self._finish(started, report, warning)
        except BaseException as error:
            self._record(started, report, error)
            raise

    def _store(self, backup: Backup, report: Reporter) -> Manifest:
        source = self.adapters.source(backup.source)
        engine, vault = self.adapters.engine(source.engine), self.adapters.vault(source.vault)
        report(Step("checking"))
        with report.timed("check"):
            facts = engine.inspect(source)
            self._require_room(source, facts.size_bytes)
        try:
            with report.timed("capture"):
                image = engine.capture(source, backup.id, report)
            with report.timed("store"):
                stored = vault.put(source.name, backup.id, image, report)
        finally:
            engine.discard(source, backup.id)
        if stored.raw_size == 0:
            raise CaptureFailed("The image holds no data.", hint="Look at the source's directory: it is empty.")
        with report.timed("verify"):
            vault.verify(source.name, backup.id, stored, report)
        image = replace(image, facts={**facts.facts, **image.facts}, versions={**facts.versions, **image.versions})
        manifest = self._manifest(backup, image, stored, report)
        vault.commit(manifest)
        self.catalog.backups.move(backup.id, RUNNING, **_stored(manifest, report))
        return manifest

    def _manifest(self, backup: Backup, image: Image, stored: StoredArchive, report: Reporter) -> Manifest:
        # Tiers may have been added by a request that joined meanwhile.
        current = self.catalog.backups.get(backup.id)
        return Manifest(
            backup_id=backup.id,
            source=backup.source,
            engine=backup.engine,
            tiers=tuple(sorted(current.tiers)),
            requested_by=backup.requested_by.id,
            requested_by_name=backup.requested_by.name,
            door=backup.requested_by.door.value,
            note=backup.note,
            requested_at=backup.requested_at,
            captured_at=image.captured_at,
            verified_at=self.clock.now(),
            archive=stored,
            versions=image.versions,
            facts=image.facts,
            timings=dict(report.timings),
        )

    def _require_room(self, source: Source, raw_size: int) -> None:
        last = self.catalog.backups.newest_good(source.name)
        wanted = int(ROOM * (last.size if last else raw_size))
        free = self.adapters.vault(source.vault).free_bytes()
        if free < wanted:
            raise NotEnoughSpace(
                f"The vault {source.vault} has {free / 1e6:.1f} MB left, {wanted / 1e6:.1f} are needed.",
                hint=f"Nothing was stored, {source.name} was not touched. Make room in the vault, then retry.",
            )

    def _prove(self, backup: Backup, manifest: Manifest, report: Reporter) -> str:
        """Prove the backup where it is due; return a warning where that could not be tried."""
        source = self.adapters.source(backup.source)
        if not self._due(source):
            return ""
        engine, vault = self.adapters.engine(source.engine), self.adapters.vault(source.vault)
        try:
            with report.timed("prove"):
                proof = self.prove(backup.id, engine, vault, manifest, report)
        except (ProofFailed, CorruptionError):
            raise
        except (Cancelled, Interrupted) as error:
            return f"Not proven: {error.message} The bytes were read back and match."
        except SafeholdError as error:
            self.failures.keep(backup.id, "proving", error, at=self.clock.now())
            return f"Not proven: {error.message} {error.hint}".strip()
        proven = replace(manifest, timings=dict(report.timings)).proven(proof)
        vault.commit(proven)
        self.catalog.backups.move(
            backup.id,
            RUNNING,
            proof=Proof.PROVEN,
            proven_at=proof.at,
            counts=proof.counts,
            fingerprint=proof.fingerprint,
        )
        return ""

    def _due(self, source: Source) -> bool:
        if source.prove in {Prove.EACH, Prove.NEVER}:
            return source.prove is Prove.EACH
        last = self.catalog.backups.last_proven_at(source.name)
        # An hour less than the period, so that a daily backup that starts a little early is still proven.
        period = timedelta(days=1 if source.prove is Prove.DAILY else 7) - timedelta(hours=1)
        return last is None or self.clock.now() - last >= period

    def _finish(self, backup: Backup, report: Reporter, warning: str) -> None:
        finished = self.catalog.backups.move(
            backup.id,
            RUNNING,
            state=BackupState.GOOD,
            finished_at=self.clock.now(),
            step=None,
            timings=dict(report.timings),
            warning=self._shrunk(backup) or warning,
        )
        outcome = finished.proof.value if finished else "overtaken"
        self.catalog.audit.append(self.clock.now(), SYSTEM, "backup-ended", backup.id, outcome, {})

    def _shrunk(self, backup: Backup) -> str:
        last, current = self.catalog.backups.newest_good(backup.source), self.catalog.backups.get(backup.id)
        if last is None or last.id == backup.id or current.size >= last.size * SHRUNK:
            return ""
        return (
            f"Much smaller than the last good backup: {current.size / 1e6:.1f} MB after {last.size / 1e6:.1f}. "
            "Check that the source still holds what it should."
        )

    def _record(self, backup: Backup, report: Reporter, error: BaseException) -> None:
        """Remove what the run left and record why it ended."""
        source = self.adapters.source(backup.source)
        current = self.catalog.backups.get(backup.id)
        if not current.archive_stored:
            self._leave_nothing(source, backup.id)
        failure = self.failures.keep(backup.id, report.step, error, at=self.clock.now())
        state = _ended(error, current)
        self.catalog.backups.move(
            backup.id,
            RUNNING,
            state=state,
            finished_at=self.clock.now(),
            step=None,
            timings=dict(report.timings),
            failure=None if state is BackupState.GOOD else failure,
            warning=f"Not proven: {failure.message} {failure.hint}" if state is BackupState.GOOD else "",
        )
        self.catalog.audit.append(
            self.clock.now(), SYSTEM, "backup-ended", backup.id, "failed", {"reference": failure.reference}
        )

    def _leave_nothing(self, source: Source, backup_id: str) -> None:
        try:
            self.adapters.vault(source.vault).discard(source.name, backup_id)
        except SafeholdError as left:
            # The vault may be the very thing that failed; settling tries again, and the record must be written.
            logger.warning("%s: leftovers stay in the vault for now: %s", backup_id, left)


def _ended(error: BaseException, current: Backup) -> BackupState:
    if current.archive_stored:
        # Its bytes were read back: only their own fault makes it anything but good.
        damaged = isinstance(error, (ProofFailed, CorruptionError))
        return BackupState.DAMAGED if damaged else BackupState.GOOD
    if isinstance(error, Interrupted):
        return BackupState.INTERRUPTED
    return BackupState.CANCELLED if isinstance(error, Cancelled) else BackupState.FAILED


def _stored(manifest: Manifest, report: Reporter) -> dict[str, object]:
    return {
        "proof": Proof.VERIFIED,
        "verified_at": manifest.verified_at,
        "size": manifest.archive.size,
        "raw_size": manifest.archive.raw_size,
        "archive_name": manifest.archive.name,
        "archive_sha256": manifest.archive.sha256,
        "versions": manifest.versions,
        "timings": dict(report.timings),
    }
