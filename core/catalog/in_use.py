"""Says that a catalog is in use, so that it is not replaced under anybody: a lock that ends with its process."""

import errno
import fcntl
import os
from pathlib import Path

from core.errors import BusyError, UnavailableError

_UNSUPPORTED = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})


class InUse:
    """A lock on the file `<catalog>.lock`, which is ours alone.

    Not on the catalog itself: whoever closes a second descriptor of that file takes SQLite's own locks off it
    (https://www.sqlite.org/howtocorrupt.html, 2.2).
    """

    def __init__(self, path: Path, *, alone: bool) -> None:
        """Take it, shared with others that use the catalog or alone.

        Raises:
            BusyError: it is being rebuilt, or, where it is wanted alone, used.
            UnavailableError: the place can't be written.

        """
        lock = path.with_name(f"{path.name}.lock")
        try:
            self._descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise UnavailableError(
                f"The catalog {path} can't be opened or written: {error.strerror} ({lock.name}).",
                hint="Check that its folder exists and that you may write there.",
            ) from error
        try:
            fcntl.flock(self._descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _UNSUPPORTED:  # a file system without locks: nothing can be said
                return
            self.release()
            raise _busy(path, alone=alone) from error

    def release(self) -> None:
        """Give it back. Idempotent."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _busy(path: Path, *, alone: bool) -> BusyError:
    if alone:
        return BusyError(f"A Safehold uses the catalog {path}.", hint="Stop the bot and every command, then try again.")
    return BusyError(f"The catalog {path} is being rebuilt.", hint="Wait until that has ended, then try again.")
