"""Which runs nobody works on any more: their process is dead, or it lives and has lost them."""

from dataclasses import dataclass, field
from datetime import datetime

from core.catalog import Catalog, Lease
from core.model.backup import Backup
from core.model.restore import Restore, RestoreState
from core.ports import Clock, Runner
from core.runtime.identity import alive
from core.services.living import SECONDS_WITHOUT_A_BEAT

SECONDS_LOST = 10.0
"""A run of our own that the runner does not know was lost; between its record and its start pass milliseconds."""


@dataclass(frozen=True, slots=True)
class Orphaned:
    """What has to be settled, and the processes that are dead."""

    backups: tuple[Backup, ...]
    restores: tuple[Restore, ...]
    leases: tuple[Lease, ...]
    dead: frozenset[str]


@dataclass(slots=True)
class Orphans:
    """Looks for orphaned runs. Remembers between looks since when it has not heard of a process or a run."""

    catalog: Catalog
    clock: Clock
    runner: Runner
    owner: str
    _unheard: dict[str, tuple[datetime | None, float]] = field(default_factory=dict)
    _lost: dict[str, float] = field(default_factory=dict)

    def __call__(self) -> Orphaned:
        """Return what is orphaned now, by one view of the catalog: a process that begins meanwhile is not seen half."""
        with self.catalog.read():
            beats = {process.owner: process.beat_at for process in self.catalog.processes.all()}
            backups = self.catalog.backups.open_ones()
            restores = [r for r in self.catalog.restores.open_ones() if r.state is RestoreState.RUNNING]
            leases = self.catalog.leases.held()
        runs = {b.id: b.owner for b in backups} | {r.id: r.owner for r in restores}
        held = {lease.run: lease.owner for lease in leases}
        owners = beats.keys() | set(runs.values()) | set(held.values())
        dead = frozenset(owner for owner in owners if owner != self.owner and not self._lives(owner, beats.get(owner)))
        # A download is no run: its stream holds its lease.
        ours = {run for run, owner in (held | runs).items() if owner == self.owner and not run.startswith("download:")}
        lost = self._lost_here(ours)
        return Orphaned(
            backups=tuple(b for b in backups if b.owner in dead or b.id in lost),
            restores=tuple(r for r in restores if r.owner in dead or r.id in lost),
            # The lease of an open run ends with the run.
            leases=tuple(one for one in leases if one.run not in runs and (one.owner in dead or one.run in lost)),
            dead=dead,
        )

    def _lives(self, owner: str, beat_at: datetime | None) -> bool:
        living = alive(owner)
        if living is not None:
            return living
        now = self.clock.monotonic()
        heard, since = self._unheard.get(owner, (None, -1.0))
        if since < 0 or heard != beat_at:
            self._unheard[owner] = (beat_at, now)
            return True
        return now - since < SECONDS_WITHOUT_A_BEAT

    def _lost_here(self, ours: set[str]) -> set[str]:
        now = self.clock.monotonic()
        unknown = {run for run in ours if self.runner.wait(run, 0)}
        self._lost = {run: self._lost.get(run, now) for run in unknown}
        return {run for run, since in self._lost.items() if now - since >= SECONDS_LOST}
