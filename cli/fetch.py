"""Copies an archive into a file: goes on where it stopped, and gives it its name only once its SHA-256 is right."""

import errno
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.errors import ArchiveCorrupt, NotEnoughSpace, SafeholdError, UnavailableError, UsageError
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
    def named(cls, output: Path | None, archive_name: str) -> "Target":
        """Return the target for what was said: nothing, a folder, or a file."""
        path = output or Path()
        return cls((path / archive_name if path.is_dir() else path).absolute())


def fetch(transfer: Transfer, target: Target, show: Show) -> None:
    """Write the archive; nothing is done where it is there already, whole.

    Raises:
        UsageError: another file of that name is there.
        ArchiveCorrupt: what arrived is not what was stored; nothing is kept.
        NotEnoughSpace, UnavailableError: the file can't be written; what arrived is kept for the next try.

    """
    try:
        if target.path.exists():
            _require_same(transfer, target.path, show)
            return
        if _append(transfer, target, show) != transfer.sha256:
            # A rest of something else under this name would spoil the whole: once more from the beginning.
            target.part.unlink()
            _require_whole(_append(transfer, target, show), transfer, target)
        target.part.replace(target.path)
    except OSError as error:
        raise _unwritable(error, target) from error


def _append(transfer: Transfer, target: Target, show: Show) -> str:
    """Complete the unfinished file; return the SHA-256 of all of it."""
    digest = hashlib.sha256()
    with target.part.open("a+b") as file:
        file.seek(0)
        _copy(file, None, digest.update, lambda done: show(Step("checking what is here", done, transfer.size)))
        begun = file.tell()
        if begun < transfer.size:
            with transfer.open(begun) as archive:
                _copy(archive, file, digest.update, lambda done: show(Step("downloading", begun + done, transfer.size)))
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _copy(
    reader: BinaryIO, writer: BinaryIO | None, digest: Callable[[bytes], None], done: Callable[[int], None]
) -> None:
    copied = 0
    while chunk := reader.read(CHUNK):
        digest(chunk)
        if writer is not None:
            writer.write(chunk)
        copied += len(chunk)
        done(copied)


def _require_same(transfer: Transfer, path: Path, show: Show) -> None:
    digest = hashlib.sha256()
    if path.is_file() and path.stat().st_size == transfer.size:
        with path.open("rb") as file:
            _copy(file, None, digest.update, lambda done: show(Step("checking what is here", done, transfer.size)))
    if digest.hexdigest() != transfer.sha256:
        raise UsageError(
            f"{path} is there already and is something else.", hint="Name another file with -o, or move that one away."
        )


def _require_whole(sha256: str, transfer: Transfer, target: Target) -> None:
    if sha256 != transfer.sha256:
        target.part.unlink()
        raise ArchiveCorrupt(
            f"What arrived of {transfer.name} is not what was stored: its SHA-256 differs. Nothing was kept.",
            hint=f"Look at the backup: safehold verify {transfer.backup.id}",
        )


def _unwritable(error: OSError, target: Target) -> SafeholdError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return NotEnoughSpace(
            f"There is no room left for {target.path}.", hint="Make room and ask again: what arrived is kept."
        )
    return UnavailableError(
        f"{target.path} can't be written: {error.strerror or error}.", hint="Name another place with -o."
    )
