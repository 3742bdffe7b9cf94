"""A world whose catalog is lost, damaged or replaced."""

import hashlib
import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from core.bootstrap import SHAPES, build_rebuild
from core.catalog import Catalog
from core.config import read_config
from core.model.backup import Backup, BackupState, Tier
from core.model.hold import Hold
from core.services.rebuild_catalog import RebuildCatalog
from tests.support.world import ANNA, World

GOOD = frozenset({BackupState.GOOD})


def filled(world: World) -> list[str]:
    """Take three real backups: a plain one, one of two tiers, and one that is held; all of it saved in the vault."""
    catalog = world.core.catalog
    ids = []
    for _ in range(3):
        ids.append(world.take())
        world.clock.offset += timedelta(seconds=2)
    catalog.backups.move(ids[1], GOOD, tiers=frozenset({Tier.DAILY, Tier.WEEKLY}), unsaved=True)
    now = world.clock.now()
    catalog.backups.move(ids[2], GOOD, hold=Hold(ANNA, "the audit", now, now + timedelta(days=40)), unsaved=True)
    world.core.save_manifests(now)
    return ids


def others(world: World) -> list[str]:
    """Add what no manifest knows: a failed backup and a tombstone."""
    catalog = world.core.catalog
    like = catalog.retained.stored("orders")[0]
    made = []
    for number, state in enumerate((BackupState.FAILED, BackupState.PRUNED)):
        record = replace(like, id=f"20200101T00000{number}Z-00000{number}", state=state, hold=None)
        made.append(catalog.backups.adopt(record).id)
    return made


def copied(world: World) -> None:
    """Copy the catalog into the vault."""
    world.clock.offset += timedelta(minutes=6)
    world.core.copy_catalog(world.clock.now())


def rebuilder(root: Path, world: World | None = None) -> RebuildCatalog:
    """Return what rebuilds the catalog of a world."""
    config = read_config(root / "safehold.toml", SHAPES)
    return build_rebuild(config, world.clock if world else None)


def records(path: Path) -> dict[str, Backup]:
    """Return every record of a catalog, but for revisions, which count changes."""
    with Catalog.open(path) as catalog:
        found = catalog.backups.changed_since(0, 100_000)
    return {record.id: replace(record, revision=0) for record in found}


def lose(world: World) -> Path:
    """Delete the catalog with all that lies beside it, as a slip of the hand does."""
    world.core.close()
    path = world.core.config.catalog_path
    for file in path.parent.glob("catalog.db*"):
        file.unlink()
    return path


def listed(record: Backup) -> tuple[object, ...]:
    """Return what people and retention know a backup by, to the second where a time is that of another step."""
    taken: datetime = record.taken_at
    return (
        record.source,
        record.engine,
        record.vault,
        record.tiers,
        record.state,
        record.proof,
        record.requested_by,
        record.note,
        record.requested_at,
        taken,
        record.due_at,
        record.hold,
        record.size,
        record.raw_size,
        record.archive_name,
        record.archive_sha256,
        record.versions,
        record.counts,
        record.fingerprint,
        record.verified_at,
        record.proven_at,
    )


def write_newer(path: Path) -> None:
    """Turn a manifest into a whole one of a format that is not there yet."""
    body = {**json.loads(path.read_bytes()), "format": 9}
    body.pop("sha256")
    path.write_bytes(_canonical({**body, "sha256": hashlib.sha256(_canonical(body)).hexdigest()}))


def _canonical(value: dict[str, object]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
