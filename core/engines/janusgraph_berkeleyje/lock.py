"""Hold the lock that keeps BerkeleyJE from deleting log files."""

import fcntl
import os
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import CaptureFailed, LeaseHeld, SourceUnavailable, UnsafeSource
from core.ports import Clock

FILE = "je.lck"
RETRY_SECONDS = 0.005
WAIT_SECONDS = 10.0
_DELETION = 1
"""The byte that JE's cleaner locks exclusively to delete files (com.sleepycat.je.log.FileManager, JE 18.3)."""
_OPEN = 0
"""The byte that a writing environment keeps locked while it is open."""

_one_each = threading.Lock()
_in_use: set[str] = set()


@contextmanager
def only_here(directory: Path) -> Iterator[None]:
    """Keep others of this process from the lock file: closing any descriptor of it drops all our locks on it.

    Raises:
        LeaseHeld: another thread is at it.

    """
    key = os.path.realpath(directory)
    with _one_each:
        if key in _in_use:
            raise LeaseHeld(f"Another capture of {directory} is going on.", hint="Wait for it, then try again.")
        _in_use.add(key)
    try:
        yield
    finally:
        with _one_each:
            _in_use.discard(key)


@contextmanager
def no_deletion(directory: Path, clock: Clock) -> Iterator[None]:
    """Hold off the deletion of log files; take the lock within 10 s. Use it inside `only_here`.

    Raises:
        UnsafeSource: there is no lock file.
        CaptureFailed: JE held the lock all the time.

    """
    descriptor = _descriptor(directory)
    try:
        until = clock.monotonic() + WAIT_SECONDS
        while not _taken(descriptor):
            if clock.monotonic() >= until:
                raise CaptureFailed(
                    f"BerkeleyJE kept its files locked for {WAIT_SECONDS:g} s; nothing was captured.",
                    hint="Try again when the source has less to clean up.",
                )
            time.sleep(RETRY_SECONDS)
        yield
    finally:
        os.close(descriptor)


def is_open(directory: Path) -> bool:
    """Say whether some process has this environment open for writing. Use it inside `only_here`.

    Raises:
        UnsafeSource: there is no lock file.

    """
    descriptor = _descriptor(directory)
    try:
        # struct flock on 64-bit Linux: type, whence, start, length, pid.
        asked = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, _OPEN, 1, 0)
        kind = struct.unpack("hhqqi4x", fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))[0]
        return bool(kind != fcntl.F_UNLCK)
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, _DELETION)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _descriptor(directory: Path) -> int:
    try:
        return os.open(directory / FILE, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise UnsafeSource(
            f"{directory} has no {FILE}, so files could be deleted during a capture.",
            hint="Name the directory that the running JanusGraph keeps its data in (storage.directory).",
        ) from error
    except OSError as error:
        raise SourceUnavailable(
            f"{directory / FILE} can't be read: {error.strerror}.",
            hint="Let Safehold run as the user of the JanusGraph server, or give it the right to read.",
        ) from error
