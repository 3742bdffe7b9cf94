"""The programs that the demo has started: kept on record, so that they end with it even after a kill."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cli.demo.ending import Ending
from core.errors import UnavailableError
from core.runtime import process
from core.runtime.environment import plain_environment
from core.runtime.files import write_atomically

TAIL_LINES = 12


@dataclass(frozen=True, slots=True)
class Child:
    """One started program."""

    name: str
    pid: int
    created: float
    log: Path

    @property
    def alive(self) -> bool:
        """Say whether it still runs."""
        return process.alive(self.pid, self.created)

    @property
    def tail(self) -> str:
        """Return the last lines that it printed."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(lines[-TAIL_LINES:])

    def require_alive(self) -> None:
        """Let a living one pass.

        Raises:
            UnavailableError: it has ended; the hint holds the end of its log.

        """
        if not self.alive:
            raise UnavailableError(f"{self.name} ended early. Its log: {self.log}", hint=self.tail, detail=self.tail)


@dataclass(slots=True)
class Children:
    """What runs for this demo, by name."""

    record: Path
    logs: Path
    ending: Ending = field(default_factory=Ending)
    running: dict[str, Child] = field(default_factory=dict)

    def start(self, name: str, argv: Sequence[str], extra: Mapping[str, str] | None = None) -> Child:
        """Start a program that survives a Ctrl-C in this terminal, since it is ended in order.

        Raises:
            UnavailableError: it can't be started.
            Terminated: somebody asks to end; what was started is on record then.

        """
        log = self.logs / f"{name}.log"
        log.write_text("", encoding="utf-8")
        env = {**plain_environment(), "PYTHONUNBUFFERED": "1", **(extra or {})}
        with self.ending.held():
            pid = process.spawn_detached(argv, log=log, env=env, cwd=Path.cwd())
            child = Child(name, pid, process.created(pid) or 0.0, log)
            self.running[name] = child
            self._write()
        return child

    def stop(self, name: str, grace_seconds: float = 20.0) -> None:
        """End a program and wait for it; one that has ended or was never started is no fault."""
        child = self.running.pop(name, None)
        if child is not None:
            process.stop(child.pid, child.created, grace_seconds)
            self._write()

    def stop_leftovers(self) -> tuple[str, ...]:
        """End what a demo that was killed has left running here; return the names."""
        try:
            left = json.loads(self.record.read_text(encoding="utf-8"))
            children = [Child(one["name"], int(one["pid"]), float(one["created"]), self.logs) for one in left]
        except (OSError, ValueError, KeyError, TypeError):
            return ()
        alive = [child for child in children if child.alive]
        for child in alive:
            process.stop(child.pid, child.created)
        return tuple(child.name for child in alive)

    def _write(self) -> None:
        rows = [{"name": c.name, "pid": c.pid, "created": c.created} for c in self.running.values()]
        write_atomically(self.record, json.dumps(rows).encode())
