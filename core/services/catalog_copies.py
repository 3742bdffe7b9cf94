"""Which copy of a catalog is the newest: the one whose record goes on longest, whatever a clock said."""

from dataclasses import dataclass

from core.model.manifest import Manifest


@dataclass(frozen=True, slots=True, order=True)
class Age:
    """How far a catalog had got when it was copied: entries of its audit record, changes, then the id's time.

    Ids alone are wall time: after a clock was set back, what it took in the future would stay the newest.
    """

    audit: int
    revision: int
    backup_id: str


def age_of(manifest: Manifest) -> Age:
    """Return how far the copied catalog had got; what does not say it counts as the oldest."""
    facts = manifest.facts
    return Age(_count(facts.get("audit_seq")), _count(facts.get("revision")), manifest.backup_id)


def lineage_of(manifest: Manifest) -> str:
    """Return the mark that all copies of one catalog share, "" where there is none."""
    return str(manifest.facts.get("lineage") or "")


def _count(value: object) -> int:
    return value if isinstance(value, int) else -1
