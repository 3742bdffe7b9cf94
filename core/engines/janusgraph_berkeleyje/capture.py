"""Take an exact image of a running BerkeleyJE: link its finished log files, copy the one that grows."""

import errno
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from core.engines.janusgraph_berkeleyje.lock import no_deletion, only_here
from core.errors import CaptureFailed, NotEnoughSpace, SafeholdError, SourceUnavailable, UnsafeSource
from core.model.progress import Progress, Step
from core.ports import Clock

STEP = "capturing"
SPARE_BYTES = 16 << 20
COPY_SECONDS = 30.0
"""How long files may be copied under the lock: as long as it is held, the source's disk grows."""
_ROUNDS = 20
_CHUNK = 1 << 20
_NO_LINKS = {errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}


def log_files(directory: Path) -> list[Path]:
    """Return the log files in the order they were written.

    Raises:
        SourceUnavailable: the directory can't be read.
        UnsafeSource: it is not a BerkeleyJE environment, or one that spreads over several directories.

    """
    try:
        names = sorted(path.name for path in directory.iterdir())
    except OSError as error:
        raise SourceUnavailable(
            f"The directory {directory} can't be read: {error.strerror}.",
            hint="Correct the source's directory (the server's storage.directory), or let Safehold read it.",
        ) from error
    if any(name.startswith("data") and name[4:].isdigit() for name in names):
        raise UnsafeSource(
            f"{directory} spreads its log files over several data directories, which nobody has tried yet.",
            hint="Open the graph without je.log.nDataDirectories to have it captured.",
        )
    found = [directory / name for name in names if len(name) == len("00000000.jdb") and name.endswith(".jdb")]
    if not found:
        raise UnsafeSource(
            f"{directory} holds no BerkeleyJE log files (*.jdb): it is not the data of a JanusGraph.",
            hint="Name the directory that the running JanusGraph keeps its data in (storage.directory).",
        )
    return found


@dataclass(slots=True)
class Capture:
    """One capture into a stage that nobody else uses. `lock_seconds` tells how long deletion was held off."""

    directory: Path
    stage: Path
    clock: Clock
    progress: Progress
    link: Callable[[Path, Path], None] = os.link
    lock_seconds: float = 0.0
    linked: int = 0
    copied: int = 0
    _until: float = field(default=0.0, init=False)

    def take(self) -> list[Path]:
        """Fill the stage and return its files; on any failure the stage is gone again.

        Raises:
            SourceUnavailable, UnsafeSource, NotEnoughSpace, CaptureFailed.

        """
        try:
            self.stage.mkdir(parents=True, mode=0o700)
        except OSError as error:
            raise self._failure(error, self.stage) from error
        try:
            with only_here(self.directory):
                return self._rounds()
        except BaseException as error:
            with suppress(OSError):  # what failed first is told; discard() removes the rest
                remove_stage(self.stage)
            if isinstance(error, OSError):
                raise self._failure(error, self.stage) from error
            raise

    def _rounds(self) -> list[Path]:
        for _ in range(_ROUNDS):
            with no_deletion(self.directory, self.clock):
                began = self.clock.monotonic()
                self._until = began + COPY_SECONDS
                try:
                    files = self._image()
                finally:
                    self.lock_seconds = max(self.lock_seconds, self.clock.monotonic() - began)
            if files is not None:
                return files
        raise CaptureFailed(
            f"{self.directory} changes faster than it can be copied; it was given up after {_ROUNDS} rounds.",
            hint="Let Safehold run as the user of the JanusGraph server: then files are linked, which takes no time.",
        )

    def _image(self) -> list[Path] | None:
        """Bring the stage to what the directory holds now; None when the time under the lock is over.

        Files but the last never change and numbers are never used again, so what an earlier round brought whole
        stays good; what the source deleted meanwhile is dropped again.
        """
        *finished, last = log_files(self.directory)
        wanted = {file.name for file in finished}
        for stale in self.stage.glob("*.jdb"):
            if stale.name not in wanted or stale.stat().st_size != (self.directory / stale.name).stat().st_size:
                stale.unlink()
        self._room(last.stat().st_size)
        for file in finished:
            if not (self.stage / file.name).exists() and not self._bring(file):
                return None
        extra = [file for file in (self.directory / "je.properties",) if file.is_file()]
        if not all(self._copy(file) for file in (last, *extra)):
            return None
        return [self.stage / file.name for file in (*finished, last, *extra)]

    def _bring(self, file: Path) -> bool:
        try:
            self.link(file, self.stage / file.name)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            self._room(file.stat().st_size)
            return self._copy(file)
        self.linked += 1
        return True

    def _copy(self, file: Path) -> bool:
        """Copy as much as the file holds now; False when the time is over, with nothing left of it.

        Bytes that are appended meanwhile are not waited for: JE reads a log up to its last whole entry, so any
        prefix that holds what was there before is a consistent end.
        """
        target = self.stage / file.name
        with file.open("rb") as source, target.open("xb") as copy:
            left = total = os.fstat(source.fileno()).st_size
            while left > 0 and (chunk := source.read(min(_CHUNK, left))):
                copy.write(chunk)
                left -= len(chunk)
                self.progress(Step(STEP, total - left, total))
                if self.clock.monotonic() > self._until:
                    break
        if left > 0:
            target.unlink()
            return False
        self.copied += 1
        return True

    def _room(self, size: int) -> None:
        free = shutil.disk_usage(self.stage).free
        if free < size + SPARE_BYTES:
            raise NotEnoughSpace(
                f"The stage {self.stage.parent} has {free >> 20} MiB left, {(size + SPARE_BYTES) >> 20} are needed.",
                hint="Make room on the disk that holds the source, then try again.",
            )

    def _failure(self, error: OSError, path: Path) -> SafeholdError:
        if error.errno == errno.EXDEV:
            return UnsafeSource(
                f"The stage {path.parent} is on another file system than {self.directory}, so files can't be linked.",
                hint="Set the source's stage to a directory on the same file system as the data.",
            )
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return NotEnoughSpace(f"The stage {path.parent} is full.", hint="Make room there, then try again.")
        return CaptureFailed(
            f"The image of {self.directory} could not be taken: {error.strerror or error}.",
            hint="Check that Safehold may read the directory and write the stage.",
            detail=str(error),
        )


def remove_stage(stage: Path) -> None:
    """Remove a stage, and the directory of stages when it was the last. Idempotent; never follows a link.

    Raises:
        OSError: the system forbids it.

    """
    shutil.rmtree(stage, ignore_errors=not stage.exists())
    try:
        stage.parent.rmdir()
    except OSError:
        return
