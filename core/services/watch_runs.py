"""Watches the runs of this process: one in which nothing moves, or that runs for ever, is ended and told."""

import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from core.catalog import Catalog
from core.errors import SafeholdError, Stalled
from core.model.backup import Backup, BackupState
from core.model.restore import Restore, RestoreState
from core.ports import Clock, Runner
from core.services.end_runs import EndRuns

SILENT = frozenset(
    {
        "fetching JanusGraph",
        "starting Java",
        "opening",
        "checking storage",
        "counting",
        "rebuilding indexes",
        "comparing indexes",
        "checking new ids",
        "starting",
    }
)
"""Steps of a proof or of bringing up an instance: they work for hours and can't say how far they are, or have a
deadline of their own. All others report each piece of what they read or write."""
HANGING = "runs that hang"
"""The mark that says what hangs in which process, for whoever looks from another one: JSON."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is seen of a run now: `moves` is another value each time it moved; `silent`: it need not."""

    key: str
    doing: str
    moves: object
    silent: bool = False
    record: Backup | Restore | None = None


@dataclass(slots=True)
class WatchRuns:
    """Looks at what this process runs; remembers between looks since when each run stands where it stands.

    The record is ended first, so that people are told also where the run hangs for good; then the run is asked to stop,
    and its thread no longer counts. One that goes on later finds its record ended: it removes what it made. Where its
    manifest is written, before or after that, its backup is good all the same.
    """

    catalog: Catalog
    clock: Clock
    runner: Runner
    end: EndRuns
    owner: str
    stalled_seconds: float
    longest_seconds: float
    _seen: dict[str, tuple[object, float]] = field(default_factory=dict)
    _begun: dict[str, float] = field(default_factory=dict)
    _told: tuple[str, ...] = ()
    _looking: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> None:
        """Look once. What can't be ended now is ended the next time, and keeps no other from being looked at.

        Any thread may look; while one does, others don't.
        """
        if self._looking.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looking.release()

    def _look(self) -> None:
        with self.catalog.read():
            running = {run.id: run for run in self._running()}
            seen = [*map(_of_record, running.values()), *self._others(running)]
        known = {one.key for one in seen}
        self._seen = {key: value for key, value in self._seen.items() if key in known}
        self._begun = {key: value for key, value in self._begun.items() if key in known}
        for one in seen:
            error = self._trouble(one)
            if error is not None:
                self._end(one, error)
        self._tell()

    def _running(self) -> Iterator[Backup | Restore]:
        for backup in self.catalog.backups.open_ones():
            if backup.owner == self.owner and backup.state is BackupState.RUNNING:
                yield backup
        for restore in self.catalog.restores.open_ones():
            if restore.owner == self.owner and restore.state is RestoreState.RUNNING:
                yield restore

    def _others(self, running: dict[str, Backup | Restore]) -> Iterator[_Seen]:
        """Look at what the runner does besides: it knows more than any table."""
        for key, asked in self.runner.under_way().items():
            kind, _, about = key.partition(":")
            if key in running:
                continue
            if kind == "verify":
                yield _of_verification(key, self.catalog.backups.get(about))
            else:
                yield _Seen(key, f"doing {key}", asked, silent=kind not in {"prune", "destroy"})

    def _trouble(self, one: _Seen) -> Stalled | None:
        now = self.clock.monotonic()
        before, since = self._seen.get(one.key, (None, now))
        if one.key not in self._seen or before != one.moves:
            self._seen[one.key] = (one.moves, now)
            since = now
        begun = self._begun.setdefault(one.key, now)
        if not one.silent and now - since >= self.stalled_seconds:
            return Stalled(
                f"Nothing moved for {_minutes(now - since)} while {one.doing}.",
                hint="Look whether the disk or the network behind it hangs, then retry.",
            )
        if now - begun >= self.longest_seconds:
            return Stalled(
                f"It ran for {_minutes(now - begun)}, longer than a run may.",
                hint="Look at its log; where it needs so long, raise runs.longest in the configuration.",
            )
        return None

    def _end(self, one: _Seen, error: Stalled) -> None:
        logger.warning("%s: %s", one.key, error)
        try:
            if one.record is not None:
                self.end.record(one.record, error)
            else:
                self.end.other(one.key, error)
        except SafeholdError as trouble:
            logger.warning("%s could not be ended on record, it is tried again: %s", one.key, trouble)
            return
        self.runner.abandon(one.key)

    def _tell(self) -> None:
        """Let other processes know what hangs here, and end what can never begin any more."""
        hanging = self.runner.hanging()
        if hanging != self._told:
            self.catalog.marks.put(HANGING, json.dumps({"owner": self.owner, "runs": hanging}))
            self._told = hanging
        if self.runner.stuck:
            self.end.waiting(len(hanging))


def _of_record(run: Backup | Restore) -> _Seen:
    step = run.step.name if run.step else ""
    return _Seen(run.id, step or "beginning", run.step, step in SILENT, run)


def _of_verification(key: str, backup: Backup) -> _Seen:
    step = backup.step.name if backup.step else ""
    return _Seen(key, step or "beginning", backup.step, step in SILENT)


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds < 2 * 3_600 else f"{seconds / 3_600:.1f} h"
