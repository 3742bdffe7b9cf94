"""Runs restored instances through the user's own programs: for Docker, Kubernetes or anything else."""

import json
import os
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from core.errors import Cancelled, ProvisionerFailed, SafeholdError, UnavailableError
from core.model.instance import InstanceState
from core.model.manifest import Manifest
from core.model.options import Option
from core.model.place import Launch, Needs, Place
from core.provisioners.folders import MARK, Folders, Record, require_there
from core.provisioners.masking import masked
from core.runtime.ports import can_listen, require_free
from core.runtime.process import KILL_AFTER_SECONDS, Completed, created, run, stop, variable

PORTS = range(18_500, 18_600)
STATUS_SECONDS = 30
ALWAYS_PASSED_ON = ("PATH", "HOME", "LANG")
MOST_SHOWN = 300
LONGEST_ENDPOINT = 500
_STATES = {
    "ready": InstanceState.READY,
    "stopped": InstanceState.STOPPED,
    "destroyed": InstanceState.DESTROYED,
}

OPTIONS = (
    Option("directory", "path", required=True, says="Where the files of instances are made, each in its own folder."),
    Option("up", "program", required=True, says="Starts an instance from its files and answers with its endpoint."),
    Option("down", "program", required=True, says="Stops an instance and removes all that `up` made."),
    Option("status", "program", required=True, says="Answers whether an instance is ready, stopped or destroyed."),
    Option("timeout", "duration", default=300, says="How long `up` and `down` may take."),
    Option("environment", "list", default=(), says="The names of further environment variables that they may see."),
    Option("ports", "ports", default=PORTS, says="The ports that instances get, both ends included."),
    Option("host", "text", default="127.0.0.1", says="The address where Safehold reaches instances."),
)


