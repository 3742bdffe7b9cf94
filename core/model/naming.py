"""Names and ids: how backups, restores and restored instances are called."""

import re
from datetime import UTC, datetime

STAMP = "%Y%m%dT%H%M%SZ"
SOURCE_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
"""What a source may be called: it becomes a folder, a file name and part of a Slack message."""
CATALOG_SOURCE = "safehold-catalog"
"""Where copies of the catalog itself lie in a vault. No source may be called so, and none of them is a backup."""

_BACKUP_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")


def stamp(moment: datetime) -> str:
    """Return the moment in UTC as ISO 8601 basic format, to the second: sorts by time, holds no colon."""
    return moment.astimezone(UTC).strftime(STAMP)


def backup_id(moment: datetime, entropy: int) -> str:
    """Return an id that sorts by time: `20261123T020000Z-7f3a1c`. `entropy` gives its last 24 bits."""
    return f"{stamp(moment)}-{entropy & 0xFFFFFF:06x}"


def is_backup_id(text: str) -> bool:
    """Say whether the text has the form of a whole backup id."""
    return _BACKUP_ID.fullmatch(text) is not None


def restore_id(entropy: int) -> str:
    """Return the id of a restore: `r-7f3a1c2e`."""
    return f"r-{entropy & 0xFFFFFFFF:08x}"


def instance_name(family: str, moment: datetime) -> str:
    """Return `janusgraph-restore-20261124T031500Z`.

    No colons, dots, slashes or plus signs: JanusGraph refuses them in `graph.unique-instance-id`.
    """
    return f"{family}-restore-{stamp(moment)}"


def archive_name(source: str, backup: str) -> str:
    """Return the file name of an archive, the one that a download arrives under."""
    return f"{source}-{backup}.tar.zst"


def archive_folder(source: str, backup: str) -> str:
    """Return the one top-level folder that an archive unpacks into."""
    return f"{source}-{backup}"
