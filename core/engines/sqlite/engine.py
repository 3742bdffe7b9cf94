"""The engine itself: SQLite as core.ports.Engine."""

import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from core.engines.seam import stage_errors
from core.engines.sqlite.copying import copy_database
from core.engines.sqlite.reading import is_database, of_machine, opened, read_rows, tables, value
from core.errors import (
    CaptureFailed,
    NotEnoughSpace,
    OperationError,
    ProofFailed,
    RestoreFailed,
    SourceUnavailable,
    UnsafeSource,
    UnsupportedVersion,
)
from core.model.image import Image, ImageFile
from core.model.manifest import Manifest, ProofRecord
from core.model.options import Option
from core.model.place import Launch, Needs, Place
from core.model.progress import Progress, Step
from core.model.source import Source, SourceFacts
from core.ports import Clock

OPTIONS = (Option("path", "path", required=True, says="The SQLite file."),)

FILE = "database.sqlite"
SPARE_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class SQLite:
    """Copies a live SQLite file while others write to it; a restored instance is the file itself.

    `scratch` holds the copies until they are stored, in `sqlite-stage/<backup id>`.
    """

    scratch: Path
    clock: Clock
    name: str = "sqlite"
    family: str = "sqlite"
    title: str = "SQLite"
    serves: bool = False

    def inspect(self, source: Source) -> SourceFacts:
        """Read the schema's size and settings; no table is read."""
        path = Path(source.options["path"])
        with opened(path) as database:
            facts = {
                "journal_mode": value(database, "PRAGMA journal_mode"),
                "page_size": value(database, "PRAGMA page_size"),
                "user_version": value(database, "PRAGMA user_version"),
                "application_id": value(database, "PRAGMA application_id"),
                "encoding": value(database, "PRAGMA encoding"),
                "file": path.name,
                "tables": tables(database),
            }
            size = int(value(database, "PRAGMA page_count")) * int(value(database, "PRAGMA page_size"))
        return SourceFacts({"sqlite": sqlite3.sqlite_version}, facts, size)

    def capture(self, source: Source, backup_id: str, progress: Progress) -> Image:
        """Copy page by page; where somebody writes meanwhile, SQLite starts over or carries the change along."""
        observed = self.inspect(source)
        stage = self._stage(backup_id)
        captured_at = self.clock.now()
        try:
            stage.mkdir(parents=True, mode=0o700)
        except OSError as error:
            raise CaptureFailed(f"The stage {stage} can't be made: {error.strerror}.") from error
        try:
            _room(stage, observed.size_bytes)
            with opened(Path(source.options["path"])) as database:
                copy_database(database, stage / FILE, progress, quiet=observed.facts["journal_mode"] == "wal")
        except BaseException as error:
            with suppress(OSError):  # what failed first is told; discard() removes the rest
                _remove(stage)
            if isinstance(error, OSError | sqlite3.Error):
                raise CaptureFailed(
                    f"{source.options['path']} could not be copied: {error}.",
                    hint="Check that no program keeps it locked and that its disk is healthy, then try again.",
                ) from error
            raise
        return Image((ImageFile(FILE, stage / FILE),), captured_at, observed.versions, observed.facts)

    def discard(self, source: Source, backup_id: str) -> None:  # noqa: ARG002  the port names the source
        """Remove the copy of that backup.

        Raises:
            UnavailableError: the system forbids it.

        """
        stage = self._stage(backup_id)
        with stage_errors(stage):
            _remove(stage)

    def prove(self, unpacked: Path, manifest: Manifest, progress: Progress) -> ProofRecord:
        """Run SQLite's own checks on the stored bytes and read every row.

        Raises:
            ProofFailed: the data are at fault.
            OperationError: it could not be proven, for a reason that tells nothing of the data.
            UnsupportedVersion: another engine's backup.

        """
        _check_engine(manifest, self.name)
        try:
            return self._checked(unpacked / FILE, progress)
        except (SourceUnavailable, UnsafeSource, sqlite3.Error, OSError, MemoryError) as error:
            if of_machine(error):
                raise OperationError(
                    f"The backup could not be proven: {error}",
                    hint="That tells nothing of the backup. Look at memory and disk, then verify it.",
                ) from error
            raise ProofFailed(
                f"The copy made from the stored bytes can't be trusted: {error}",
                hint="Take a new backup, and look at the disk of the source.",
            ) from error

    def needs(self, manifest: Manifest) -> Needs:
        """Return the size of the file; nothing runs."""
        return Needs(disk_bytes=manifest.archive.raw_size + SPARE_BYTES, memory_bytes=0)

    def prepare(self, unpacked: Path, manifest: Manifest, place: Place, progress: Progress) -> ProofRecord:
        """Move the file into its place under its own name and check it there."""
        _check_engine(manifest, self.name)
        try:
            target = place.directory / Path(str(manifest.facts.get("file") or FILE)).name
            shutil.move(unpacked / FILE, target)
            proof = self._checked(target, progress)
            if manifest.facts.get("journal_mode") == "wal":
                with closing(sqlite3.connect(target)) as database:
                    database.execute("PRAGMA journal_mode = WAL")
        except (SourceUnavailable, UnsafeSource, OSError, sqlite3.Error) as error:
            raise RestoreFailed(
                f"The restored file can't be used: {error}", hint="Restore another backup, and verify this one."
            ) from error
        return proof

    def launch(self, place: Place) -> Launch | None:  # noqa: ARG002  nothing to start
        """Return None: the file is the instance."""
        return None

    def endpoint(self, place: Place) -> str:
        """Return the file as an address ("sqlite:////srv/…/orders.db")."""
        return f"sqlite:///{quote(str(_file(place)))}"

    def answers(self, place: Place) -> bool:
        """Say whether the schema can be read from the file."""
        try:
            with opened(_file(place)) as database:
                return isinstance(value(database, "SELECT count(*) FROM sqlite_master"), int)
        except (SourceUnavailable, UnsafeSource, sqlite3.Error):
            return False

    def _stage(self, backup_id: str) -> Path:
        if Path(backup_id).name != backup_id:
            raise CaptureFailed(f'"{backup_id}" is no backup id.')
        return self.scratch / "sqlite-stage" / backup_id

    def _checked(self, path: Path, progress: Progress) -> ProofRecord:
        """Check and count a file that nobody writes to.

        Raises:
            sqlite3.Error: it can't be read, or SQLite finds faults.

        """
        with opened(path) as database:
            progress(Step("checking storage"))
            faults = [row[0] for row in database.execute("PRAGMA integrity_check") if row[0] != "ok"]
            if faults:
                raise sqlite3.DatabaseError(
                    f"PRAGMA integrity_check finds {len(faults)} faults, the first: {faults[0]}"
                )
            # Rows that break a foreign key may well be in the source too: SQLite checks them only when asked.
            broken = len(database.execute("PRAGMA foreign_key_check").fetchall())
            counts, digest = read_rows(database, progress)
        checked = (
            "PRAGMA integrity_check is ok",
            f"PRAGMA foreign_key_check finds {broken or 'no'} broken rows",
            f"{sum(counts.values())} rows of {len(counts)} tables read and fingerprinted",
        )
        return ProofRecord(self.clock.now(), digest, {"tables": counts}, checked)


def _file(place: Place) -> Path:
    found = [path for path in place.directory.iterdir() if path.is_file()] if place.directory.is_dir() else []
    return next((path for path in sorted(found) if is_database(path)), place.directory / FILE)


def _check_engine(manifest: Manifest, name: str) -> None:
    if manifest.engine != name:
        raise UnsupportedVersion(
            f"This is a backup by {manifest.engine}, not by {name}.", hint="Restore it with its own."
        )


def _room(stage: Path, size: int) -> None:
    free = shutil.disk_usage(stage).free
    if free < size + SPARE_BYTES:
        raise NotEnoughSpace(
            f"{stage} has {free >> 20} MiB left, {(size + SPARE_BYTES) >> 20} are needed.",
            hint="Make room there, then try again.",
        )


def _remove(stage: Path) -> None:
    shutil.rmtree(stage, ignore_errors=not stage.exists())