class CommandProvisioner:
    """Instances by programs. `timeout` is in seconds; `environment` names variables that are passed on."""

    def __init__(  # noqa: PLR0913  one argument an option of the configuration
        self,
        name: str,
        directory: Path,
        *,
        up: Sequence[str],
        down: Sequence[str],
        status: Sequence[str],
        timeout: float = 300,
        environment: Sequence[str] = (),
        ports: range = PORTS,
        host: str = "127.0.0.1",
    ) -> None:
        self.name = name
        self.where = f"where the programs of {name} put it"
        self.directory = directory
        self.programs = {"up": tuple(up), "down": tuple(down), "status": tuple(status)}
        self.timeout = timeout
        self.environment = tuple(environment)
        self.ports = ports
        self.host = host
        self.folders = Folders(directory)

    def room(self) -> Needs:
        """Return this host's free disk and memory: the instance's files are made here, wherever it runs later."""
        return Needs(self.folders.free_bytes(), psutil.virtual_memory().available)

    def reserve(self, name: str, *, port: bool) -> Place:
        """Make the instance's folder, and choose a port for it.

        Raises:
            Stale: something of that name is already there.
            PortInUse, NotEnoughSpace, ProvisionerFailed.

        """
        return self.folders.reserve(name, self.host, self.ports if port else None)

    def start(self, place: Place, launch: Launch | None, manifest: Manifest) -> str:
        """Run `up`; return the endpoint that it answers with, "" where the engine's holds.

        Raises:
            Stale: it was destroyed meanwhile.
            PortInUse: another program has taken its port.
            ProvisionerFailed: `up` failed, took too long or gave no usable answer.

        """
        with self.folders.holding(place.name) as record:
            there = require_there(record, place.name)
            if place.port and not there.begun:
                require_free(place.host, place.port)
            # Recorded first, so that `down` is run even if we are killed while `up` runs.
            variables = _variables(place, launch, manifest)
            begun = self.folders.change(there, begun=True, variables=variables)
            endpoint = self._up(begun).get("endpoint")
            if not isinstance(endpoint, str) or not endpoint.isprintable() or len(endpoint) > LONGEST_ENDPOINT:
                raise self._wrong(
                    "up", 'an "endpoint" of at most 500 characters', '{"endpoint": "ws://host:8182/gremlin"}'
                )
            return endpoint

    def move(self, name: str) -> Place:
        """Run `down` where `up` was ever run, keep the files, and choose another port.

        Raises:
            Stale: it was destroyed meanwhile.
            PortInUse: there is no other.
            ProvisionerFailed: something that `up` made is left.

        """
        with self.folders.holding(name) as record:
            there = require_there(record, name)
            if there.begun:
                self._down(there)
            return self.folders.move(there, self.ports)

    def status(self, name: str) -> InstanceState:
        """Ask `status`, where `up` was ever run.

        Raises:
            ProvisionerFailed: `status` failed, took too long or gave no usable answer: nobody knows.

        """
        record = self.folders.record(name)
        if record is None:
            return InstanceState.DESTROYED
        if not record.begun:
            return InstanceState.STOPPED
        state = self._state(record)
        # Its files are still here, to be removed by destroy().
        return InstanceState.STOPPED if state is InstanceState.DESTROYED else state

    def place(self, name: str) -> Place | None:
        """Find an existing instance's place again, None where there is none."""
        return self.folders.place(name)

    def destroy(self, name: str) -> None:
        """Run `down` where `up` was ever run, make sure by `status`, then remove the folder. Idempotent.

        An `up` that outlived us is ended first.

        Raises:
            ProvisionerFailed: something is left, or was not made here; it can be called again.

        """
        with self.folders.holding(name) as record:
            if record is not None and record.begun:
                self._down(record)
            if record is not None:
                self.folders.remove(record)
        self.folders.sweep()

    def log(self, name: str) -> str:
        """Return the last lines of what the programs printed, at most 64 KiB, "" where there is none."""
        return self.folders.log(name)

    def names(self) -> tuple[str, ...]:
        """Return the instances that exist here."""
        return self.folders.names()

    def _up(self, record: Record) -> dict[str, Any]:
        """Run `up`; where it fails, find out whether that is because another program has the port."""
        try:
            return self._ask("up", record)
        except ProvisionerFailed:
            if record.port and not can_listen(record.host, record.port):
                # It may be what `up` itself has begun that listens there: without that we see who it is.
                self._down(record)
                require_free(record.host, record.port)
            raise

    def _down(self, record: Record) -> None:
        self._end_up(record)
        self._run("down", record)
        if self._state(record) is not InstanceState.DESTROYED:
            raise ProvisionerFailed(
                f"`down` of {self.name} ended well, but `status` still finds {record.name}.",
                hint="Let `down` wait until everything is gone, then destroy it again.",
            )

    def _end_up(self, record: Record) -> None:
        """End an `up` that still runs because we were killed meanwhile: it would go on making what `down` removes."""
        folder = str(self.folders.folder(record.name))
        if record.pid <= 0 or variable(record.pid, MARK) != folder:
            return
        if not stop(record.pid, record.created, KILL_AFTER_SECONDS):
            raise ProvisionerFailed(
                f"`up` of {self.name} for {record.name} still runs as process {record.pid} and does not end.",
                hint="Look at what keeps it, then destroy it again.",
            )
        self._keep("up", record, "It outlived Safehold and was ended.")

    def _state(self, record: Record) -> InstanceState:
        state = self._ask("status", record).get("state")
        if not isinstance(state, str) or state not in _STATES:
            raise self._wrong("status", 'a "state"', '{"state": "ready"}, "stopped" or "destroyed"')
        return _STATES[state]

    def _ask(self, verb: str, record: Record) -> dict[str, Any]:
        """Run a program and return the JSON object on the last line of its stdout."""
        try:
            answer = json.loads(self._run(verb, record))
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise self._wrong(verb, "a JSON object", '{"endpoint": "…"} or {"state": "ready"}')
        return answer

    def _run(self, verb: str, record: Record) -> str:
        """Run a program, keep what it printed, and return the last line of its stdout."""
        lines: deque[str] = deque(maxlen=1)
        seconds = min(self.timeout, STATUS_SECONDS) if verb == "status" else self.timeout
        try:
            completed = run(
                self.programs[verb],
                timeout=seconds,
                env=self._environment(record),
                cwd=self.folders.folder(record.name),
                on_line=lambda line: lines.append(line) if line.strip() else None,
                # Before its number is on record it makes nothing: however we end, it is found again.
                on_start=(lambda pid: self._started(record, pid)) if verb == "up" else None,
            )
        except Cancelled:
            raise
        except SafeholdError as error:
            self._keep(verb, record, error.detail or error.message)
            raise ProvisionerFailed(
                f"`{verb}` of {self.name}: {error.message}", hint=error.hint, detail=self._masked(error.detail)
            ) from error
        if completed.code != 0 or verb != "status":
            self._keep(verb, record, completed.tail)
        if completed.code != 0:
            raise self._failed(verb, completed)
        return lines[0] if lines else ""

    def _started(self, record: Record, pid: int) -> None:
        begun = created(pid)
        if begun is None:
            # Without it a living `up` could not be told from a stranger with its number: it does not begin.
            raise UnavailableError(
                f"The start of process {pid} can't be read.", hint="Try again; the system must let processes be seen."
            )
        self.folders.change(record, pid=pid, created=begun)

    def _environment(self, record: Record) -> dict[str, str]:
        names = (*ALWAYS_PASSED_ON, *self.environment)
        passed_on = {name: os.environ[name] for name in names if name in os.environ}
        return passed_on | (record.variables or {}) | {MARK: str(self.folders.folder(record.name))}

    def _failed(self, verb: str, completed: Completed) -> ProvisionerFailed:
        printed = self._masked(completed.errors.strip() or completed.tail.strip())
        last = "".join(c for c in printed.rpartition("\n")[2] if c.isprintable())[-MOST_SHOWN:]
        return ProvisionerFailed(
            f"`{verb}` of {self.name} ended with code {completed.code}"
            + (f": {last}" if last else " and said nothing."),
            hint="Correct that, then try again; all it printed is in the log.",
            detail=self._masked(completed.tail),
        )

    def _wrong(self, verb: str, what: str, example: str) -> ProvisionerFailed:
        return ProvisionerFailed(
            f"`{verb}` of {self.name} did not answer with {what}.",
            hint=f"Print it as the last line, like {example}; all it printed is in the log.",
        )

    def _keep(self, verb: str, record: Record, printed: str) -> None:
        self.folders.append_log(record.name, f"$ {verb}\n{self._masked(printed).rstrip()}\n")

    def _masked(self, text: str) -> str:
        return masked(text, {name: os.environ.get(name, "") for name in self.environment})


def _variables(place: Place, launch: Launch | None, manifest: Manifest) -> dict[str, str]:
    """Return what the programs are told of an instance; the same for all three."""
    return {
        **(launch.environment if launch is not None else {}),
        "SAFEHOLD_INSTANCE": place.name,
        "SAFEHOLD_DIRECTORY": str(place.directory),
        "SAFEHOLD_HOST": place.host,
        "SAFEHOLD_PORT": str(place.port),
        "SAFEHOLD_ENGINE": manifest.engine,
        "SAFEHOLD_SOURCE": manifest.source,
        "SAFEHOLD_BACKUP": manifest.backup_id,
        "SAFEHOLD_VERSIONS": json.dumps(dict(manifest.versions), sort_keys=True),
        "SAFEHOLD_LAUNCH": json.dumps(list(launch.argv)) if launch is not None else "",
    }
