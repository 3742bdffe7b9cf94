"""Puts a new catalog file in the place of an old one, which is set aside: at any moment there is one of the two."""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from core.runtime.files import fsync_directory, remove_tree

COMPANIONS = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a file."""


def workplace(path: Path) -> Path:
    """Return the folder beside a catalog in which its successor is made, removed by the next one that is made."""
    return path.with_name(f"{path.name}.rebuilding")


def damaged_mark(path: Path) -> Path:
    """Return the file that says of a catalog that it was found damaged while it was used."""
    return path.with_name(f"{path.name}.damaged")


def sweep(path: Path) -> None:
    """Remove what a making that was killed left. Nobody else may be at it."""
    remove_tree(workplace(path))


def aside_of(path: Path, stamp: str) -> Path | None:
    """Return where the old catalog will be set aside, a name that is free; None where there is none."""
    aside, number = path.with_name(f"{path.name}.aside-{stamp}"), 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.aside-{stamp}-{number}")
    return aside if path.exists() else None


def put_in_place(new: Path, path: Path, aside: Path | None) -> None:
    """Give a new catalog the place of the old one, which is set aside where there is one.

    Nobody may have either open. The old file keeps its place until the new one takes it, in one step.

    Raises:
        OSError: it can't be done; the old one is where it was.

    """
    with new.open("rb") as file:
        os.fsync(file.fileno())
    if aside is not None:
        _write_back(path)
        _link(path, aside)
    for companion in COMPANIONS:
        # A log left beside the new file would be taken for the new one's and written into it.
        with suppress(FileNotFoundError):
            kept = new.with_name("lost") if aside is None else aside
            path.with_name(path.name + companion).rename(kept.with_name(kept.name + companion))
    fsync_directory(path.parent)
    new.replace(path)
    fsync_directory(path.parent)
    damaged_mark(path).unlink(missing_ok=True)


def put_where_nothing_is(new: Path, path: Path) -> bool:
    """Give a catalog a place where none is; False where something lies there, which is left alone.

    Raises:
        OSError: it can't be done.

    """
    if os.path.lexists(path):
        return False
    with new.open("rb") as file:
        os.fsync(file.fileno())
    for companion in COMPANIONS:
        # Left of the one that was removed: see above. Who has them open goes on with them.
        with suppress(FileNotFoundError):
            path.with_name(path.name + companion).rename(new.with_name("lost" + companion))
    fsync_directory(path.parent)
    try:
        os.link(new, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without links
        if os.path.lexists(path):
            return False
        new.rename(path)
    fsync_directory(path.parent)
    return True


def _write_back(path: Path) -> None:
    """Bring what is only in the log into a sound file, so that it is whole by itself; leave a damaged one as it is."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(path, isolation_level=None)) as old:
        if old.execute("pragma quick_check(1)").fetchone() == ("ok",):
            old.execute("pragma wal_checkpoint(truncate)")


def _link(path: Path, aside: Path) -> None:
    try:
        os.link(path, aside)
    except OSError:  # a file system without links
        shutil.copyfile(path, aside)
        aside.chmod(0o600)
        with aside.open("rb") as file:
            os.fsync(file.fileno())
