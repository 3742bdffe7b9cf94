"""Copy the catalog into the vaults, so that whoever has a vault has the record as well, failures and all."""

import json
import logging
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from core.catalog import Catalog
from core.catalog.catalog import Snapshot
from core.catalog.replacing import sweep
from core.errors import CorruptionError, Interrupted, NotRestorable, SafeholdError, UnavailableError, UnsupportedVersion
from core.model import naming
from core.model.image import Image, ImageFile
from core.model.manifest import Manifest, StoredArchive
from core.model.naming import CATALOG_SOURCE
from core.model.person import SYSTEM
from core.model.progress import Step
from core.ports import Clock, Runner, Vault
from core.runtime.files import remove_tree
from core.services.adapters import Adapters
from core.services.catalog_copies import age_of, lineage_of

FILE = "database.sqlite"
PERIOD = timedelta(minutes=5)
SHARE = 20
"""Between two copies passes this many times as long as the last one took: a large catalog costs a twentieth at most."""
KEPT = 3
COPIED_AT = "catalog copied"
"""The mark that says when the oldest of the newest copies in all vaults was taken, ISO 8601."""
COPIES = "catalog copies"
LINEAGE = "catalog lineage"
"""The mark that tells the copies of this catalog from those of one that was lost, which are never removed."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class CopyCatalog:
    """A duty: at most every few minutes, and only where something changed, one copy to each vault in use.

    A copy is stored, read back, and only then committed; older ones but the newest three are removed after that.
    """

    catalog: Catalog
    adapters: Adapters
    clock: Clock
    runner: Runner
    stage: Path
    _not_before: dict[str, datetime] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _swept: set[str] = field(default_factory=set)

    def __call__(self, now: datetime) -> None:
        """Copy to each vault that is due. One that can't be written is told once and tried again each time."""
        sweep(self.catalog.path)
        names = sorted({source.vault for source in self.adapters.sources.values()})
        for name in set(names) - self._swept:
            # A killed process may have left half a copy, and the next one may not be due for long.
            with suppress(SafeholdError):
                _sweep_unfinished(self.adapters.vault(name))
                self._swept.add(name)
        due = [name for name in names if self._due(name, now)]
        if not due:
            return
        begun = self.clock.monotonic()
        try:
            copy = self._take()
            stored = [name for name in due if self._store(name, copy, now)]
        finally:
            remove_tree(self.stage)
        took = timedelta(seconds=self.clock.monotonic() - begun)
        for name in stored:
            self._not_before[name] = now + max(PERIOD, took * SHARE)
        self._mark(names, stored, copy, now)

    def _due(self, name: str, now: datetime) -> bool:
        last = self._copies().get(name)
        if last is None:
            return True
        waits_until = self._not_before.get(name, datetime.fromisoformat(last["at"]) + PERIOD)
        # A copy from the future is the work of a clock that was set back: not waited for.
        waiting = now < waits_until and now >= datetime.fromisoformat(last["at"])
        return not waiting and [last["revision"], last["audit"]] != self._state()

    def _state(self) -> list[Any]:
        with self.catalog.read():
            return [self.catalog.revision(), self.catalog.audit.head().hash]

    def _take(self) -> Snapshot:
        if self.catalog.marks.get(LINEAGE) is None:
            self.catalog.marks.put(LINEAGE, secrets.token_hex(8))
        try:
            remove_tree(self.stage)
            self.stage.mkdir(parents=True, mode=0o700)
        except OSError as error:
            raise UnavailableError(
                f"The catalog can't be copied to {self.stage}: {error.strerror}.", hint="Mend its rights, or make room."
            ) from error
        return self.catalog.copy_to(self.stage / FILE, self._go_on)

    def _go_on(self, _step: Step | None = None) -> None:
        """Stop in the middle when everything stops: the next start makes another copy.

        Raises:
            Interrupted: it does.

        """
        if self.runner.closing:
            raise Interrupted("Safehold is shutting down.")

    def _store(self, name: str, copy: Snapshot, now: datetime) -> bool:
        try:
            made = self._put(self.adapters.vault(name), copy, now)
        except Interrupted:
            raise
        except SafeholdError as error:
            if name not in self._told:
                logger.warning("the catalog can't be copied to the vault %s, it is tried again: %s", name, error)
            self._told.add(name)
            return False
        self._told.discard(name)
        # The copy stands, whatever becomes of the old ones.
        self._thin_out(name, made)
        return True

    def _put(self, vault: Vault, copy: Snapshot, now: datetime) -> str:
        """Store one copy and return its id."""
        with suppress(SafeholdError):
            _sweep_unfinished(vault)
        backup_id = naming.backup_id(now, secrets.randbits(24))
        image = Image((ImageFile(FILE, self.stage / FILE),), now, {}, {})
        try:
            stored = vault.put(CATALOG_SOURCE, backup_id, image, self._go_on)
            vault.verify(CATALOG_SOURCE, backup_id, stored, self._go_on)
            vault.commit(self._manifest(backup_id, stored, copy, now))
        except BaseException:
            vault.discard(CATALOG_SOURCE, backup_id)
            raise
        return backup_id

    def _thin_out(self, name: str, made: str) -> None:
        """Remove all but the newest few copies of this catalog. Where nothing can be removed, that is told once."""
        vault, told = self.adapters.vault(name), f"{name} removing"
        try:
            for backup_id in self._older(vault, made):
                vault.remove(CATALOG_SOURCE, backup_id)
        except SafeholdError as error:
            if told not in self._told:
                logger.warning("old copies of the catalog can't be removed from the vault %s: %s", name, error)
            self._told.add(told)
            return
        self._told.discard(told)

    def _older(self, vault: Vault, made: str) -> list[str]:
        """Return the copies of this catalog that go: never `made`, the one that was written just now."""
        lineage, ours = self.catalog.marks.get(LINEAGE), []
        for entry in vault.entries(CATALOG_SOURCE):
            if not entry.committed or entry.backup_id == made:
                continue
            try:
                manifest = vault.manifest(CATALOG_SOURCE, entry.backup_id)
            except (CorruptionError, NotRestorable, UnsupportedVersion) as error:
                logger.warning("a copy of the catalog can't be trusted and stays: %s", error)
                continue
            if lineage_of(manifest) == lineage:
                ours.append(age_of(manifest))
        return [age.backup_id for age in sorted(ours, reverse=True)[KEPT - 1 :]]

    def _manifest(self, backup_id: str, stored: StoredArchive, copy: Snapshot, now: datetime) -> Manifest:
        facts = {
            "audit_hash": copy.audit.hash,
            "audit_seq": copy.audit.seq,
            "lineage": self.catalog.marks.get(LINEAGE),
            "revision": copy.revision,
        }
        return Manifest(
            backup_id=backup_id,
            source=CATALOG_SOURCE,
            engine="sqlite",
            tiers=(),
            requested_by=SYSTEM.id,
            requested_by_name=SYSTEM.name,
            door=SYSTEM.door.value,
            note="",
            requested_at=now,
            captured_at=now,
            verified_at=self.clock.now(),
            archive=stored,
            versions={},
            facts=facts,
        )

    def _mark(self, names: Iterable[str], stored: Iterable[str], copy: Snapshot, now: datetime) -> None:
        entry = {"at": now.isoformat(), "revision": copy.revision, "audit": copy.audit.hash}
        with self.catalog.write():
            copies = {**self._copies(), **dict.fromkeys(stored, entry)}
            copies = {name: copies[name] for name in names if name in copies}
            self.catalog.marks.put(COPIES, json.dumps(copies, sort_keys=True))
            if copies:
                self.catalog.marks.put(COPIED_AT, min(each["at"] for each in copies.values()))

    def _copies(self) -> dict[str, dict[str, Any]]:
        return dict(json.loads(self.catalog.marks.get(COPIES) or "{}"))


def _sweep_unfinished(vault: Vault) -> None:
    """Remove copies that were never committed."""
    for entry in list(vault.entries(CATALOG_SOURCE)):
        if not entry.committed:
            vault.discard(CATALOG_SOURCE, entry.backup_id)
