"""Where the catalog lies: whether its path still names the file that was opened there."""

from enum import Enum, auto
from pathlib import Path

from core.errors import CatalogCorrupt, UnavailableError


class Lies(Enum):
    """What lies at the path of a file that is open."""

    HERE = auto()
    GONE = auto()
    ANOTHER = auto()


class Place:
    """The path of a catalog, and which file it named when that was opened.

    Whoever has a file open goes on reading and writing it when it was removed or another one was put in its place, and
    all of that is gone when the last one closes it: SQLite only looks whether it was renamed before it writes a
    rollback journal, which a catalog has none of (3.40).

    What is compared is what the path itself says, then and now: 3 of the 14 microseconds that a read takes. Asking a
    descriptor of our own would take SQLite's locks off the file when it is closed. A network file system may give
    another device number after it was mounted anew: then this is another file, and a restart goes on with it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: tuple[int, int] | None = None
        self._device = 0

    def note(self) -> None:
        """Remember which file this is, just after it was opened for the first time."""
        if self._file is None:
            found = self.path.stat()
            self._file, self._device = (found.st_dev, found.st_ino), _device_of(self.path.resolve().parent)

    def look(self) -> Lies:
        """Say what lies there now.

        Raises:
            UnavailableError: nobody can look.

        """
        if self._file is None:
            return Lies.HERE
        try:
            found = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return Lies.GONE
        except OSError as error:
            raise UnavailableError(
                f"The catalog {self.path} can't be looked for: {error.strerror or error}.",
                hint="Check that its folder can be read.",
            ) from error
        return Lies.HERE if self._file == (found.st_dev, found.st_ino) else Lies.ANOTHER

    def same_device(self) -> bool:
        """Say whether its folder, or what is left of it, is where it was: not what a disk was mounted over."""
        return _device_of(self.path.resolve().parent) == self._device


def displaced(path: Path, lies: Lies) -> CatalogCorrupt:
    """Return the error for a file that its path names no longer."""
    if lies is Lies.GONE:
        return CatalogCorrupt(
            f"The catalog {path} was removed while it was used.",
            hint="Nothing is recorded until the bot was started again: where it runs, it ends by itself and puts back "
            "what it held. Where it does not: safehold catalog rebuild",
        )
    return CatalogCorrupt(
        f"The catalog {path} was replaced while it was used: another file lies there.",
        hint="Nothing is recorded until the bot was started again. It ends by itself and keeps what it held beside it.",
    )


def _device_of(folder: Path) -> int:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.stat().st_dev
