"""Unpacks an archive that was checked, writing regular files below one new folder and nothing else."""

import os
from pathlib import Path
from typing import BinaryIO

from core.errors import NotEnoughSpace
from core.model.manifest import StoredArchive
from core.runtime import files
from core.vaults.reading import HashedFile, Told, read_archive
from core.vaults.seam import target_errors

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_PER_FILE = 4096  # a file takes whole blocks


def unpack_archive(file: HashedFile, archive: StoredArchive, target: Path, told: Told) -> None:
    """Unpack into a new directory `target`; it is gone again when anything fails.

    Raises:
        ArchiveCorrupt, UnsafePath: it is not what the list says.
        NotEnoughSpace: looked at before anything is written, and met on the way.
        RestoreFailed: `target` exists, or can't be made or written.

    """
    with target_errors(target.parent):
        needed = archive.raw_size + _PER_FILE * len(archive.files)
        free = files.free_bytes(target.parent)
        if free < needed:
            raise NotEnoughSpace(
                f"Unpacking {archive.name} takes {needed / 1e6:.1f} MB, {free / 1e6:.1f} are free: {target.parent}.",
                hint="Nothing was unpacked. Make room there, then retry.",
            )
        target.mkdir(mode=0o700)
        try:
            read_archive(file, archive, target.name, told, lambda path: _create(target, path))
        except BaseException:
            files.remove_tree(target)
            raise


def _create(target: Path, path: str) -> BinaryIO:
    """Create a file and the directories above it; the path was found safe, and the folder is ours alone."""
    location = target
    for part in path.split("/")[:-1]:
        location /= part
        location.mkdir(mode=0o700, exist_ok=True)
    return os.fdopen(os.open(target / path, _NEW, 0o600), "wb", buffering=0)
