"""Keeps each instance in a folder of its own: its record, its data, its log, and the port it was given."""

import errno
import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from zlib import crc32

from core.errors import NotEnoughSpace, PortInUse, ProvisionerFailed, Stale, UnavailableError
from core.model.place import Place
from core.runtime.files import free_bytes, remove_tree, write_atomically
from core.runtime.ports import free_port

RECORD, DATA, LOG = "instance.json", "data", "log"
MARK = "SAFEHOLD_INSTANCE_FOLDER"
"""Set for what is started for an instance, and what that starts: a stranger may look at its files as well."""
LOG_BYTES = 64 * 1024
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_NO_FOLDER = frozenset({errno.ENOTDIR, errno.ELOOP})
_NEW, _GONE = ".new-", ".gone-"


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of an instance.

    `begun` is set before anything is started for it, `files` where it is nothing but its files. `pid` and
    `created` are those of its process, or of the program that brings it up; 0 until known. `variables` are what its
    programs were told.
    """

    name: str
    host: str
    port: int
    begun: bool = False
    files: bool = False
    pid: int = 0
    created: float = 0.0
    variables: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders below one directory. Only folders with a record of ours are ever listed or removed.

    Two locks, both falling with the process that holds them: of the directory, while folders come, go and get
    their ports; and of one folder, while its instance is started or destroyed.
    """

    directory: Path

    def folder(self, name: str) -> Path:
        """Return the folder of an instance, there or not.

        Raises:
            ProvisionerFailed: the name is none.

        """
        if not _NAME.fullmatch(name):
            raise ProvisionerFailed(
                f"{name[:100]!r} is no name of an instance.", hint="Use letters, digits, - and _ only."
            )
        return self.directory / name

    def free_bytes(self) -> int:
        """Return the room on the disk of the directory, which may not exist yet.

        Raises:
            ProvisionerFailed: the system forbids to look.

        """
        with _translated(f"The room of {self.directory} could not be seen"):
            return free_bytes(self.directory)

    def reserve(self, name: str, host: str, ports: range | None) -> Place:
        """Make a folder with its record and an empty data directory, whole or not at all; choose a port.

        Raises:
            Stale: something of that name is there.
            PortInUse, NotEnoughSpace, ProvisionerFailed.

        """
        folder = self.folder(name)
        new = self.directory / f"{_NEW}{name}"
        with _translated(f"{name} could not be made in {self.directory}"), self._only_one():
            self._sweep()
            if os.path.lexists(folder):
                raise Stale(f"There is something named {name} already.", hint="Destroy it first, or choose another.")
            port = self._choose(ports, host) if ports is not None else 0
            try:
                (new / DATA).mkdir(parents=True, mode=0o700)
                self._write(new, Record(name, host, port))
                new.rename(folder)
            except BaseException:
                remove_tree(new)
                raise
        return Place(name, folder / DATA, host, port)

    def move(self, record: Record, ports: range) -> Place:
        """Choose another port for an instance whose lock is held and for which nothing runs.

        Raises:
            PortInUse, NotEnoughSpace, ProvisionerFailed.

        """
        with _translated(f"{record.name} could not be given another port"), self._only_one():
            # Its own record is among those whose ports are taken.
            port = self._choose(ports, record.host)
            self.change(record, port=port, begun=False, pid=0, created=0.0, variables=None)
        return Place(record.name, self.folder(record.name) / DATA, record.host, port)

    def record(self, name: str) -> Record | None:
        """Return the record of an instance, None where there is none of ours."""
        try:
            values: dict[str, Any] = json.loads((self.folder(name) / RECORD).read_bytes())
            record = Record(**values)
        except (OSError, ValueError, TypeError):
            return None
        return record if record.name == name else None

    def change(self, record: Record, **values: Any) -> Record:
        """Write a record with some values changed; return it.

        Raises:
            NotEnoughSpace, ProvisionerFailed.

        """
        changed = replace(record, **values)
        with _translated(f"The record of {record.name} could not be written"):
            self._write(self.folder(record.name), changed)
        return changed

    def place(self, name: str) -> Place | None:
        """Return where an instance is, None where there is none of ours."""
        record = self.record(name)
        return None if record is None else Place(name, self.folder(name) / DATA, record.host, record.port)

    def names(self) -> tuple[str, ...]:
        """Return the names of all folders with a record of ours, sorted."""
        with suppress(OSError):
            names = sorted(path.name for path in self.directory.iterdir() if _NAME.fullmatch(path.name))
            return tuple(name for name in names if self.record(name) is not None)
        return ()

    @contextmanager
    def holding(self, name: str) -> Iterator[Record | None]:
        """Hold the lock of one instance; gives its record, None where it is not there (any more).

        Raises:
            ProvisionerFailed: something that is not ours has its name, or the system forbids to look.

        """
        folder = self.folder(name)
        try:
            with _translated(f"{folder} could not be opened"):
                descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except ProvisionerFailed as error:
            reason = error.__cause__
            if isinstance(reason, FileNotFoundError):
                yield None
                return
            raise (
                _not_ours(folder) if isinstance(reason, OSError) and reason.errno in _NO_FOLDER else error
            ) from reason
        try:
            with _translated(f"{folder} could not be locked"):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            there = _same(descriptor, folder)
            record = self.record(name) if there else None
            if there and record is None:
                raise _not_ours(folder)
            yield record
        finally:
            os.close(descriptor)

    def remove(self, record: Record) -> None:
        """Remove a folder whose lock is held. The record goes last, so that what is left stays known.

        Raises:
            ProvisionerFailed: something is left; it can be called again.

        """
        folder, gone = self.folder(record.name), self.directory / f"{_GONE}{record.name}"
        with _translated(f"{folder} could not be removed completely"):
            for path in folder.iterdir():
                if path.name != RECORD:
                    remove_tree(path)
            with self._only_one():
                self._sweep()
                folder.rename(gone)
                remove_tree(gone)

    def sweep(self) -> None:
        """Remove what killed processes left half made or half removed.

        Raises:
            ProvisionerFailed: something is left.

        """
        with _translated(f"Leftovers in {self.directory} could not be removed"):
            if self.directory.is_dir():
                with self._only_one():
                    self._sweep()

    def append_log(self, name: str, text: str) -> None:
        """Add text to the end of an instance's log."""
        with _translated(f"The log of {name} could not be written"):
            descriptor = os.open(self.folder(name) / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "a", encoding="utf-8", errors="replace") as log:
                log.write(text)

    def log(self, name: str) -> str:
        """Return the last lines of an instance's log, at most 64 KiB, "" where there is none."""
        try:
            with (self.folder(name) / LOG).open("rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(max(0, size - LOG_BYTES))
                text = log.read(LOG_BYTES)
        except OSError:
            return ""
        if size > LOG_BYTES:
            text = text.partition(b"\n")[2] or text
        return text.decode(errors="replace")

    def _choose(self, ports: range, host: str) -> int:
        records = (self.record(name) for name in self.names())
        given = frozenset(record.port for record in records if record is not None)
        # A port chosen now is listened on only once the instance is prepared: other installations begin elsewhere.
        first = ports.start + crc32(os.fsencode(self.directory.absolute())) % max(1, len(ports))
        try:
            with suppress(PortInUse):
                return free_port(range(first, ports.stop), host, given)
            return free_port(ports, host, given)
        except UnavailableError as error:
            raise ProvisionerFailed(error.message, hint=error.hint) from error

    def _write(self, folder: Path, record: Record) -> None:
        write_atomically(folder / RECORD, json.dumps(asdict(record), sort_keys=True).encode())

    def _sweep(self) -> None:
        for path in self.directory.iterdir():
            # Both are made and removed under the lock that is held now: nobody works on them.
            if path.name.startswith((_NEW, _GONE)) and _NAME.fullmatch(
                path.name.removeprefix(_NEW).removeprefix(_GONE)
            ):
                remove_tree(path)

    @contextmanager
    def _only_one(self) -> Iterator[None]:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def require_there(record: Record | None, name: str) -> Record:
    """Return the record of an instance that is there.

    Raises:
        Stale: it is not.

    """
    if record is None:
        raise Stale(f"{name} was destroyed meanwhile.", hint="Ask for a new restore.")
    return record


def _same(descriptor: int, folder: Path) -> bool:
    """Say whether the folder is still the one that was opened: it may be gone, or another, by now."""
    with suppress(OSError):
        return os.path.samestat(os.fstat(descriptor), folder.lstat())
    return False


def _not_ours(folder: Path) -> ProvisionerFailed:
    return ProvisionerFailed(
        f"{folder} was not made by Safehold, so it is left alone.",
        hint="Move it elsewhere, or give the provisioner a directory of its own.",
    )


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise NotEnoughSpace(f"{what}: the disk is full.", hint="Make room, then try again.") from error
        raise ProvisionerFailed(
            f"{what}: {error.strerror or error}.", hint="Look at that directory and its rights, then try again."
        ) from error
