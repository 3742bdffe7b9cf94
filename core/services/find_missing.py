"""Finds records whose bytes are gone from their vault, before retention counts on them, and those that are back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.catalog import Catalog
from core.errors import BytesMissing, CorruptionError, NotRestorable, SafeholdError
from core.model.backup import Backup, BackupState
from core.model.notice import Notice, NoticeKind
from core.model.person import SYSTEM
from core.ports import Clock, Vault
from core.services.adapters import Adapters
from core.services.failures import failure_of

WITH_BYTES = frozenset({BackupState.GOOD, BackupState.EXPIRED})
STAYED = frozenset({BackupState.DAMAGED, BackupState.EXPIRED})
MOST_EXAMPLES = 5
BACK = "Its bytes were gone from the vault for a while and are back; they were not read since. Verify reads them."

Loss = tuple[Backup, SafeholdError]


@dataclass(frozen=True, slots=True)
class FindMissing:
    """Compare the records of a source with what lies in the vaults: what is gone is damaged from now on, and told.

    It costs a look at each name of the source in the vault; no archive is read.
    """

    catalog: Catalog
    adapters: Adapters
    clock: Clock

    def __call__(self, source: str) -> frozenset[str]:
        """Mark what is gone; return the ids of those whose vault is no longer configured: nobody can look at them.

        Raises:
            VaultUnavailable: a vault can't be read, so nothing can be said of what is in it.

        """
        listed = [backup for backup in self.catalog.retained.stored(source) if backup.state in WITH_BYTES]
        for name in sorted({backup.vault for backup in listed} & self.adapters.vaults.keys()):
            if lost := list(self.mark(self.adapters.vault(name), source)):
                tell_lost(self.catalog, name, lost, self.clock.now())
        return frozenset(backup.id for backup in listed if backup.vault not in self.adapters.vaults)

    def mark(self, vault: Vault, source: str) -> Iterator[Loss]:
        """Mark as damaged what one vault holds no bytes of, or too few; yield each, and what is wrong with it.

        Raises:
            VaultUnavailable.

        """
        sizes = {entry.backup_id: entry.archive_size for entry in vault.entries(source) if entry.committed}
        for backup in self.catalog.retained.stored(source):
            if backup.vault != vault.name:
                continue
            there = sizes.get(backup.id) == backup.size
            if backup.missing:
                if there and _what_is_wrong(vault, backup) is None:
                    self._found(backup)
            elif backup.state in WITH_BYTES and not there:
                # What was stored after the vault was listed is asked for by its name.
                error = _what_is_wrong(vault, backup)
                if error is not None and lose(self.catalog, backup, error, self.clock.now()):
                    yield backup, error

    def _found(self, backup: Backup) -> None:
        """Call a backup good again that was not found for a while: nothing was ever wrong with its bytes."""
        with self.catalog.write():
            back = self.catalog.backups.move(
                backup.id, STAYED, state=BackupState.GOOD, failure=None, expired_at=None, expiry="", warning=BACK
            )
            if back is not None:
                self.catalog.audit.append(self.clock.now(), SYSTEM, "sweep", backup.id, "bytes back", {})


def lose(catalog: Catalog, backup: Backup, error: SafeholdError, now: datetime) -> bool:
    """Call a backup damaged that its vault does not hold, or not whole; say whether that is new.

    What its record has to say to its manifest goes on waiting: the bytes may come back. What was found bad and let go
    stays that: it is not good when they do.
    """
    gone = BytesMissing(error.message, hint=error.hint) if isinstance(error, NotRestorable) else error
    with catalog.write():
        current = catalog.backups.get(backup.id)
        if current.state is BackupState.EXPIRED and current.failure is not None:
            return False
        lost = catalog.backups.move(backup.id, WITH_BYTES, state=BackupState.DAMAGED, failure=failure_of(gone))
        if lost is not None:
            catalog.audit.append(now, SYSTEM, "sweep", backup.id, "bytes gone", {"why": error.message})
    return lost is not None


def tell_lost(catalog: Catalog, vault: str, lost: Sequence[Loss], now: datetime) -> None:
    """Tell what is new of one vault, all of it together."""
    examples = [f"{backup.source} {backup.id}: {error.message}" for backup, error in lost[:MOST_EXAMPLES]]
    facts = {"orphans": 0, "missing": len(lost), "swept": 0, "swept_bytes": 0, "examples": examples}
    catalog.notices.tell(Notice(NoticeKind.VAULT, vault, now.isoformat(), now, facts))


def _what_is_wrong(vault: Vault, backup: Backup) -> SafeholdError | None:
    """Ask the vault itself for one backup: its manifest, and an archive of the size that was stored."""
    try:
        vault.open(vault.manifest(backup.source, backup.id)).close()
    except (NotRestorable, CorruptionError) as error:
        return error
    return None
