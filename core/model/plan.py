"""Exactly what a restore will do; its hash is what people approve."""

import hashlib
import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """A restore before it is done. Sizes are bytes; times are ISO 8601 text in UTC, so that the hash is stable.

    `where` is the provisioner's own words for the place ("this host, a free port, loopback only").
    `disk_bytes` and `memory_bytes` are what the new instance is expected to need.
    """

    backup_id: str
    source: str
    engine: str
    archive_sha256: str
    archive_size: int
    taken_at: str
    proof: str
    proven_at: str
    instance: str
    provisioner: str
    where: str
    lifetime_seconds: int
    disk_bytes: int
    memory_bytes: int

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the plan's canonical JSON, hex: what an approval is bound to."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def short(self) -> str:
        """Return the first eight digits of the plan hash as people see them: `5d0c-91ab`."""
        return f"{self.digest[:4]}-{self.digest[4:8]}"
