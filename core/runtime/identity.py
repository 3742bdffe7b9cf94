"""Who a process is, so that another can say later whether it still lives."""

import hashlib
import os
import socket
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

import psutil

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PID_NAMESPACE = Path("/proc/self/ns/pid")
_PROCESSES = Path("/proc")
_START = 19
"""Where a process's start stands in its stat, counted from behind its name, which may hold blanks."""
_SAME_START_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process among all that ever ran on any host.

    `host` is the host name and a digest of its boot and of the process id's name space: two containers of one host
    name, or one machine before and after a restart, are different hosts. `created` is seconds from the boot to the
    start of the process, so that a step of the wall clock changes nothing.
    """

    host: str
    pid: int
    created: float

    @property
    def owner(self) -> str:
        """Return the text by which records name the process: "host:pid:created"."""
        return f"{self.host}:{self.pid}:{self.created:.2f}"

    @property
    def said(self) -> str:
        """Return what people know it by."""
        return f"process {self.pid} on {self.host.rpartition('.')[0]}"

    @classmethod
    def current(cls) -> Self:
        """Return the identity of this process."""
        pid = os.getpid()
        return cls(this_host(), pid, _created(psutil.Process(pid)))

    @classmethod
    def parse(cls, owner: str) -> Self:
        """Return the identity an owner text stands for.

        Raises:
            ValueError: it is not the text of one.

        """
        host, pid, created = owner.rsplit(":", 2)
        return cls(host, int(pid), float(created))


def alive(owner: str) -> bool | None:
    """Say whether the process of an owner text runs; None where that can't be seen from here: on another host.

    A text that names no process (nobody has taken the work) is of nothing that runs.
    """
    try:
        identity = ProcessIdentity.parse(owner)
    except ValueError:
        return False
    if identity.host != this_host():
        return None
    try:
        process = psutil.Process(identity.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return abs(_created(process) - identity.created) < _SAME_START_SECONDS
    except (psutil.NoSuchProcess, ValueError, OverflowError):
        return False


@lru_cache(maxsize=1)
def this_host() -> str:
    """Return what tells this host, since its boot and within its name space of process ids, from every other."""
    namespace = str(_PID_NAMESPACE.readlink()) if _PID_NAMESPACE.is_symlink() else ""
    boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""
    digest = hashlib.sha256(f"{boot} {namespace}".encode()).hexdigest()[:8]
    return f"{socket.gethostname()}.{digest}"


def _created(process: psutil.Process) -> float:
    """Return seconds from the boot to the start of a process.

    Linux counts them itself. Taken from two readings of the boot time, which moves with the clock, a process that
    lives could look like another one.

    Raises:
        psutil.NoSuchProcess: it is gone.

    """
    if not (_PROCESSES / "self" / "stat").exists():
        return round(process.create_time() - psutil.boot_time(), 2)
    try:
        stat = (_PROCESSES / str(process.pid) / "stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        raise psutil.NoSuchProcess(process.pid) from None
    return round(int(stat.rpartition(b")")[2].split()[_START]) / os.sysconf("SC_CLK_TCK"), 2)
