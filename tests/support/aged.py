"""Backups of days ago, and what a catalog and a manifest say of them, for the tests of a terminal."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from core.catalog import Catalog
from core.model.backup import BackupState, Tier
from tests.support.terminal import Terminal

GOOD = frozenset({BackupState.GOOD})
DAYS = timedelta(days=1)
DAILY = frozenset({Tier.DAILY})


@contextmanager
def catalog(safehold: Terminal) -> Iterator[Catalog]:
    """Open the catalog beside the command line."""
    with Catalog.open(safehold.workplace.folder / "state" / "catalog.db") as found:
        yield found


def manifest(safehold: Terminal, backup: str) -> dict[str, Any]:
    """Return what the vault says of a backup."""
    path = safehold.workplace.folder / "vault" / "orders" / backup / "manifest.json"
    found: dict[str, Any] = json.loads(path.read_text())
    return found.get("manifest", found)


def aged(safehold: Terminal, days: int) -> list[str]:
    """Return the ids of so many daily backups, the oldest first, the newest of now."""
    ids = [safehold.backup() for _ in range(days)]
    now = datetime.now(UTC)
    with catalog(safehold) as found:
        for age, key in enumerate(reversed(ids)):
            at = now - age * DAYS - age * timedelta(minutes=1)
            found.backups.move(key, GOOD, tiers=DAILY, started_at=at, requested_at=at)
    return ids


def expire(safehold: Terminal, backup: str, days_ago: float = 0.5) -> None:
    """Let a backup go as retention does."""
    at = datetime.now(UTC) - days_ago * DAYS
    changes = {"state": BackupState.EXPIRED, "expired_at": at, "expiry": "older than 7 days (daily)"}
    with catalog(safehold) as found:
        assert found.backups.move(backup, GOOD, **changes)


def row(safehold: Terminal, backup: str) -> str:
    """Return the row of a backup in the list."""
    return next(line for line in safehold("list").out.splitlines() if line.startswith(backup))
