"""Rebuild the catalog from what the vaults hold: the copy that goes on longest, then every manifest."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from core.catalog import Catalog, replacing
from core.catalog.audit import AuditCheck
from core.catalog.catalog import processes_of
from core.catalog.in_use import InUse
from core.errors import (
    BusyError,
    CatalogCorrupt,
    CorruptionError,
    ForeignCatalog,
    NotRestorable,
    SafeholdError,
    UnavailableError,
    UnsupportedVersion,
)
from core.model import naming
from core.model.freeze import Freeze
from core.model.manifest import Manifest
from core.model.naming import CATALOG_SOURCE
from core.model.notice import Notice, NoticeKind
from core.model.person import SYSTEM, Person
from core.model.progress import Progress, Step, silent
from core.ports import Clock, Vault
from core.services.adapters import Adapters
from core.services.adopt_manifests import AdoptManifests, Tally, Untrusted
from core.services.catalog_copies import Found, find_copies, written_by_a_newer
from core.services.copy_catalog import FILE
from core.services.living import lives

ACT = "catalog-rebuilt"
LOOK_FIRST = "the catalog was rebuilt from manifests alone: freezes and changed schedules are lost"
FROZEN_FOR = timedelta(days=7)
MAY_LACK = "the catalog was rebuilt from a copy: what was frozen or rescheduled after it is lost"
FROZEN_WITH_A_COPY_FOR = timedelta(days=1)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a catalog, how long its audit record is, and how many backups it listed where it was opened."""

    vault: str
    backup_id: str
    at: datetime
    audit: int = 0
    backups: int = 0


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild made: `aside` is where the old catalog is, `copy` None where it began with nothing.

    `others` are the copies of other catalogs that lie there, the longest of each; `audit_until` is when the newest
    entry of the audit record was written that the copy has, None where there is none or the chain is broken.
    """

    path: Path
    aside: Path | None
    copy: Copy | None
    tally: Tally
    audit: AuditCheck
    others: tuple[Copy, ...] = ()
    audit_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants of a rebuild: from these vaults (all), from manifests alone or this copy, and why."""

    vault: str = ""
    manifests_only: bool = False
    copy: str = ""
    because: str = ""
    progress: Progress = silent


