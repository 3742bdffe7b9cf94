"""Sweep: compare vaults and catalog both ways, remove what ended runs left, and name the rest."""

import hashlib
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.catalog import Catalog
from core.errors import CorruptionError, NotRestorable, SafeholdError, UnknownName, UnsupportedVersion
from core.model.backup import Backup, BackupState
from core.model.naming import CATALOG_SOURCE
from core.model.notice import Notice, NoticeKind
from core.model.person import SYSTEM
from core.model.vault_entry import VaultEntry
from core.ports import Clock, Runner, Vault
from core.services.adapters import Adapters
from core.services.adopt_stored import ENDED_BADLY, adopt_stored
from core.services.find_missing import MOST_EXAMPLES, FindMissing

PERIOD = timedelta(days=1)
SWEPT_AT = "vaults swept"
"""The mark that says when all vaults were last compared, ISO 8601."""
RUN = "sweep"
WITHOUT_BYTES = ENDED_BADLY | {BackupState.PRUNED}

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Swept:
    """What was found in one vault. `swept` leftovers of `swept_bytes` were removed, `young` ones wait for their age.

    `orphans` are whole archives that no record knows, `missing` are records whose bytes are gone, `adopted` ones are
    good after all: their run ended badly after they were stored.
    """

    vault: str
    swept: int = 0
    swept_bytes: int = 0
    young: int = 0
    orphans: int = 0
    missing: int = 0
    adopted: int = 0
    examples: list[str] = field(default_factory=list)
    _alike: int = 0

    @property
    def key(self) -> str:
        """Return what is the same as long as the same is found."""
        return f"{self.orphans}-{self._alike:016x}"

    def name(self, entry: VaultEntry | Backup, says: str) -> None:
        """Keep a few examples, and what tells this finding from others, in any order."""
        key = entry.backup_id if isinstance(entry, VaultEntry) else entry.id
        self._alike ^= int.from_bytes(hashlib.sha256(key.encode()).digest()[:8])
        if len(self.examples) < MOST_EXAMPLES:
            self.examples.append(f"{entry.source} {key}: {says}")


@dataclass(frozen=True, slots=True)
class SweepVaults:
    """A duty: once a day, beside everything else, every vault in use.

    Removed is only what was never committed, belongs to no run that may still want it, and was not touched for
    `after_seconds`. A whole archive without a record is never removed: it may be the only good backup of somebody
    whose catalog was lost. A record without bytes becomes *damaged*, so that retention no longer counts on it; one of
    a run that ended badly whose manifest stands there becomes *good*.
    """

    catalog: Catalog
    adapters: Adapters
    clock: Clock
    runner: Runner
    after_seconds: float

    def __call__(self, now: datetime) -> None:
        """Begin a sweep where one is due."""
        last = self.catalog.marks.get(SWEPT_AT)
        # One from the future is the work of a clock that was set back: not waited for.
        if last is not None and timedelta() <= now - datetime.fromisoformat(last) < PERIOD:
            return
        if self.runner.wait(RUN, 0):
            self.runner.submit(RUN, lambda: self._run(now))

    def _run(self, now: datetime) -> None:
        for name in sorted(self.adapters.vaults):
            if self.runner.cancelled(RUN):
                return
            try:
                self.one(name)
            except SafeholdError as error:
                logger.warning("the vault %s can't be compared with the catalog now: %s", name, error)
        with self.catalog.write():
            self.catalog.marks.put(SWEPT_AT, now.isoformat())

    def one(self, name: str) -> Swept:
        """Compare one vault, clean it and tell what was found. Memory grows with the backups of one source.

        Raises:
            UnknownName: no such vault.
            VaultUnavailable: it can't be read, or something can't be removed; what was found is not recorded then.

        """
        vault, found = self.adapters.vault(name), Swept(name)
        sources = {source.name for source in self.adapters.sources.values() if source.vault == name}
        for entry in vault.entries():
            if entry.source != CATALOG_SOURCE:
                sources.add(entry.source)
                self._bytes(vault, entry, found)
        for source in sorted(sources):
            for backup, error in FindMissing(self.catalog, self.adapters, self.clock).mark(vault, source):
                found.missing += 1
                found.name(backup, error.message)
        self._tell(found)
        return found

    def _bytes(self, vault: Vault, entry: VaultEntry, found: Swept) -> None:
        """Look at what lies in the vault under one id."""
        record = self._record(entry.backup_id)
        if record is None and entry.committed:
            found.orphans += 1
            found.name(entry, "a whole archive that no record knows")
        elif record is not None and entry.committed and record.state in ENDED_BADLY:
            # A copy in another vault is not what the record is about.
            if (record.vault, record.source) == (vault.name, entry.source):
                self._adopt(vault, entry, found)
        elif not entry.committed and (record is None or record.state in WITHOUT_BYTES):
            if self.clock.now() - entry.changed_at < timedelta(seconds=self.after_seconds):
                found.young += 1
                return
            vault.discard(entry.source, entry.backup_id)
            found.swept += 1
            found.swept_bytes += entry.size
            found.name(entry, "a leftover of a run that ended")

    def _adopt(self, vault: Vault, entry: VaultEntry, found: Swept) -> None:
        """Call good what was stored before its run ended badly, where its archive is there as a whole."""
        try:
            manifest = vault.manifest(entry.source, entry.backup_id)
            vault.open(manifest).close()
        except (NotRestorable, CorruptionError, UnsupportedVersion) as error:
            logger.warning("%s was stored by a run that ended badly, and can't be used: %s", entry.backup_id, error)
            return
        adopted = adopt_stored(self.catalog, self.clock, manifest)
        if adopted is not None and adopted.state is BackupState.GOOD:
            found.adopted += 1
            found.name(entry, "good after all: its run ended badly after it was stored")

    def _record(self, backup_id: str) -> Backup | None:
        try:
            return self.catalog.backups.get(backup_id)
        except UnknownName:
            return None

    def _tell(self, found: Swept) -> None:
        """Tell what was done each time, and what only waits for a person once."""
        done = found.swept or found.missing or found.adopted
        if not done and not found.orphans:
            return
        now = self.clock.now()
        facts = {
            name: getattr(found, name) for name in ("orphans", "missing", "adopted", "swept", "swept_bytes", "examples")
        }
        with self.catalog.write():
            key = now.isoformat() if done else found.key
            if self.catalog.notices.tell(Notice(NoticeKind.VAULT, found.vault, key, now, facts)) is not None:
                self.catalog.audit.append(now, SYSTEM, "sweep", found.vault, "compared", facts)
