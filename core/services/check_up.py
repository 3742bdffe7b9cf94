"""Check up: look at everything a backup or a restore needs before it is needed."""

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.catalog import Catalog
from core.errors import SafeholdError, UsageError
from core.model.schedule_told import describe, goal_warning, window_warning
from core.model.source import Source
from core.ports import Provisioner, Vault
from core.services.adapters import Adapters
from core.services.living import NO_BOT, bot_runs
from core.services.schedules import Schedules
from core.services.watch_runs import HANGING


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what was found, and where it is not well, how to mend it."""

    name: str
    ok: bool
    says: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class CheckUp:
    """Looks at catalog, state folder, vaults, places, sources and schedules. Writes nothing that stays."""

    catalog: Catalog
    adapters: Adapters
    schedules: Schedules
    state_directory: Path

    def __call__(self) -> tuple[Finding, ...]:
        """Return a finding for each thing, in the order in which a person would mend them."""
        return tuple(self._findings())

    def _findings(self) -> Iterator[Finding]:
        yield _look("catalog", lambda: f"{self.catalog.path}, revision {self.catalog.revision()}")
        yield _look("state folder", self._state)
        yield from (_look(f"vault {name}", partial(_vault, vault)) for name, vault in self.adapters.vaults.items())
        for name, place in self.adapters.provisioners.items():
            yield _look(f"provisioner {name}", partial(_place, place))
        for name, source in self.adapters.sources.items():
            yield _look(f"source {name}", partial(self._source, source))
            yield _look(f"schedule of {name}", partial(self._schedule, source))
        yield _look("bot", self._bot)
        yield from self._hanging()

    def _bot(self) -> str:
        # Not wrong in itself: some call the command line from cron instead.
        return "runs" if bot_runs(self.catalog, self.schedules.clock.now()) else NO_BOT

    def _hanging(self) -> Iterator[Finding]:
        """Say what hangs in the process that told last, where that still lives."""
        told = json.loads(self.catalog.marks.get(HANGING) or "{}")
        living = {process.owner for process in self.catalog.processes.all()}
        if told.get("runs") and told.get("owner") in living:
            runs = ", ".join(told["runs"])
            fix = "Look whether the disk or the network behind them hangs, then restart Safehold."
            yield Finding("runs", ok=False, says=f"{len(told['runs'])} hang: {runs}", fix=fix)

    def _state(self) -> str:
        self.state_directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=self.state_directory, prefix=".probe-"):
            return f"{self.state_directory} is writable"

    def _schedule(self, source: Source) -> str:
        """Say how a source is backed up by itself.

        Raises:
            UsageError: that does not fit its goal or its last run.

        """
        schedule, now = self.schedules.current(source.name), self.schedules.clock.now()
        took = self.schedules.last_took(source.name)
        warnings = (goal_warning(schedule, source.name, source.goal_seconds, now), window_warning(schedule, took))
        if said := " ".join(filter(None, warnings)):
            raise UsageError(describe(schedule), hint=said)
        return describe(schedule)

    def _source(self, source: Source) -> str:
        facts = self.adapters.engine(source.engine).inspect(source)
        versions = ", ".join(f"{name} {version}" for name, version in facts.versions.items())
        return f"answers: {versions}; {facts.size_bytes / 1e6:.1f} MB to capture"


def _vault(vault: Vault) -> str:
    return f"{vault.free_bytes() / 1e9:.1f} GB free"


def _place(place: Provisioner) -> str:
    return f"{place.where}, {place.room().disk_bytes / 1e9:.1f} GB free"


def _look(name: str, look: Callable[[], str]) -> Finding:
    """Turn what a look finds, or the error it meets, into a finding."""
    try:
        return Finding(name, ok=True, says=look())
    except SafeholdError as error:
        return Finding(name, ok=False, says=error.message, fix=error.hint)
    except OSError as error:
        return Finding(name, ok=False, says=f"{error.strerror}: {error.filename}", fix="Mend the path or its rights.")
