"""Bring a catalog in line with what the vaults hold: every manifest has its record, every record its manifest."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice

from core.catalog import Catalog
from core.errors import BytesMissing, CorruptionError, ManifestCorrupt, NotRestorable, UnknownName, UnsupportedVersion
from core.model.backup import Backup, BackupState, Failure
from core.model.expected import OPEN, ExpectedRun, ExpectedState
from core.model.hold import Hold
from core.model.manifest import Manifest
from core.model.naming import CATALOG_SOURCE
from core.model.person import SYSTEM
from core.model.vault_entry import VaultEntry
from core.model.wall_time import day_at, zone_of
from core.ports import Vault
from core.services.adapters import Adapters
from core.services.failures import failure_of
from core.services.stored import record_of, stored_fields, tiers_of

AT_ONCE = 200
MOST_NAMED = 100
WITH_BYTES = frozenset({BackupState.GOOD, BackupState.EXPIRED})
ANY = frozenset(BackupState)
ENDLESS = datetime.max.replace(tzinfo=UTC)
NOT_READ = "Listed again from its manifest: its bytes were not read since the catalog was rebuilt."
PUT_BACK, PUT_BACK_FOR = "put back into the vault after it was deleted", timedelta(days=30)
GONE = "Its bytes are not in the vault: they were deleted after that copy of the catalog was made, or are lost."
TWO_HOLDS = (
    "Its record and its manifest did not say the same of a hold; the longer one holds. Release it if nobody needs it."
)


@dataclass(frozen=True, slots=True)
class Untrusted:
    """What lies in a vault and was not adopted, and why; `newer`: a newer Safehold wrote it."""

    vault: str
    source: str
    backup_id: str
    why: str
    newer: bool = False


@dataclass(slots=True)
class Tally:
    """What was done. `gone` are deleted since the copy or lost; `untrusted` names the first of `untrusted_count`."""

    manifests: int = 0
    adopted: int = 0
    changed: int = 0
    damaged: int = 0
    gone: int = 0
    pruned: int = 0
    untrusted_count: int = 0
    untrusted: list[Untrusted] = field(default_factory=list)

    def distrust(self, found: Untrusted) -> None:
        """Name something."""
        self.untrusted_count += 1
        if len(self.untrusted) < MOST_NAMED:
            self.untrusted.append(found)


@dataclass(slots=True)
class AdoptManifests:
    """Compare both ways. The catalog must be nobody else's. Memory grows with the count of backups, not of files.

    `grace` is how long the bytes of what was let go stay: what is gone after it was deleted, not lost.
    """

    catalog: Catalog
    adapters: Adapters
    now: datetime
    grace: timedelta = timedelta(days=1)
    tally: Tally = field(default_factory=Tally)
    _seen: set[str] = field(default_factory=set)

    def __call__(self, vaults: frozenset[str]) -> Tally:
        """Read every manifest of these vaults, then look for records of theirs without one.

        Raises:
            VaultUnavailable: one of them can't be read: nothing can be said of what is in it.

        """
        for name in sorted(vaults):
            vault = self.adapters.vault(name)
            entries = (e for e in vault.entries() if e.committed and e.source != CATALOG_SOURCE)
            while batch := tuple(islice(entries, AT_ONCE)):
                with self.catalog.write():
                    for entry in batch:
                        self._entry(name, vault, entry)
        for records in self._stored():
            with self.catalog.write():
                for record in records:
                    if record.vault in vaults and record.id not in self._seen:
                        self._lost(record)
        return self.tally

    def _entry(self, name: str, vault: Vault, entry: VaultEntry) -> None:
        record = self._record(entry.backup_id)
        if entry.backup_id in self._seen or self._elsewhere(record, name):
            self._distrust(name, entry, "A backup of this id is listed in another vault.")
            return
        self._seen.add(entry.backup_id)
        self.tally.manifests += 1
        try:
            manifest = vault.manifest(entry.source, entry.backup_id)
            found = record_of(manifest, name)
            with self.catalog.write():
                self._whole(record, self._looked_at(found, vault, manifest), manifest)
        except UnsupportedVersion as error:
            self._distrust(name, entry, f"{error.message} {error.hint}", newer=True)
        except (CorruptionError, NotRestorable) as error:
            self._distrust(name, entry, error.message)
            self._damage(record, failure_of(error))
        except (ValueError, TypeError, sqlite3.ProgrammingError):
            wrong = ManifestCorrupt("The manifest says something that no Safehold writes.")
            self._distrust(name, entry, wrong.message)
            self._damage(record, failure_of(wrong))

    def _whole(self, record: Backup | None, found: Backup, manifest: Manifest) -> None:
        """Adopt what a manifest says where there is no record, or bring the record up to date."""
        if record is None:
            self.catalog.backups.adopt(replace(found, warning=NOT_READ))
            self._ran(found)
            self.tally.adopted += 1
            self.tally.damaged += found.state is BackupState.DAMAGED
            return
        changes = _changes(record, found, manifest, self.now)
        if any(getattr(record, name) != value for name, value in changes.items()):
            self.catalog.backups.move(record.id, ANY, **changes)
            self.tally.changed += 1
            damaged = changes.get("state") is BackupState.DAMAGED
            self.tally.damaged += damaged and record.state is not BackupState.DAMAGED

    def _ran(self, found: Backup) -> None:
        """Note that a schedule's run took place, so that it is not made up for as one that was missed."""
        source = self.adapters.sources.get(found.source)
        if source is None or found.due_at is None:
            return
        day = day_at(zone_of(source.schedule.zone), found.due_at)
        run = ExpectedRun(
            found.source, found.due_at, day, found.tiers, ExpectedState.DONE, found.requested_at, found.id, attempts=1
        )
        if not self.catalog.expected.note(run) and found.state is BackupState.GOOD:
            # The copy is older than the end of this run, or than its next try.
            done = {"state": ExpectedState.DONE, "backup_id": found.id, "retry_at": None}
            self.catalog.expected.move(run.source, run.due_at, OPEN, **done)

    def _looked_at(self, found: Backup, vault: Vault, manifest: Manifest) -> Backup:
        """Return it as damaged where its archive is gone, or not of the size that was stored."""
        try:
            vault.open(manifest).close()
        except (CorruptionError, NotRestorable) as error:
            return replace(found, state=BackupState.DAMAGED, failure=failure_of(error), unsaved=True)
        return found

    def _lost(self, record: Backup) -> None:
        expired_at = record.expired_at if record.state is BackupState.EXPIRED else None
        over = expired_at is not None and expired_at + self.grace <= self.now
        if record.state is BackupState.PRUNING or over:
            # Its bytes were being deleted, or were to be since the record was written; the manifest is the first to go.
            self.catalog.backups.move(record.id, ANY, state=BackupState.PRUNED, pruned_at=self.now, unsaved=False)
            self.tally.pruned += 1
            self.tally.gone += over
        elif record.state in WITH_BYTES:
            hint = "Look for it where the vault was moved from, or in a copy of the vault."
            # What its manifest does not know yet waits for it.
            self._damage(record, Failure(BytesMissing.code, GONE, hint, ""), unsaved=record.unsaved)
            self.tally.gone += 1

    def _damage(self, record: Backup | None, failure: Failure, *, unsaved: bool = False) -> None:
        if record is not None and record.state in WITH_BYTES:
            # What was found bad before it was let go is not good when bytes of it come back.
            changes = {"state": BackupState.DAMAGED, "failure": record.failure or failure, "unsaved": unsaved}
            self.catalog.backups.move(record.id, WITH_BYTES, **changes)
            self.tally.damaged += 1

    def _record(self, backup_id: str) -> Backup | None:
        try:
            return self.catalog.backups.get(backup_id)
        except UnknownName:
            return None

    def _elsewhere(self, record: Backup | None, name: str) -> bool:
        return record is not None and record.vault != name and record.vault in self.adapters.vaults

    def _distrust(self, name: str, entry: VaultEntry, why: str, *, newer: bool = False) -> None:
        self.tally.distrust(Untrusted(name, entry.source, entry.backup_id, why.strip(), newer))

    def _stored(self) -> Iterator[tuple[Backup, ...]]:
        """Yield every record of now once, some at a time; what is changed meanwhile moves behind the end."""
        after, last = 0, self.catalog.revision()
        while records := self.catalog.backups.changed_since(after, AT_ONCE):
            yield tuple(record for record in records if record.revision <= last)
            after = records[-1].revision


