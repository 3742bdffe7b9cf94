"""What a vault holds of a backup, as the fields of its record: the manifest is the truth about stored bytes."""

from dataclasses import replace
from typing import Any

from core.errors import ArchiveCorrupt, NotRestorable
from core.model.backup import Backup, BackupState, Failure, Proof, Tier
from core.model.manifest import Manifest
from core.model.person import Door, Person
from core.ports import Vault


def read_stored(vault: Vault, backup: Backup) -> Manifest | None:
    """Return the manifest of a backup, None where its run never came to write it.

    Raises:
        ManifestCorrupt, UnsupportedVersion, VaultUnavailable: it can't be told.

    """
    try:
        return vault.manifest(backup.source, backup.id)
    except NotRestorable:
        return None


def as_recorded(manifest: Manifest, record: Backup) -> Manifest:
    """Return the manifest with what may change in a record after its bytes were stored: tiers, hold, and damage."""
    damaged = record.state is BackupState.DAMAGED
    return replace(
        manifest,
        tiers=tuple(sorted(tier.value for tier in record.tiers)),
        hold=record.hold,
        damage=_said(record) if damaged else "",
    )


def _said(damaged: Backup) -> str:
    return damaged.failure.message if damaged.failure else "It was found damaged."


def tiers_of(manifest: Manifest) -> frozenset[Tier]:
    """Return the tiers that a manifest names.

    Raises:
        ValueError: one of them is unknown.

    """
    return frozenset(Tier(tier) for tier in manifest.tiers)


def record_of(manifest: Manifest, vault: str) -> Backup:
    """Return the record of a backup of which a vault has the manifest and nothing else is known.

    Raises:
        ValueError, TypeError: it says something that no record can hold.

    """
    proof = manifest.proof
    record = Backup(
        id=manifest.backup_id,
        source=manifest.source,
        engine=manifest.engine,
        vault=vault,
        tiers=tiers_of(manifest),
        state=BackupState.GOOD,
        proof=Proof.VERIFIED,
        requested_by=Person(manifest.requested_by, manifest.requested_by_name, Door(manifest.door)),
        note=manifest.note,
        requested_at=manifest.requested_at,
        started_at=manifest.started_at or manifest.captured_at,
        finished_at=proof.at if proof else manifest.verified_at,
        due_at=manifest.due_at,
        hold=manifest.hold,
    )
    return replace(record, **stored_fields(manifest), **_judged(manifest))


def _judged(manifest: Manifest) -> dict[str, Any]:
    """Return the state of a backup as its manifest knows it: what was found damaged is not good again."""
    if not manifest.damage:
        return {"state": BackupState.GOOD, "failure": None}
    damage = Failure(ArchiveCorrupt.code, manifest.damage, "Use another backup.", "")
    return {"state": BackupState.DAMAGED, "failure": damage}


def stored_fields(manifest: Manifest) -> dict[str, Any]:
    """Return what a manifest says of stored bytes and their proof."""
    proof = manifest.proof
    return {
        "proof": Proof.PROVEN if proof else Proof.VERIFIED,
        "verified_at": manifest.verified_at,
        "size": manifest.archive.size,
        "raw_size": manifest.archive.raw_size,
        "archive_name": manifest.archive.name,
        "archive_sha256": manifest.archive.sha256,
        "versions": manifest.versions,
        "timings": manifest.timings,
        "proven_at": proof.at if proof else None,
        "counts": proof.counts if proof else {},
        "fingerprint": proof.fingerprint if proof else "",
    }


def good_fields(record: Backup, manifest: Manifest, why_not_proven: str) -> dict[str, object]:
    """Return the fields of a good backup whose run ended early, with why it was not proven where it was not.

    Where the record is older than that (a snapshot of the catalog was put back), the manifest may know of damage, of
    more tiers, and of a hold: no record of a run that did not end well has one of its own.
    """
    warning = (
        "" if manifest.proof or manifest.damage else f"Not proven: {why_not_proven} The bytes were read back and match."
    )
    # Who joined meanwhile is in the record alone: whether the manifest says the same is looked at later.
    held = {"hold": manifest.hold} if manifest.hold else {}
    said = {"tiers": record.tiers | tiers_of(manifest), **held, "warning": warning, "unsaved": True}
    return {**stored_fields(manifest), **_judged(manifest), **said}
