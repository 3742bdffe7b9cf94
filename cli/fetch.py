"""Copies an archive into a file: goes on where it stopped, and gives it its name only once its SHA-256 is right."""

import errno
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.errors import ArchiveCorrupt, LeaseHeld, NotEnoughSpace, SafeholdError, UnavailableError, UsageError
from core.model.progress import Step
from core.services.download_backup import Transfer

CHUNK = 1 << 20
Show = Callable[[Step | None], None]


@dataclass(frozen=True, slots=True)
class Target:
    """Where the archive goes, and the file it grows in until it is whole."""

    path: Path

    @property
    def part(self) -> Path:
        """Return the unfinished file."""
        return self.path.with_name(f"{self.path.name}.part")

    @classmethod
    def named(cls, output: str | None, archive_name: str) -> "Target":
        """Return the target for what was said: nothing, a folder, or a file; see `require_folder`."""
        path = Path(output or "")
        return cls((path / archive_name if path.is_dir() else path).absolute())


def require_folder(output: str | None) -> None:
    """Let pass what is no folder, or one that is there: a disk that is not plugged in gets no file in its place.

    Raises:
        UsageError: it ends with a slash and is no folder.

    """
    if output and output.endswith("/") and not Path(output).is_dir():
        raise UsageError(
            f"There is no folder {output}",
            hint="Is its disk plugged in and mounted? Make the folder, or name a file, without a slash at its end.",
        )


def fetch(transfer: Transfer, target: Target, show: Show) -> None:
    """Write the archive; nothing is done where it is there already, whole.

    Raises:
        UsageError: another file of that name is there.
        LeaseHeld: another process writes it right now.
        ArchiveCorrupt: what arrived is not what was stored; nothing is kept.
        NotEnoughSpace, UnavailableError: the file can't be written; what arrived is kept for the next try.

    """
    try:
        if target.path.exists():
            _require_same(transfer, target.path, show)
            return
        with _unfinished(target) as file:
            _complete(transfer, target, file, show)
            target.part.replace(target.path)
    except OSError as error:
        raise _unwritable(error, target) from error


@contextmanager
def _unfinished(target: Target) -> Iterator[BinaryIO]:
    """Open the unfinished file for this process alone.

    Raises:
        LeaseHeld: another one has it.

    """
    with target.part.open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LeaseHeld(
                f"{target.path} is being downloaded already.",
                hint="Wait for that download, or name another file with -o.",
            ) from None
        still = _still(file, target.part)
        if still and target.path.exists():
            target.part.unlink()
        elif still:
            yield file
            return
        raise LeaseHeld(f"{target.path} was finished a moment ago.", hint="Ask again: it is only checked then.")


def _still(file: BinaryIO, path: Path) -> bool:
    """Say whether the path still leads to this file: whoever held it before may have renamed or removed it."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _complete(transfer: Transfer, target: Target, file: BinaryIO, show: Show) -> None:
    """Add what is missing; a rest of something else that spoils the whole is thrown away, once."""
    begun = file.seek(0, os.SEEK_END)
    if begun:
        _append(transfer, file, begun, show)
        if _arrived(transfer, file, show):
            return
        file.truncate(0)
    _append(transfer, file, 0, show)
    if not _arrived(transfer, file, show):
        target.part.unlink()
        raise ArchiveCorrupt(
            f"What arrived of {transfer.name} is not what was stored: its SHA-256 differs. Nothing was kept.",
            hint=f"Look at the backup: safehold verify {transfer.backup.id}",
        )


def _append(transfer: Transfer, file: BinaryIO, begun: int, show: Show) -> None:
    if begun < transfer.size:
        with transfer.open(begun) as archive:
            _copy(archive, file.write, lambda done: show(Step("downloading", begun + done, transfer.size)))
    file.flush()
    os.fsync(file.fileno())


def _arrived(transfer: Transfer, file: BinaryIO, show: Show) -> bool:
    """Say whether the file, read back from its beginning, is the archive."""
    if os.fstat(file.fileno()).st_size != transfer.size:
        return False
    digest = hashlib.sha256()
    file.seek(0)
    _copy(file, digest.update, lambda done: show(Step("checking what is here", done, transfer.size)))
    return digest.hexdigest() == transfer.sha256


def _copy(reader: BinaryIO, write: Callable[[bytes], object], done: Callable[[int], None]) -> None:
    copied = 0
    while chunk := reader.read(CHUNK):
        write(chunk)
        copied += len(chunk)
        done(copied)


def _require_same(transfer: Transfer, path: Path, show: Show) -> None:
    if path.is_file():
        with path.open("rb") as file:
            if _arrived(transfer, file, show):
                return
    raise UsageError(
        f"{path} is there already and is something else.", hint="Name another file with -o, or move that one away."
    )


def _unwritable(error: OSError, target: Target) -> SafeholdError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return NotEnoughSpace(
            f"There is no room left for {target.path}.", hint="Make room and ask again: what arrived is kept."
        )
    return UnavailableError(
        f"{target.path} can't be written: {error.strerror or error}.", hint="Name another place with -o."
    )