def _changes(record: Backup, found: Backup, manifest: Manifest, now: datetime) -> dict[str, object]:
    """Return what a manifest knows better than the record."""
    if record.state is BackupState.PRUNING:
        return {}
    changes: dict[str, object] = {"vault": found.vault, **_said(record, manifest, now)}
    if record.state is BackupState.PRUNED:
        # Somebody has put it back, and wants something of it: it is not deleted again before they could say so.
        held = changes["hold"] if isinstance(changes["hold"], Hold) else None
        held = _longer(held, Hold(SYSTEM, PUT_BACK, now, now + PUT_BACK_FOR))
        changes |= {"state": found.state, "failure": found.failure, "warning": NOT_READ, "hold": held, "unsaved": True}
        return changes | {"pruned_at": None, "expired_at": None, "expiry": ""}
    later = found.proven_at is not None and (record.proven_at is None or found.proven_at > record.proven_at)
    if record.state not in {*WITH_BYTES, BackupState.DAMAGED}:
        # The record is older than the end of its run.
        times = {"finished_at": record.finished_at or found.finished_at, "step": None}
        changes |= {**stored_fields(manifest), **times, "state": found.state, "failure": found.failure}
    elif found.state is BackupState.DAMAGED:
        changes |= {"state": found.state, "failure": record.failure or found.failure}
    elif later:
        changes |= {**stored_fields(manifest), "timings": record.timings, "failure": None}
        changes |= {"state": BackupState.GOOD} if record.state is BackupState.DAMAGED else {}
    if record.state is BackupState.EXPIRED and record.hold is None and changes["hold"] is not None:
        changes |= {"state": changes.get("state", BackupState.GOOD), "expired_at": None, "expiry": ""}
    return changes


def _said(record: Backup, manifest: Manifest, now: datetime) -> dict[str, object]:
    """Return tiers and hold: the manifest's, but for changes of the record that were never written into one."""
    tiers = tiers_of(manifest)
    if not record.unsaved:
        return {"tiers": tiers, "hold": manifest.hold}
    # Either may be newer. What keeps the backup longer is the smaller mistake, and both are looked at again.
    hold = _longer(record.hold, manifest.hold)
    said: dict[str, object] = {"tiers": tiers | record.tiers, "hold": hold, "unsaved": True}
    if record.hold != manifest.hold and hold is not None and hold.holds(now):
        others = record.warning.replace(TWO_HOLDS, "").strip()
        said["warning"] = f"{others} {TWO_HOLDS}".strip()
    return said


def _longer(one: Hold | None, other: Hold | None) -> Hold | None:
    """Return which of two holds ends later, of equals the one that was placed later."""
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda hold: (hold.until or ENDLESS, hold.placed_at))
