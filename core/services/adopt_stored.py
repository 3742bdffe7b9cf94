"""Adopt what is stored: a run that ended badly has a good backup all the same where its manifest was written."""

from core.catalog import Catalog
from core.model.backup import Backup, BackupState, Proof
from core.model.manifest import Manifest
from core.model.person import SYSTEM
from core.ports import Clock
from core.services.stored import good_fields

ENDED_BADLY = frozenset({BackupState.FAILED, BackupState.INTERRUPTED, BackupState.CANCELLED})


def is_stored(backup: Backup) -> bool:
    """Say whether the record itself knows that its manifest was written, without asking a vault."""
    return backup.proof is not Proof.NONE


def good_as_recorded(backup: Backup, why_not_proven: str) -> dict[str, object]:
    """Return the fields of a good backup whose record holds already what is stored of it; its bytes were read back."""
    warning = (
        "" if backup.proof is Proof.PROVEN else f"Not proven: {why_not_proven} The bytes were read back and match."
    )
    return {"state": BackupState.GOOD, "warning": warning, "unsaved": True}


def adopt_stored(catalog: Catalog, clock: Clock, manifest: Manifest) -> Backup | None:
    """Call a backup good whose record says that its run ended badly; None where it says anything else.

    It is damaged where its manifest knows that.
    """
    now = clock.now()
    with catalog.write():
        current = catalog.backups.get(manifest.backup_id)
        why = current.failure.message if current.failure else "Its run ended before that."
        adopted = catalog.backups.move(manifest.backup_id, ENDED_BADLY, **good_fields(current, manifest, why))
        if adopted is not None:
            catalog.audit.append(
                now,
                SYSTEM,
                "backup-ended",
                adopted.id,
                f"{adopted.state.value} after all",
                {"was": current.state.value},
            )
    return adopted
