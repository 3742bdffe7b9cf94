"""The run of one backup: capture, store, verify, then prove where it is due."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime

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
from core.model.backup import Backup, BackupState, Failure, Tier
from core.model.image import Image
from core.model.manifest import Manifest, StoredArchive
from core.model.person import SYSTEM
from core.model.progress import Step
from core.model.source import Source, proof_is_due
from core.ports import Clock, Runner
from core.runtime.priority import AWAITED, UNATTENDED, give_way
from core.services.adapters import Adapters
from core.services.adopt_stored import ENDED_BADLY, adopt_stored, good_as_recorded, is_stored
from core.services.failures import FailureLog
from core.services.prove_backup import ProveBackup
from core.services.reporting import Reporter
from core.services.stored import as_recorded, good_fields, read_stored, stored_fields

RUNNING = frozenset({BackupState.RUNNING})
PENDING = frozenset({BackupState.PENDING})
GOOD = frozenset({BackupState.GOOD})
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
            backup_id, PENDING, state=BackupState.RUNNING, started_at=self.clock.now(), step=Step("checking")
        )
        if started is None:
            return
        report = Reporter(backup_id, self.clock, lambda step: self.catalog.backups.report(backup_id, step), self.runner)
        try:
            manifest = self._store(started, report)
            manifest, warning = self._prove(started, manifest, report)
            self._finish(started, manifest, report, warning)
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
            # From here on nothing of the source is held: it goes first, we take what it leaves.
            give_way(AWAITED if Tier.ON_DEMAND in backup.tiers else UNATTENDED)
            with report.timed("store"):
                stored = vault.put(source.name, backup.id, image, report)
        finally:
            engine.discard(source, backup.id)
        if stored.raw_size == 0:
            raise CaptureFailed("The image holds no data.", hint="Look at the source's directory: it is empty.")
        with report.timed("verify"):
            vault.verify(source.name, backup.id, stored, report)
        image = replace(image, facts={**facts.facts, **image.facts}, versions={**facts.versions, **image.versions})
        return self._commit(backup, self._manifest(backup, image, stored, report))

    def _commit(self, backup: Backup, manifest: Manifest) -> Manifest:
        """Write the manifest, then record it: it is ours, or it is over. Returns what was written.

        The vault is not asked while the catalog is being written: one that hangs would stop everybody. Whoever settles
        this run meanwhile goes by what is in the vault; who joins meanwhile is looked at when it is finished.

        Raises:
            Interrupted: another process took this one for dead, or the run was ended from outside.

        """
        written = as_recorded(manifest, self._require_ours(backup))
        self.adapters.vault(backup.vault).commit(written)
        with self.catalog.write():
            self._require_ours(backup)
            self.catalog.backups.move(backup.id, RUNNING, **stored_fields(written))
        return written

    def _require_ours(self, backup: Backup) -> Backup:
        current = self.catalog.backups.get(backup.id)
        if current.state is not BackupState.RUNNING or current.owner != backup.owner:
            raise Interrupted("Another Safehold took this one for dead meanwhile.", hint="Retry.")
        return current

    def _manifest(self, backup: Backup, image: Image, stored: StoredArchive, report: Reporter) -> Manifest:
        return Manifest(
            backup_id=backup.id,
            source=backup.source,
            engine=backup.engine,
            tiers=tuple(sorted(backup.tiers)),
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
            started_at=backup.started_at,
            due_at=backup.due_at,
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

    def _prove(self, backup: Backup, manifest: Manifest, report: Reporter) -> tuple[Manifest, str]:
        """Prove the backup where it is due; return its manifest, and a warning where that could not be tried."""
        source = self.adapters.source(backup.source)
        if not proof_due(self.catalog, source, self.clock.now()):
            return manifest, ""
        engine, vault = self.adapters.engine(source.engine), self.adapters.vault(source.vault)
        try:
            with report.timed("prove"):
                proof = self.prove(backup.id, engine, vault, manifest, report)
            return self._commit(backup, replace(manifest, timings=dict(report.timings)).proven(proof)), ""
        except (ProofFailed, CorruptionError):
            raise
        except (Cancelled, Interrupted) as error:
            return manifest, f"Not proven: {error.message} The bytes were read back and match."
        except SafeholdError as error:
            self.failures.keep(backup.id, "proving", error, at=self.clock.now())
            return manifest, f"Not proven: {error.message} {error.hint}".strip()

    def _finish(self, backup: Backup, manifest: Manifest, report: Reporter, warning: str) -> None:
        now, shown = self.clock.now(), self._shrunk(backup) or warning
        with self.catalog.write():
            current = self.catalog.backups.get(backup.id)
            finished = self.catalog.backups.move(
                backup.id,
                RUNNING,
                state=BackupState.GOOD,
                finished_at=now,
                step=None,
                timings=dict(report.timings),
                warning=shown,
                unsaved=as_recorded(manifest, current) != manifest,
            )
            if finished is not None:
                self.catalog.audit.append(now, SYSTEM, "backup-ended", backup.id, finished.proof.value, {})

    def _shrunk(self, backup: Backup) -> str:
        last, current = self.catalog.backups.newest_good(backup.source), self.catalog.backups.get(backup.id)
        if last is None or last.id == backup.id or current.size >= last.size * SHRUNK:
            return ""
        return (
            f"Much smaller than the last good backup: {current.size / 1e6:.1f} MB after {last.size / 1e6:.1f}. "
            "Check that the source still holds what it should."
        )

    def _record(self, backup: Backup, report: Reporter, error: BaseException) -> None:
        """Remove what the run left and record why it ended: the vault says whether there is a backup."""
        failure = self.failures.keep(backup.id, report.step, error, at=self.clock.now())
        manifest = self._left(backup)
        changes, now = self._outcome(backup, manifest, error, failure), self.clock.now()
        # Damage that was found holds also where the run was ended from outside before it was.
        damaged = changes["state"] is BackupState.DAMAGED
        with self.catalog.write():
            ended = self.catalog.backups.move(
                backup.id,
                RUNNING | ENDED_BADLY | GOOD if damaged else RUNNING,
                **{**changes, "timings": dict(report.timings), "finished_at": now, "step": None},
            )
            if ended is not None:
                detail = {"reference": failure.reference}
                self.catalog.audit.append(now, SYSTEM, "backup-ended", backup.id, ended.state.value, detail)
        if ended is None and manifest is not None:
            adopt_stored(self.catalog, self.clock, manifest)

    def _outcome(
        self, backup: Backup, manifest: Manifest | None, error: BaseException, failure: Failure
    ) -> dict[str, object]:
        """Say what became of the run. What is stored can't be made any worse by what came after it was read back."""
        current = self.catalog.backups.get(backup.id)
        if manifest is None and not is_stored(current):
            return {"state": _ended(error), "failure": failure}
        if isinstance(error, (ProofFailed, CorruptionError)):
            stored = stored_fields(manifest) if manifest is not None else {}
            return {**stored, "state": BackupState.DAMAGED, "failure": failure, "unsaved": True}
        if manifest is None:
            return good_as_recorded(current, failure.message)
        return good_fields(current, manifest, failure.message)

    def _left(self, backup: Backup) -> Manifest | None:
        """Return the manifest if the run came so far; else remove what there is of it. None also where none can tell.

        A manifest whose record could not be written, or that can't be read now, is found by the next sweep.
        """
        vault = self.adapters.vault(backup.vault)
        try:
            manifest = read_stored(vault, backup)
            if manifest is None:
                vault.discard(backup.source, backup.id)
        except SafeholdError as left:
            # The vault may be the very thing that failed: the record must be written all the same.
            logger.warning("%s: leftovers may stay in the vault: %s", backup.id, left)
            return None
        return manifest


def proof_due(catalog: Catalog, source: Source, now: datetime) -> bool:
    """Say whether a backup of a source that is taken now is to be proven."""
    return proof_is_due(source.prove, catalog.backups.last_proven_at(source.name), now)


def _ended(error: BaseException) -> BackupState:
    if isinstance(error, Interrupted):
        return BackupState.INTERRUPTED
    return BackupState.CANCELLED if isinstance(error, Cancelled) else BackupState.FAILED
