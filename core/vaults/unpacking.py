"""Unpacks an archive while it is checked, writing regular files below one new folder and nothing else."""

import errno
import os
import tempfile
from pathlib import Path
from typing import BinaryIO

from core.errors import NotEnoughSpace
from core.model.manifest import StoredArchive
from core.runtime import files
from core.vaults.reading import HashedFile, Told, read_archive
from core.vaults.seam import target_errors

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
UNCHECKED = ".unchecked-"
"""How the name of a directory begins whose bytes were not all compared yet; a crash may leave one."""
_PER_FILE = 4096  # a file takes whole blocks


def unpack_archive(file: HashedFile, archive: StoredArchive, target: Path, told: Told) -> None:
    """Unpack into a new directory `target`, which has that name only once every byte was found right.

    Until then it is a hidden directory beside; that is gone again when anything fails, short of a crash.

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
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        unchecked = Path(tempfile.mkdtemp(prefix=UNCHECKED, dir=target.parent))  # 0700
        try:
            read_archive(file, archive, target.name, told, lambda path: _create(unchecked, path))
            unchecked.rename(target)
        except BaseException:
            files.remove_tree(unchecked)
            raise


def _create(target: Path, path: str) -> BinaryIO:
    """Create a file and the directories above it; the path was found safe, and the folder is ours alone."""
    location = target
    for part in path.split("/")[:-1]:
        location /= part
        location.mkdir(mode=0o700, exist_ok=True)
    return os.fdopen(os.open(target / path, _NEW, 0o600), "wb", buffering=0)
