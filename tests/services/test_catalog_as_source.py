"""The catalog may be a source like any other: backing it up disturbs nobody who writes to it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from core.model.backup import BackupState
from tests.support.world import ANNA, World


def listed(world: World) -> str:
    """Return what another process lists."""
    command = [sys.executable, "-m", "cli", "--config", str(world.root / "safehold.toml"), "list", "--json"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_what_is_recorded_after_a_backup_of_the_catalog_is_seen_by_every_process(
    make_world: Callable[..., World], tmp_path: Path
) -> None:
    """Other processes that end after it don't take themselves for the last to use the catalog."""
    path = tmp_path / "state" / "catalog.db"
    world = make_world(source=f'[sources.records]\nengine = "sqlite"\npath = "{path}"')
    backup = world.core.create_backup("records", ANNA).backup
    world.settled(backup.id)
    assert world.core.find_backup(backup.id).state is BackupState.GOOD
    assert backup.id in listed(world)
    later = world.take()
    assert world.core.find_backup(later).state is BackupState.GOOD
    assert later in listed(world)
