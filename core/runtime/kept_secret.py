"""This installation's secret, made once and kept in a file."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from core.errors import UnavailableError
from core.runtime.files import fsync_directory, write_atomically

SECRET_BYTES = 32


def kept_secret(folder: Path, link: Callable[[Path, Path], None] = os.link) -> bytes:
    """Return this installation's secret, made at the first call and readable by its user alone.

    Raises:
        UnavailableError: it can't be made or read, or what lies in its place is none.

    """
    path = folder / "secret"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _make(path, link)
        for left in (*folder.glob(".secret-*"), *folder.glob("..secret-*")):
            # Of a process that was killed, or that is second and finds one now.
            left.unlink(missing_ok=True)
        kept = path.read_bytes()
    except OSError as error:
        raise UnavailableError(
            f"The secret that signs download links can't be kept in {folder}: {error.strerror}.",
            hint="Mend the rights of the folder and of the file secret in it, or make room.",
        ) from error
    if len(kept) != SECRET_BYTES:
        raise UnavailableError(f"{path} is not a secret of ours.", hint="Remove it; open download links end with it.")
    return kept


def _make(path: Path, link: Callable[[Path, Path], None]) -> None:
    """Make it whole and durable before it gets its name; the first of two processes wins."""
    made = path.with_name(f".secret-{secrets.token_hex(8)}")
    try:
        write_atomically(made, secrets.token_bytes(SECRET_BYTES))
        try:
            link(made, path)
        except OSError:
            # Another process was first, or this is a file system without links.
            if not path.exists():
                made.rename(path)
        made.unlink(missing_ok=True)
        fsync_directory(path.parent)
    except FileNotFoundError:
        # Another process was first, and has swept what this one made.
        if not path.exists():
            raise
