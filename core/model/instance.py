"""A running database made by a restore."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.model.backup import Failure
from core.model.person import Person
from core.model.progress import Step


class InstanceState(StrEnum):
    """PROVISIONING from the moment the restore is initiated; STOPPED when it died by itself."""

    PROVISIONING = "provisioning"
    READY = "ready"
    STOPPED = "stopped"
    FAILED = "failed"
    DESTROYING = "destroying"
    DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance's record. `seconds` is the measured time from initiated to ready (the RTO).

    `fingerprint_equal` is None where the backup had no fingerprint to compare with.
    `checked` lists in words what was checked before it was called ready.
    """

    name: str
    restore_id: str
    backup_id: str
    source: str
    engine: str
    provisioner: str
    state: InstanceState
    owner: Person
    created_at: datetime
    lease_ends_at: datetime
    endpoint: str = ""
    ready_at: datetime | None = None
    seconds: float = 0.0
    fingerprint: str = ""
    fingerprint_equal: bool | None = None
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    checked: tuple[str, ...] = ()
    step: Step | None = None
    failure: Failure | None = None
    revision: int = 0
