"""Save manifests: what changed in a record after its bytes were stored is written into the vault as well."""

import logging
from dataclasses import dataclass, field
from datetime import datetime

from core.catalog import Catalog
from core.errors import CorruptionError, NotRestorable, SafeholdError, UnavailableError
from core.model.backup import Backup, BackupState
from core.services.adapters import Adapters
from core.services.failures import FailureLog
from core.services.find_missing import Loss, lose, tell_lost
from core.services.manifest_turns import ManifestTurns
from core.services.stored import as_recorded

SAVED = frozenset({BackupState.GOOD, BackupState.DAMAGED, BackupState.EXPIRED})
"""Whose manifest is kept up to date. What is being pruned never gets one again."""
MOST_AT_ONCE = 1000
SECONDS_TO_WAIT = 1.0
"""A manifest that somebody else is writing now is for the next time."""
MOST_REFUSALS = 10
"""A vault that could not be used so often in one pass is left until the next one."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class SaveManifests:
    """Bring manifests up to date with tiers, hold and damage, so that the vault alone is enough. A duty.

    What can't be saved now stays marked, is logged once, and tried again. Each vault has its turn, and a pass goes on
    behind the last backup of the one before, so that what can't be saved keeps nothing else waiting. What lies in a
    vault that is no longer configured waits for that.
    """

    catalog: Catalog
    adapters: Adapters
    failures: FailureLog
    turns: ManifestTurns
    _told: set[str] = field(default_factory=set)
    _after: dict[str, str] = field(default_factory=dict)

    def __call__(self, now: datetime) -> None:
        """Save the manifests that do not say what their records say."""
        for name in self.adapters.vaults:
            self._vault(name, now)

    def _vault(self, name: str, now: datetime) -> None:
        lost: list[Loss] = []
        try:
            self._save_all(name, now, lost)
        finally:
            if lost:
                tell_lost(self.catalog, name, lost, now)

    def _save_all(self, name: str, now: datetime, lost: list[Loss]) -> None:
        waiting, refusals = self.catalog.retained.unsaved(MOST_AT_ONCE, name, self._after.get(name, "")), 0
        for backup in waiting:
            self._after[name] = backup.id
            try:
                self._try(backup, now, lost)
            except UnavailableError as error:
                self._waits(backup, error)
                refusals += 1
                if refusals == MOST_REFUSALS:
                    return
            except SafeholdError as error:
                self._waits(backup, error)
        if len(waiting) < MOST_AT_ONCE:
            self._after.pop(name, None)

    def one(self, backup_id: str, now: datetime) -> bool:
        """Save the manifest of one backup at once; say whether it stands in the vault. Raises nothing of the vault's.

        Raises:
            UnknownName: there is no such backup.

        """
        backup, lost = self.catalog.backups.get(backup_id), list[Loss]()
        try:
            return not backup.unsaved or self._try(backup, now, lost)
        except SafeholdError as error:
            self._waits(backup, error)
            return False
        finally:
            if lost:
                tell_lost(self.catalog, backup.vault, lost, now)

    def _try(self, backup: Backup, now: datetime, lost: list[Loss]) -> bool:
        try:
            saved = self._save(backup)
        except NotRestorable as error:
            self._waits(backup, error)
            if lose(self.catalog, backup, error, now):
                lost.append((backup, error))
            return False
        except CorruptionError as error:
            self._damage(backup, error, now)
            saved = False
        self._told.discard(backup.id)
        return saved

    def _waits(self, backup: Backup, error: SafeholdError) -> None:
        if backup.id not in self._told:
            logger.warning("%s: its manifest waits to be brought up to date: %s", backup.id, error)
        self._told.add(backup.id)

    def _save(self, backup: Backup) -> bool:
        if backup.state not in SAVED:
            return False
        vault = self.adapters.vault(backup.vault)
        with self.turns.of(backup.id, SECONDS_TO_WAIT):
            manifest = vault.manifest(backup.source, backup.id)
            # Any change since, be it a hold, a proof or the decision to prune it, is for the next time.
            if not self._is_as(backup):
                return False
            # Not while the catalog is being written: a vault that hangs would stop everybody.
            wanted = as_recorded(manifest, backup)
            if wanted != manifest:
                vault.commit(wanted)
            with self.catalog.write():
                # What another process wrote there in this moment may be gone again: it is looked at once more.
                saved = self._is_as(backup)
                self.catalog.backups.move(backup.id, SAVED, unsaved=not saved)
        return saved

    def _is_as(self, backup: Backup) -> bool:
        return self.catalog.backups.get(backup.id).revision == backup.revision

    def _damage(self, backup: Backup, error: SafeholdError, now: datetime) -> None:
        """Record that the manifest of a backup can't be read: it can't be restored, and never be saved."""
        failure = self.failures.keep(backup.id, "saving its manifest", error, at=now)
        logger.warning("%s is damaged: %s", backup.id, error)
        with self.catalog.write():
            if self._is_as(backup):
                changes = {"state": BackupState.DAMAGED} if backup.state is BackupState.GOOD else {}
                self.catalog.backups.move(backup.id, SAVED, failure=failure, unsaved=False, **changes)
