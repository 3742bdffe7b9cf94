"""Whether a catalog has to be rebuilt: a sound one knows what came after its newest copy, and that would be lost."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from core.catalog import Catalog, replacing
from core.errors import CatalogCorrupt, ForeignCatalog, RefusedError
from core.services.catalog_copies import Found, find_copies
from core.services.rebuild_catalog import RebuildCatalog, Wish

_AT_ONCE = 500
_ORDERS = {"decide": "decision", "freeze": "freeze", "thaw": "thaw", "schedule": "changed schedule"}
"""What people ordered that no manifest tells, with its word."""


@dataclass(frozen=True, slots=True)
class Losses:
    """What a catalog has that its successor would not: entries of the audit record, since when, and orders by act."""

    entries: int
    since: datetime | None
    orders: Counter[str]

    @property
    def says(self) -> str:
        """Return it in words."""
        if self.since is None:
            return "no entry of the audit record"
        word = "entry" if self.entries == 1 else "entries"
        counted = ((self.orders[act], noun) for act, noun in _ORDERS.items())
        told = [f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counted if count]
        among = f" (among them {', '.join(told)})" if told else ""
        return f"{self.entries} {word} of the audit record since {self.since:%Y-%m-%d %H:%M:%S} UTC{among}"


def require_needed(rebuilding: RebuildCatalog, wish: Wish) -> None:
    """Let a rebuild pass whose catalog is gone, damaged, or was found damaged.

    Raises:
        RefusedError: it is sound; what would be lost is said, as far as the manifest of the copy tells.
        ForeignCatalog, UnsupportedVersion: it is not one that can be rebuilt.
        UnknownName, AmbiguousId: there is no such vault or copy, or several.
        VaultUnavailable, BusyError, UnavailableError.

    """
    path = rebuilding.path
    if replacing.damaged_mark(path).exists() or not path.exists() or not path.stat().st_size:
        return
    try:
        with Catalog.open(path) as catalog:
            catalog.check(indexes=True)
            copy = _copy(rebuilding, wish)
            losses = _losses(catalog, copy)
    except ForeignCatalog:
        raise
    except CatalogCorrupt:
        return
    than = "its newest copy and the manifests" if copy else "the manifests"
    raise RefusedError(
        f"The catalog {path} is sound: there is nothing to rebuild.",
        hint=f"With --replace it is done all the same, and the present one is set aside. What it has that {than} don't "
        f"is lost to the new one: {losses.says}.",
    )


def _copy(rebuilding: RebuildCatalog, wish: Wish) -> Found | None:
    """Return the copy that a rebuild would begin with."""
    if wish.manifests_only:
        return None
    names = [wish.vault] if wish.vault else sorted(rebuilding.adapters.vaults)
    copies = find_copies({name: rebuilding.adapters.vault(name) for name in names})
    found = copies.choose(wish.copy).found if wish.copy else copies.found
    return found[0] if found else None


def _losses(catalog: Catalog, copy: Found | None) -> Losses:
    after, orders = _shared(catalog, copy), Counter[str]()
    newest, since = after, None
    while found := catalog.audit.entries(newest, _AT_ONCE):
        since = since or found[0].at
        orders.update(entry.act for entry in found)
        newest = found[-1].seq
    return Losses(newest - after, since, orders)


def _shared(catalog: Catalog, copy: Found | None) -> int:
    """Return up to which entry the copy has the same record; 0 where it is of another one."""
    if copy is None or not 0 < copy.age.audit <= catalog.audit.head().seq:
        return 0
    same = catalog.audit.sealed_at(copy.age.audit) == copy.manifest.facts.get("audit_hash")
    return copy.age.audit if same else 0
