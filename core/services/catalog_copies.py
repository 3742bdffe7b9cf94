"""The copies of catalogs in the vaults: which catalog each is of, and how far that had got, whatever a clock said."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import AmbiguousId, CorruptionError, NotRestorable, UnknownName, UnsupportedVersion
from core.model.manifest import Manifest
from core.model.naming import CATALOG_SOURCE
from core.ports import Vault
from core.services.adopt_manifests import Untrusted

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, order=True)
class Age:
    """How far a catalog had got when it was copied: entries of its audit record, changes, then the id's time.

    Ids alone are wall time: after a clock was set back, what it took in the future would stay the newest.
    """

    audit: int
    revision: int
    backup_id: str


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """A copy in a vault; the greatest is the one whose record goes on longest."""

    age: Age
    vault: str
    lineage: str = field(compare=False)
    manifest: Manifest = field(compare=False)


@dataclass(frozen=True, slots=True)
class Copies:
    """What lies in the vaults: the copies, the longest record first, and what can't be told."""

    found: tuple[Found, ...]
    untrusted: tuple[Untrusted, ...]

    def choose(self, backup_id: str) -> "Copies":
        """Return the one copy with this id, or the beginning of one.

        Raises:
            UnknownName: there is none.
            AmbiguousId: there are several.

        """
        chosen = tuple(copy for copy in self.found if copy.age.backup_id.startswith(backup_id))
        if not chosen:
            raise UnknownName(
                f"There is no copy of the catalog {backup_id} that can be read.",
                hint="Look for its folder in safehold-catalog/ of the vault.",
            )
        if len(chosen) > 1:
            raise AmbiguousId(f"{len(chosen)} copies of the catalog begin with {backup_id}.", hint="Add characters.")
        return Copies(chosen, self.untrusted)

    def of_others(self, lineage: str) -> tuple[Found, ...]:
        """Return the longest copy of each other catalog."""
        longest: dict[str, Found] = {}
        for copy in self.found:
            longest.setdefault(copy.lineage, copy)
        return tuple(copy for name, copy in longest.items() if name != lineage)


def find_copies(vaults: Mapping[str, Vault]) -> Copies:
    """Read the manifest of every copy; what can't be trusted is named.

    Raises:
        UnsupportedVersion: a newer Safehold wrote the one with the newest id.
        VaultUnavailable.

    """
    found, untrusted, newer = [], [], []
    for name, vault in vaults.items():
        for entry in vault.entries(CATALOG_SOURCE):
            if not entry.committed:
                continue
            try:
                manifest = vault.manifest(CATALOG_SOURCE, entry.backup_id)
            except (CorruptionError, NotRestorable) as error:
                logger.warning("the copy of the catalog %s in %s can't be used: %s", entry.backup_id, name, error)
                untrusted.append(Untrusted(name, CATALOG_SOURCE, entry.backup_id, error.message))
            except UnsupportedVersion as error:
                newer.append((entry.backup_id, name, error))
            else:
                found.append(Found(age_of(manifest), name, lineage_of(manifest), manifest))
    newest = max((copy.age.backup_id for copy in found), default="")
    for backup_id, name, why in sorted(newer, key=lambda each: each[:2], reverse=True):
        if backup_id > newest:
            raise written_by_a_newer(backup_id, name, why) from why
        untrusted.append(Untrusted(name, CATALOG_SOURCE, backup_id, why.message, newer=True))
    return Copies(tuple(sorted(found, reverse=True)), tuple(untrusted))


def written_by_a_newer(backup_id: str, vault: str, error: UnsupportedVersion) -> UnsupportedVersion:
    """Return the error of a copy that only a newer Safehold can read."""
    return UnsupportedVersion(
        f"A newer Safehold wrote the newest copy of the catalog, {backup_id} in the vault {vault}.",
        hint="Use that version. To go without any copy: safehold catalog rebuild --manifests-only",
        detail=str(error),
    )


def age_of(manifest: Manifest) -> Age:
    """Return how far the copied catalog had got; what does not say it counts as the oldest."""
    facts = manifest.facts
    return Age(_count(facts.get("audit_seq")), _count(facts.get("revision")), manifest.backup_id)


def lineage_of(manifest: Manifest) -> str:
    """Return the mark that all copies of one catalog share, "" where there is none."""
    return str(manifest.facts.get("lineage") or "")


def _count(value: object) -> int:
    return value if isinstance(value, int) else -1
