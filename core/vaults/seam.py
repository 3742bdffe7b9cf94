"""Where the operating system's errors become ours, for a vault and for the place an archive is unpacked to."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import CaptureFailed, NotEnoughSpace, RestoreFailed, SafeholdError, VaultUnavailable

# EFBIG is what a limit on file sizes answers: to the person it is one more way of having no room.
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})
_MISSING = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENXIO, errno.ENODEV})


@contextmanager
def vault_errors(name: str, path: Path) -> Iterator[None]:
    """Raise NotEnoughSpace or VaultUnavailable for what the operating system says of a vault's files."""
    try:
        yield
    except OSError as error:
        raise vault_error(name, path, error) from error


def vault_error(name: str, path: Path, error: OSError) -> SafeholdError:
    """Return our error for what the operating system said of a vault's files."""
    if error.errno in FULL:
        return NotEnoughSpace(
            f"The vault {name} is full: {path}.",
            hint="Nothing of this archive was kept. Make room there, then retry.",
            detail=str(error),
        )
    if error.errno == errno.EROFS:
        says, hint = f"The vault {name} is read-only: {path}.", "Mount it writable, then retry."
    elif error.errno in _FORBIDDEN:
        says = f"Safehold may not use the vault {name}: {path}."
        hint = "Let the user that Safehold runs as read and write there (chown, chmod), then retry."
    elif error.errno in _MISSING:
        says = f"The vault {name} isn't there: {path}."
        hint = "Create that directory, or mount the disk that holds it, then retry."
    else:
        says = f"The vault {name} can't be used: {error.strerror or error}."
        hint = f"Look at the disk that holds {path}, then retry."
    return VaultUnavailable(says, hint=hint, detail=str(error))


@contextmanager
def target_errors(into: Path) -> Iterator[None]:
    """Raise NotEnoughSpace or RestoreFailed for what the operating system says while an archive is unpacked."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise NotEnoughSpace(
                f"There is no room to unpack the archive: {into}.",
                hint="What was unpacked is removed. Make room there, then retry.",
                detail=str(error),
            ) from error
        raise RestoreFailed(
            f"The archive can't be unpacked to {into}: {error.strerror or error}.",
            hint="Make that directory empty and writable for the user that Safehold runs as, then retry.",
            detail=str(error),
        ) from error


@contextmanager
def image_errors(path: str) -> Iterator[None]:
    """Raise CaptureFailed for what the operating system says of a file of the captured image."""
    try:
        yield
    except OSError as error:
        raise CaptureFailed(
            f"The captured file {path} can't be read: {error.strerror or error}.",
            hint="Nothing was kept. Take the backup again.",
            detail=str(error),
        ) from error
