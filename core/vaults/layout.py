"""Where things lie in a directory vault, found without ever following a link."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from core.errors import UnknownName
from core.model import naming
from core.model.vault_entry import VaultEntry

MANIFEST = "manifest.json"
PARTIAL = ".partial"


@dataclass(frozen=True, slots=True)
class Shelf:
    """The directory of one backup: `<vault>/<source>/<backup id>/`."""

    root: Path
    source: str
    backup_id: str

    def __post_init__(self) -> None:
        """Refuse names that are not ours before they become part of a path."""
        if not naming.SOURCE_NAME.fullmatch(self.source) or not naming.is_backup_id(self.backup_id):
            raise UnknownName(
                f"{self.source!r} / {self.backup_id!r} is not a source and a backup id.",
                hint="Take both from `safehold list`.",
            )

    @property
    def parent(self) -> Path:
        """Return the directory of the source."""
        return self.root / self.source

    @property
    def directory(self) -> Path:
        """Return the directory of the backup."""
        return self.parent / self.backup_id

    @property
    def manifest(self) -> Path:
        """Return the manifest's path."""
        return self.directory / MANIFEST

    @property
    def archive(self) -> Path:
        """Return the archive's path."""
        return self.directory / naming.archive_name(self.source, self.backup_id)

    @property
    def folder(self) -> str:
        """Return the one top-level folder in the archive."""
        return naming.archive_folder(self.source, self.backup_id)

    @property
    def ours(self) -> bool:
        """Say whether both directories are there and neither is a link."""
        return is_directory(self.parent) and is_directory(self.directory)

    @property
    def committed(self) -> bool:
        """Say whether the manifest is there, as a regular file."""
        return self.ours and is_file(self.manifest)


def is_directory(path: Path) -> bool:
    """Say whether a directory is there, and not a link to one."""
    return _is(path, stat.S_ISDIR)


def is_file(path: Path) -> bool:
    """Say whether a regular file is there, and not a link to one."""
    return _is(path, stat.S_ISREG)


def entries(root: Path, only: str | None = None) -> Iterator[VaultEntry]:
    """Yield what lies on every shelf (of one source); what has another name, form or kind is left alone."""
    for source in _directories(root) if only is None else (only,):
        if (only is None or is_directory(root / only)) and naming.SOURCE_NAME.fullmatch(source):
            for backup_id in _directories(root / source):
                if naming.is_backup_id(backup_id):
                    yield from _entry(Shelf(root, source, backup_id))


def _entry(shelf: Shelf) -> Iterator[VaultEntry]:
    """Yield the entry of a shelf; nothing where it is removed meanwhile."""
    with suppress(FileNotFoundError), os.scandir(shelf.directory) as inside:
        found = {entry.name: entry.stat(follow_symlinks=False) for entry in inside}
        newest = max(each.st_mtime for each in (shelf.directory.lstat(), *found.values()))
        size = sum(each.st_size for each in found.values())
        archive = found.get(shelf.archive.name)
        yield VaultEntry(
            shelf.source,
            shelf.backup_id,
            shelf.committed,
            datetime.fromtimestamp(newest, UTC),
            size,
            archive.st_size if archive is not None and stat.S_ISREG(archive.st_mode) else 0,
        )


def _directories(path: Path) -> list[str]:
    try:
        with os.scandir(path) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except FileNotFoundError:  # discarded meanwhile
        return []


def _is(path: Path, kind: Callable[[int], bool]) -> bool:
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    return kind(mode)
