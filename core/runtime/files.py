"""Directories and files: durable writing, safe removal, sizes. Raises plain OSError; callers translate it."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO

_OWNER_ONLY = 0o600


def fsync_directory(path: Path) -> None:
    """Make the names in a directory durable: what was created, renamed or removed in it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: Path, content: bytes, mode: int = _OWNER_ONLY) -> None:
    """Write a whole file durably: a reader, and the disk after a crash, holds the old bytes or the new ones.

    The bytes go to a `.partial` file beside it first; nothing of it is left after a failure.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    fsync_directory(path.parent)


def forget_cached(file: BinaryIO) -> None:
    """Ask the system to drop what it holds of a file in memory, and to begin writing what is not on the disk yet.

    What is read next comes from the disk. Does nothing where the system can't be asked.
    """
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def remove_tree(path: Path) -> None:
    """Remove a file, or a directory with all in it. Idempotent; links are removed, never followed.

    Others may remove parts of it at the same time.
    """
    while os.path.lexists(path):
        try:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        except FileNotFoundError:
            continue


def free_bytes(path: Path) -> int:
    """Return the bytes a plain user may still write on the file system of a path that may not exist yet."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return shutil.disk_usage(path).free


def tree_size(path: Path) -> int:
    """Return the bytes of all regular files below a directory; links count nothing, vanished files neither."""
    total, waiting = 0, [path]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
                    elif entry.is_file(follow_symlinks=False):
                        total += _size(entry)
        except FileNotFoundError:
            continue
    return total


def _size(entry: "os.DirEntry[str]") -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return 0