@dataclass(slots=True)
class RebuildCatalog:
    """Make a new catalog beside the old one, then put it in its place. At any moment one of the two is there."""

    adapters: Adapters
    clock: Clock
    path: Path
    grace: timedelta
    _untrusted: list[Untrusted] = field(default_factory=list)

    def __call__(self, person: Person, wish: Wish | None = None) -> Rebuilt:
        """Rebuild, set the old catalog aside, sound or not, and say what came of it.

        Raises:
            BusyError: a Safehold uses the catalog.
            UnknownName, AmbiguousId: there is no such vault or copy, or several.
            CatalogCorrupt, ArchiveCorrupt: the copy that was asked for can't be used.
            VaultUnavailable: one of the vaults can't be read.
            UnsupportedVersion: a newer Safehold wrote the catalog, or its newest copy.
            ForeignCatalog: what lies there is no catalog; it is left alone.
            UnavailableError, NotEnoughSpace: the new one can't be written.

        """
        wish = wish or Wish()
        names = frozenset({wish.vault} if wish.vault else self.adapters.vaults)
        vaults = {name: self.adapters.vault(name) for name in sorted(names)}
        with _placed(self.path):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        in_use = InUse(self.path, alone=True)
        try:
            self._require_unused()
            with _placed(self.path):
                replacing.sweep(self.path)
                return self._rebuild(person, wish, vaults)
        finally:
            replacing.sweep(self.path)
            in_use.release()

    def if_needed(self) -> Rebuilt | None:
        """Rebuild where the catalog can't be read, or is gone and the vaults hold backups; None where all is well.

        Raises:
            As above; whatever else is wrong with it is left to whoever opens it.

        """
        because = self._wrong()
        if not because:
            return None
        logger.error("the catalog %s is rebuilt: %s", self.path, because)
        return self(SYSTEM, Wish(because=because))

    def _wrong(self) -> str:
        if replacing.damaged_mark(self.path).exists():
            return "it was found damaged while it was used"
        if self.lost():
            return "it is gone, and a vault holds backups"
        if not self.path.exists():
            return ""
        try:
            with Catalog.open(self.path) as catalog:
                catalog.check()
        except ForeignCatalog:
            raise
        except CatalogCorrupt as error:
            return error.message
        return ""

    def lost(self) -> bool:
        """Say whether there is no catalog though a vault holds backups; a vault that is away holds none."""
        if self.path.exists() and self.path.stat().st_size:
            return False
        for name, vault in self.adapters.vaults.items():
            try:
                if any(True for _ in vault.committed()):
                    return True
            except SafeholdError as error:
                logger.warning("whether the vault %s holds backups can't be said: %s", name, error)
        return False

    def _require_unused(self) -> None:
        """Refuse where a process is heard of that the lock does not show: on another host, say.

        Raises:
            BusyError: there is one.
            ForeignCatalog, UnsupportedVersion.

        """
        if not self.path.exists():
            return
        try:
            heard_of = processes_of(self.path)
        except ForeignCatalog:
            raise
        except CatalogCorrupt:
            return
        now = self.clock.now()
        for process in heard_of:
            if lives(process, now):
                raise BusyError(
                    f"A Safehold ({process.role}, {process.owner}) uses the catalog {self.path}.",
                    hint="Stop the bot and every command, then try again.",
                )

    def _rebuild(self, person: Person, wish: Wish, vaults: dict[str, Vault]) -> Rebuilt:
        new = replacing.workplace(self.path) / "catalog.db"
        new.parent.mkdir(mode=0o700)
        self._untrusted.clear()
        copy, others = (None, ()) if wish.manifests_only else self._copied(vaults, new, wish)
        now = self.clock.now()
        stamp = naming.stamp(now)
        with Catalog.open(new) as catalog:
            wish.progress(Step("reading manifests"))
            adopt = AdoptManifests(catalog, self.adapters, now, self.grace)
            for found in self._untrusted:
                adopt.tally.distrust(found)
            tally = adopt(frozenset(vaults))
            audit = catalog.audit.check()
            aside = replacing.aside_of(self.path, stamp)
            until = None if audit.broken else catalog.audit.newest_at()
            made = Rebuilt(self.path, aside, copy, tally, audit, others, until)
            self._record(catalog, person, wish, made, now)
            catalog.close_whole()
        replacing.put_in_place(new, self.path, aside)
        return made

    def _record(self, catalog: Catalog, person: Person, wish: Wish, made: Rebuilt, now: datetime) -> None:
        tally, copied_at = made.tally, made.copy.at.isoformat() if made.copy else None
        aside = str(made.aside) if made.aside else ""
        detail = {
            "because": wish.because,
            "set_aside": aside,
            "copy": made.copy.backup_id if made.copy else "",
            "copy_at": copied_at or "",
            "other_copies": [other.backup_id for other in made.others],
            "chain": "goes on from the copy" if made.copy else "begins anew",
            "chain_broken_at": made.audit.broken.seq if made.audit.broken else 0,
            "manifests": tally.manifests,
            "adopted": tally.adopted,
            "damaged": tally.damaged,
            "untrusted": tally.untrusted_count,
        }
        fields = {
            "what": "set aside" if wish.because else "rebuilt",
            "path": aside,
            "copy_at": copied_at,
            "manifests": tally.manifests,
            "gone": tally.gone,
        }
        with catalog.write():
            for process in catalog.processes.all():
                catalog.processes.forget(process.owner)
            catalog.audit.append(now, person, ACT, self.path.name, "rebuilt", detail)
            catalog.notices.tell(Notice(NoticeKind.CATALOG, "", now.isoformat(), now, fields))
            _freeze(catalog, made.copy, now)

    def _copied(self, vaults: dict[str, Vault], new: Path, wish: Wish) -> tuple[Copy | None, tuple[Copy, ...]]:
        """Unpack the copy that goes on longest of those that are what was stored and a sound catalog; name the others.

        An empty catalog that was begun by accident has newer copies than the one that was lost, but shorter ones.
        """
        copies = find_copies(vaults)
        self._untrusted.extend(copies.untrusted)
        for found in copies.choose(wish.copy).found if wish.copy else copies.found:
            wish.progress(Step("reading the newest copy"))
            try:
                copy = self._opened(vaults[found.vault], found.manifest, new, _copy(found))
            except (CorruptionError, NotRestorable) as error:
                if wish.copy:
                    raise
                name, backup_id = found.vault, found.age.backup_id
                logger.warning("the copy of the catalog %s in %s can't be used: %s", backup_id, name, error)
                self._untrusted.append(Untrusted(name, CATALOG_SOURCE, backup_id, error.message))
            except UnsupportedVersion as error:
                raise written_by_a_newer(found.age.backup_id, found.vault, error) from error
            else:
                return copy, tuple(_copy(other) for other in copies.of_others(found.lineage))
        return None, ()

    def _opened(self, vault: Vault, manifest: Manifest, new: Path, copy: Copy) -> Copy:
        into = new.parent / copy.backup_id
        into.mkdir(mode=0o700)
        (vault.unpack(manifest, into, silent) / FILE).replace(new)
        try:
            with Catalog.open(new) as catalog:
                catalog.check()
                return replace(copy, backups=catalog.backups.count())
        except CatalogCorrupt:
            for file in new.parent.glob(f"{new.name}*"):
                file.unlink()
            raise


def _freeze(catalog: Catalog, copy: Copy | None, now: datetime) -> None:
    """Let nothing go before people looked: freezes and changed schedules are known to no manifest, only to a copy."""
    until = now + (FROZEN_WITH_A_COPY_FOR if copy else FROZEN_FOR)
    known = catalog.freezes.active(now)
    if known is None or known.until < until:
        catalog.freezes.place(Freeze(SYSTEM, MAY_LACK if copy else LOOK_FIRST, now, until))


@contextmanager
def _placed(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnavailableError(
            f"The catalog {path} can't be replaced: {error.strerror or error}.",
            hint="Check that you may write its folder and that there is room. The old one is as it was.",
        ) from error


def _copy(found: Found) -> Copy:
    manifest = found.manifest
    return Copy(found.vault, manifest.backup_id, manifest.captured_at, max(found.age.audit, 0))
