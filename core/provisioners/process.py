"""Runs restored instances as processes on this host, which outlive Safehold and are found again."""

from pathlib import Path

import psutil

from core.errors import NotEnoughSpace, ProvisionerFailed, UnavailableError
from core.model.instance import InstanceState
from core.model.manifest import Manifest
from core.model.options import Option
from core.model.place import Launch, Needs, Place
from core.provisioners.folders import LOG, MARK, Folders, Record, require_there
from core.runtime.environment import plain_environment
from core.runtime.ports import is_loopback, require_free
from core.runtime.process import alive, created, find, spawn_detached, stop, variable

MEBIBYTE = 1 << 20
PORTS = range(18_400, 18_500)

OPTIONS = (
    Option("directory", "path", required=True, says="Where instances live, each in a folder of its own."),
    Option("ports", "ports", default=PORTS, says="The ports that instances get, both ends included."),
    Option("host", "text", default="127.0.0.1", says="The address that instances listen on."),
    Option("expose", "flag", default=False, says="Whether `host` may be an address that other machines reach."),
    Option("memory", "size", default=768 * MEBIBYTE, says="How much memory must be free for an instance to be made."),
)


class ProcessProvisioner:
    """Instances as processes. `memory`, in bytes, must be free when one that runs a process is reserved.

    `expose` says that a host beyond loopback is meant; the configuration is refused without it.
    """

    def __init__(
        self,
        name: str,
        directory: Path,
        ports: range = PORTS,
        host: str = "127.0.0.1",
        memory: int = 768 * MEBIBYTE,
        *,
        expose: bool = False,
    ) -> None:
        self.name = name
        self.where = f"this host, a free port, {'loopback only' if is_loopback(host) else f'listening on {host}'}"
        self.directory = directory
        self.ports = ports
        self.host = host
        self.expose = expose
        self.memory = memory
        self.folders = Folders(directory)

    def room(self) -> Needs:
        """Return the disk and memory that are free now."""
        return Needs(self.folders.free_bytes(), psutil.virtual_memory().available)

    def reserve(self, name: str, *, port: bool) -> Place:
        """Make the instance's folder, and choose a port that neither anybody uses nor another instance was given.

        Raises:
            Stale: something of that name is already there.
            PortInUse, NotEnoughSpace, ProvisionerFailed.

        """
        if port and self.room().memory_bytes < self.memory:
            raise NotEnoughSpace(
                f"{self.room().memory_bytes // MEBIBYTE} MiB of memory are free, an instance in {self.name} needs "
                f"{self.memory // MEBIBYTE}.",
                hint="Destroy an instance that nobody needs, then try again.",
            )
        return self.folders.reserve(name, self.host, self.ports if port else None)

    def start(self, place: Place, launch: Launch | None, manifest: Manifest) -> str:  # noqa: ARG002  the port's
        """Start the instance's process in a session of its own; where it runs already, leave it running.

        Raises:
            Stale: it was destroyed meanwhile.
            PortInUse: another program has taken its port.
            ProvisionerFailed: its program can't be started.

        """
        with self.folders.holding(place.name) as record:
            begun = self.folders.change(require_there(record, place.name), begun=True, files=launch is None)
            if launch is not None and not self._running(begun):
                if place.port:
                    require_free(place.host, place.port)
                self._spawn(place, launch, begun)
        return ""

    def move(self, name: str) -> Place:
        """Stop what runs of an instance, keep its files, and choose another port for it.

        Raises:
            Stale: it was destroyed meanwhile.
            PortInUse: there is no other.
            ProvisionerFailed: its process does not end.

        """
        with self.folders.holding(name) as record:
            there = require_there(record, name)
            self._stop_all(name, there)
            return self.folders.move(there, self.ports)

    def status(self, name: str) -> InstanceState:
        """Say READY, STOPPED or DESTROYED by looking at the process and the files."""
        record = self.folders.record(name)
        if record is None:
            return InstanceState.STOPPED if self._marked(name) else InstanceState.DESTROYED
        if record.files or self._running(record):
            return InstanceState.READY
        return InstanceState.STOPPED

    def place(self, name: str) -> Place | None:
        """Find an existing instance's place again, None where there is none."""
        return self.folders.place(name)

    def destroy(self, name: str) -> None:
        """Stop the instance's process and remove its folder. Idempotent; a second caller waits for the first.

        Raises:
            ProvisionerFailed: something is left, or was not made here; it can be called again.

        """
        with self.folders.holding(name) as record:
            self._stop_all(name, record)
            if record is not None:
                self.folders.remove(record)
        self.folders.sweep()

    def log(self, name: str) -> str:
        """Return the last lines of what the instance printed, at most 64 KiB, "" where there is none."""
        return self.folders.log(name)

    def names(self) -> tuple[str, ...]:
        """Return the instances that exist here."""
        return self.folders.names()

    def _spawn(self, place: Place, launch: Launch, record: Record) -> None:
        folder = self.folders.folder(place.name)
        environment = {**plain_environment(), **launch.environment, MARK: str(folder)}
        try:
            pid = spawn_detached(launch.argv, log=folder / LOG, env=environment, cwd=place.directory)
        except (UnavailableError, OSError) as error:
            raise ProvisionerFailed(
                f"{place.name} could not be started: {error}", hint="Correct that, then ask for the restore again."
            ) from error
        # Dead at once is told by status(), with its log.
        self.folders.change(record, pid=pid, created=created(pid) or 0.0)

    def _running(self, record: Record) -> bool:
        return self._recorded(record) or bool(self._marked(record.name))

    def _recorded(self, record: Record) -> bool:
        """Say whether the recorded process runs. Its mark is asked for too: its number may be a stranger's by now."""
        folder = str(self.folders.folder(record.name))
        return record.pid > 0 and alive(record.pid, record.created) and variable(record.pid, MARK) == folder

    def _marked(self, name: str) -> tuple[int, ...]:
        """Return the processes that have the instance's folder in an argument and its mark, whoever recorded them."""
        folder = str(self.folders.folder(name))
        return tuple(pid for pid in find(folder) if variable(pid, MARK) == folder)

    def _stop_all(self, name: str, record: Record | None) -> None:
        if record is not None and self._recorded(record):
            self._stop(name, record.pid)
        while pids := self._marked(name):
            for pid in pids:
                self._stop(name, pid)

    def _stop(self, name: str, pid: int) -> None:
        since = created(pid)
        if since is not None and not stop(pid, since):
            raise ProvisionerFailed(
                f"The process {pid} of {name} does not end.", hint="Look at what keeps it, then destroy it again."
            )
