"""A whole Safehold on real files: an SQLite source, a directory vault, a process provisioner, a clock that can move."""

import sqlite3
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.bootstrap import SHAPES, Core, build_core
from core.config import read_config
from core.model.person import Door, Person

ANNA = Person("U0ANNA", "anna", Door.SLACK)
"""On call: may back up, download, restore."""
BEN = Person("U0BEN", "ben", Door.SLACK)
"""An approver by user group."""
CARL = Person("U0CARL", "carl", Door.SLACK)
"""An approver by name."""
GITA = Person("U0GITA", "gita", Door.SLACK)
"""A guest without any right."""

TOML = """
[state]
directory = "{root}/state"

[catalog]
path = "{root}/state/catalog.db"

[sources.orders]
engine = "sqlite"
path = "{root}/orders.db"
{source}

[vaults.local]
type = "directory"
path = "{root}/vault"

[provisioners.here]
type = "process"
directory = "{root}/instances"
ports = "18400-18499"

[access]
backup = ["U0ANNA", "U0BEN"]
download = ["U0ANNA", "U0BEN"]
restore = ["U0ANNA", "U0BEN"]
approve = ["S0DBA", "U0CARL"]
destroy = ["U0CARL"]
{access}
"""


class MovableClock:
    """The real time, moved by as much as a test wants."""

    def __init__(self) -> None:
        self.offset = timedelta(0)
        self.passed = 0.0

    def now(self) -> datetime:
        """Return the moved time."""
        return datetime.now(UTC) + self.offset

    def monotonic(self) -> float:
        """Return the real monotonic time, and the seconds that a test says have passed besides."""
        return time.monotonic() + self.passed


@dataclass
class FixedGroups:
    """User groups as a test sets them."""

    groups: dict[str, frozenset[str]] = field(default_factory=lambda: {"S0DBA": frozenset({"U0BEN"})})

    def members(self, group: str) -> frozenset[str]:
        """Return the members of a group."""
        return self.groups.get(group, frozenset())


@dataclass
class World:
    """What a service test works with."""

    root: Path
    core: Core
    clock: MovableClock
    groups: FixedGroups

    @property
    def source_path(self) -> Path:
        """Return the protected database."""
        return self.root / "orders.db"

    def take(self) -> str:
        """Take a backup to its end and return its id."""
        backup = self.core.create_backup("orders", ANNA).backup
        self.settled(backup.id)
        return backup.id

    def settled(self, key: str) -> None:
        """Wait until a run has ended."""
        assert self.core.runner.wait(key, 60), f"{key} did not end in a minute"

    def left_behind(self) -> list[str]:
        """Return what lies in scratch, stage and instance folders: after everything ended it should be nothing."""
        folders = (self.root / "state" / "scratch", self.root / "state" / "sqlite-stage", self.root / "instances")
        return [str(p.relative_to(self.root)) for f in folders if f.exists() for p in f.iterdir() if p.is_dir()]


def write_database(path: Path, rows: int = 100) -> None:
    """Make a small database, or add to it."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("create table if not exists orders (id integer primary key, item text)")
        connection.executemany("insert into orders (item) values (?)", [(f"item {n}" * 10,) for n in range(rows)])
    connection.close()


class StandingClock(MovableClock):
    """A clock that stands where a test has set it, so that what lies seven days apart does so to the microsecond."""

    def now(self) -> datetime:
        """Return the set time."""
        return datetime(2026, 1, 1, tzinfo=UTC) + self.offset


def build_world(
    root: Path, *, access: str = "", source: str = "", rows: int = 100, clock: MovableClock | None = None
) -> World:
    """Make a world that is configured, and not yet started."""
    write_database(root / "orders.db", rows)
    path = root / "safehold.toml"
    path.write_text(TOML.format(root=root, access=access, source=source))
    (root / "vault").mkdir(exist_ok=True)
    clock, groups = clock or MovableClock(), FixedGroups()
    core = build_core(read_config(path, SHAPES), role="bot", groups=groups, clock=clock)
    return World(root, core, clock, groups)
