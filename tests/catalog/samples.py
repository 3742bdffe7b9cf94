"""Records that tests put into a catalog."""

from datetime import UTC, datetime, timedelta
from typing import Any

from core.model.backup import Backup, BackupState, Failure, Proof, Tier
from core.model.instance import Instance, InstanceState
from core.model.person import Door, Person
from core.model.plan import RestorePlan
from core.model.progress import Step, Unit
from core.model.restore import Restore, RestoreState
from core.model.transfer import Download

NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
ANNA = Person("U0ANNA", "Anna", Door.SLACK)
BELA = Person("os:bela", "Béla", Door.COMMAND_LINE)
FAILURE = Failure("vault-unavailable", "The vault is full.", "Make room.", "3f9a1c2e", "storing")
OPEN = frozenset({BackupState.PENDING, BackupState.RUNNING})
PENDING = frozenset({BackupState.PENDING})


def backup(number: int = 1, **fields: Any) -> Backup:
    """Return a pending backup of gods, so many seconds after noon."""
    at = NOON + timedelta(seconds=number)
    defaults: dict[str, Any] = {
        "id": f"{at:%Y%m%dT%H%M%SZ}-{number:06x}",
        "source": "gods",
        "engine": "janusgraph-berkeleyje",
        "vault": "local",
        "tiers": frozenset({Tier.ON_DEMAND}),
        "state": BackupState.PENDING,
        "proof": Proof.NONE,
        "requested_by": ANNA,
        "note": "before the migration",
        "requested_at": at,
        "owner": "host:1:2.00",
    }
    return Backup(**{**defaults, **fields})


def good(number: int = 1, **fields: Any) -> Backup:
    """Return a proven backup with every field set."""
    at = NOON + timedelta(seconds=number)
    defaults: dict[str, Any] = {
        "tiers": frozenset({Tier.DAILY, Tier.WEEKLY}),
        "state": BackupState.GOOD,
        "proof": Proof.PROVEN,
        "started_at": at,
        "finished_at": at + timedelta(seconds=40),
        "step": Step("proving", 3, 5, Unit.ITEMS),
        "size": 1000,
        "raw_size": 1700,
        "archive_name": f"gods-{number}.tar.zst",
        "archive_sha256": "9c41",
        "timings": {"capture": 0.02, "store": 9.1},
        "versions": {"janusgraph": "1.1.0"},
        "counts": {"vertices": {"god": 3}, "edges": {"father": 2}},
        "fingerprint": "e2",
        "verified_at": at,
        "proven_at": at + timedelta(microseconds=7),
        "failure": FAILURE,
        "warning": "Smaller than before.",
    }
    return backup(number, **{**defaults, **fields})


def restore(number: int = 1, **fields: Any) -> Restore:
    """Return a restore that waits for one approval."""
    plan = RestorePlan(
        backup_id="20261123T020000Z-7f3a1c",
        source="gods",
        engine="janusgraph-berkeleyje",
        archive_sha256="9c41",
        archive_size=1000,
        taken_at=NOON.isoformat(),
        proof="proven",
        proven_at=NOON.isoformat(),
        instance=f"janusgraph-restore-{number}",
        provisioner="here",
        where="this host",
        lifetime_seconds=14_400,
        disk_bytes=70,
        memory_bytes=800,
    )
    defaults: dict[str, Any] = {
        "id": f"r-{number:08x}",
        "plan": plan,
        "plan_hash": plan.digest,
        "state": RestoreState.WAITING,
        "requested_by": ANNA,
        "reason": "look",
        "requested_at": NOON + timedelta(seconds=number),
        "expires_at": NOON + timedelta(hours=4),
        "approvals_needed": 1,
    }
    return Restore(**{**defaults, **fields})


def instance(number: int = 1, **fields: Any) -> Instance:
    """Return an instance that is being provisioned."""
    at = NOON + timedelta(seconds=number)
    defaults: dict[str, Any] = {
        "name": f"janusgraph-restore-{at:%Y%m%dT%H%M%SZ}",
        "restore_id": "r-00000001",
        "backup_id": "20261123T020000Z-7f3a1c",
        "source": "gods",
        "engine": "janusgraph-berkeleyje",
        "provisioner": "here",
        "state": InstanceState.PROVISIONING,
        "owner": ANNA,
        "created_at": at,
        "lease_ends_at": at + timedelta(hours=4),
    }
    return Instance(**{**defaults, **fields})


def download(number: int = 1) -> Download:
    """Return a download that nobody has begun."""
    return Download(f"d{number}", "20261123T020000Z-7f3a1c", ANNA, NOON, NOON + timedelta(hours=1))
