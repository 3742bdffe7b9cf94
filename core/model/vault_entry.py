"""What lies in a vault under the name of one backup."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class VaultEntry:
    """`committed`: it has a manifest. `changed_at`: the newest change of anything of it, aware UTC.

    `size` in bytes is that of all of it, `archive_size` that of its archive, 0 where there is none.
    """

    source: str
    backup_id: str
    committed: bool
    changed_at: datetime
    size: int
    archive_size: int
