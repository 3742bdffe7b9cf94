"""Tells a vault from an empty mount point: a file with an id in its root, and the id remembered elsewhere."""

import json
import logging
import os
import secrets
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.errors import VaultUnavailable
from core.runtime.clock import SystemClock
from core.runtime.files import fsync_directory, write_atomically
from core.vaults import layout

MARKER = "safehold-vault.json"
FORMAT = 1
_LIMIT = 4096

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Marker:
    """The marker of the vault `name` at `root`; `known` is the file, outside of it, that remembers its id."""

    name: str
    root: Path
    known: Path

    def require(self) -> None:
        """Return where the vault is the one used before; at its first use mark it, and remember it.

        A vault that can't be written at its first use is marked at a later one.

        Raises:
            OSError: the root can't be read.
            VaultUnavailable: it is another one, or none.

        """
        remembered, found = _id_of(self.known), _id_of(self.root / MARKER)
        if remembered is None:
            found = found if found is not None else self._mark()
            if found:
                self._remember(found)
        if found == "" or remembered not in {None, found}:
            raise VaultUnavailable(
                f"The vault {self.name} is not the one that was used before: {self.root}.",
                hint=f"Is its disk mounted? Mount it, then retry. To use a new one, remove {self.known}"
                + (f" and {self.root / MARKER}." if found == "" else "."),
            )

    def _mark(self) -> str | None:
        """Write a marker; return its id, that of another process that was quicker, or None where it can't be."""
        content = {"created_at": SystemClock().now().isoformat(), "format": FORMAT, "id": secrets.token_hex(16)}
        try:
            descriptor, written = tempfile.mkstemp(prefix=f".{MARKER}.", suffix=".partial", dir=self.root)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(_canonical(content))
                    file.flush()
                    os.fsync(file.fileno())
                self._name(Path(written))
            finally:
                Path(written).unlink(missing_ok=True)
            fsync_directory(self.root)
        except OSError as error:
            logger.warning("the vault %s could not be marked: %s", self.name, error)
            return None
        return _id_of(self.root / MARKER)

    def _name(self, written: Path) -> None:
        """Give a whole marker its name, unless there is one by now."""
        marker = self.root / MARKER
        with suppress(FileExistsError):
            try:
                os.link(written, marker)
            except FileExistsError:
                raise
            except OSError:  # a file system without links
                written.rename(marker)

    def _remember(self, found: str) -> None:
        try:
            self.known.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_atomically(self.known, _canonical({"format": FORMAT, "id": found, "path": str(self.root)}))
        except OSError as error:
            logger.warning("the vault %s could not be remembered: %s", self.name, error)


def _id_of(path: Path) -> str | None:
    """Return the id in a marker, "" where it is none of ours, None where there is no file."""
    if not os.path.lexists(path):
        return None
    if not layout.is_file(path):
        return ""
    try:
        found = json.loads(path.read_bytes()[:_LIMIT])
        return str(found["id"]) if found["format"] == FORMAT else ""
    except (ValueError, KeyError, TypeError):
        return ""


def _canonical(content: dict[str, object]) -> bytes:
    return (json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n").encode()
