"""A Safehold that is killed day after day in what it does by itself, and a judge that trusts none of its records."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from core.catalog import Catalog
from core.errors import SafeholdError
from core.model.backup import Backup, BackupState
from core.model.naming import CATALOG_SOURCE
from core.model.progress import silent
from tests.support.mortal import SOURCE, back_up, expire, prune, sweep, unmeasured
from tests.support.timed import UNPROVEN
from tests.support.world import World, build_world

PROJECT = Path(__file__).parents[2]
ACTS = ("backup", "expire", "prune", "sweep", "rebuild")
DAY = timedelta(days=1)
KEPT_DAYS = 7
"""What the default policy keeps daily backups for, counted from the newest good one."""
WITH_BYTES = frozenset({BackupState.GOOD, BackupState.EXPIRED})
KEPT = frozenset({*WITH_BYTES, BackupState.PRUNING, BackupState.PRUNED})
LONGEST_MILLISECONDS = 6.0
MOST_TRIES = 20


@dataclass(slots=True)
class Blow:
    """One kill. `step` is how far it was by the record; `settled` the seconds until the truth was shown again."""

    act: str
    event: int
    step: str
    settled: float = 0.0
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Struck:
    """The world in `root`, its day, and what was ever good: id and when it was taken."""

    root: Path
    chance: random.Random
    day: int = 0
    good: dict[str, Backup] = field(default_factory=dict)
    _lasts: dict[str, int] = field(default_factory=dict)

    def prepare(self) -> None:
        """Take backups for so many days that from now on each day lets one go."""
        with self._world().core as core:
            for _ in range(KEPT_DAYS + 3):
                self.day += 1
                core.clock.offset = self.day * DAY  # type: ignore[attr-defined]
                back_up(core)
            self._note(core.catalog)

    def strike(self, act: str) -> Blow:
        """Let a day pass, kill the act at a random event, start again and judge.

        Raises:
            TimeoutError: the act ended before it could be killed, time after time.

        """
        for _ in range(MOST_TRIES):
            self.day += 1
            if act != "backup":
                with self._world().core as core:
                    back_up(core)
                    core.copy_catalog(core.clock.now())
                    self._note(core.catalog)
            self._litter()
            event = self.chance.randint(0, self._lasts.get(act, 40))
            # Half of them at once: a deletion is over within a few milliseconds.
            later = self.chance.choice([0.0, self.chance.uniform(0, LONGEST_MILLISECONDS)])
            seen = self._killed(act, event, later)
            if seen is None:
                blow = Blow(act, event, self._step(act))
                began = time.monotonic()
                blow.faults = list(self._judged())
                blow.settled = time.monotonic() - began
                return blow
            self._lasts[act] = seen
            with self._world().core as core:
                self._note(core.catalog)
        raise TimeoutError(f"{act} was too quick to be killed")

    def _world(self) -> World:
        world = build_world(self.root, source=UNPROVEN, rows=50)
        world.clock.offset = self.day * DAY
        return world

    def _killed(self, act: str, event: int, milliseconds: float) -> int | None:
        """Return how many events there were, None where it was killed."""
        argv = [sys.executable, "-m", "tests.support.mortal", str(self.root), act]
        argv += [str((self.day * DAY).total_seconds()), str(event), str(milliseconds)]
        ended = subprocess.run(
            argv, cwd=PROJECT, env=unmeasured(), capture_output=True, text=True, check=False, timeout=120
        )
        if ended.returncode == -9:
            return None
        assert ended.returncode == 0, ended.stderr
        return int(ended.stdout)

    def _litter(self) -> None:
        """Leave in the vault what a run of a catalog that is gone leaves when it is killed while storing."""
        name = f"20200101T000000Z-{self.chance.randrange(1 << 24):06x}"
        folder = self.root / "vault" / SOURCE / name
        folder.mkdir(parents=True)
        (folder / f".{name}.partial").write_bytes(b"half an archive")

    def _step(self, act: str) -> str:
        with Catalog.open(self.root / "state" / "catalog.db") as catalog:
            if act == "backup":
                for backup in catalog.backups.open_ones():
                    return backup.step.name if backup.step else backup.state.value
                return "not begun or done"
            leaving = [backup.state for backup in catalog.retained.leaving()]
        if act in {"expire", "prune"}:
            return "deleting" if BackupState.PRUNING in leaving else f"{len(leaving)} let go"
        return act

    def _note(self, catalog: Catalog) -> None:
        self.good |= {backup.id: backup for backup in catalog.retained.stored(SOURCE) if backup.state in WITH_BYTES}

    def _judged(self) -> Iterator[str]:
        """Start again, let it do what it does by itself within a minute, and yield what is untrue or left."""
        world = self._world()
        with world.core as core:
            expire(core)
            prune(core)
            core.save_manifests(core.clock.now())
            core.copy_catalog(core.clock.now())
            sweep(core)
            catalog, vault = core.catalog, core.adapters.vault("local")
            yield from (f"{backup.id} is still {backup.state}" for backup in catalog.backups.open_ones())
            yield from (f"lease {lease.name} is held" for lease in catalog.leases.held())
            yield from (f"left behind: {path}" for path in world.left_behind())
            catalog.check()
            if (broken := catalog.audit.check().broken) is not None:
                yield f"the audit record is broken at {broken}"
            there = {e.backup_id: e.committed for e in vault.entries() if e.source != CATALOG_SOURCE}
            copies = [entry.committed for entry in vault.entries(CATALOG_SOURCE)]
            yield from ("half a copy of the catalog is left" for committed in copies if not committed)
            yield from (f"{key} is left without a manifest" for key, committed in there.items() if not committed)
            records = {backup.id: backup for backup in catalog.backups.changed_since(0, 100_000)}
            yield from self._of_records(records, there)
            for backup in records.values():
                if backup.state in WITH_BYTES:
                    try:
                        manifest = vault.manifest(SOURCE, backup.id)
                        vault.verify(SOURCE, backup.id, manifest.archive, silent)
                    except SafeholdError as error:
                        yield f"{backup.id} is {backup.state} and not readable: {error.message}"
            self._note(catalog)

    def _of_records(self, records: dict[str, Backup], there: dict[str, bool]) -> Iterator[str]:
        for key in there.keys() - records.keys():
            yield f"{key} lies in the vault and has no record"
        for key, record in records.items():
            if (key in there) is not (record.state in WITH_BYTES):
                yield f"{key} is {record.state} and its bytes are {'there' if key in there else 'gone'}"
        newest = max((r.taken_at for r in records.values() if r.state in WITH_BYTES), default=None)
        for key, was in self.good.items():
            now = records.get(key)
            if now is None or now.state not in KEPT:
                yield f"{key} was good and is {now.state if now else 'not listed'}"
            elif newest is None:
                yield "no good backup is left"
            elif now.state is not BackupState.GOOD and newest - was.taken_at < KEPT_DAYS * DAY:
                yield f"{key} is {now.state} though it is younger than {KEPT_DAYS} days"
