"""How one kind of database is captured, proven and brought up."""

from pathlib import Path
from typing import Protocol

from core.model.image import Image
from core.model.manifest import Manifest, ProofRecord
from core.model.place import Launch, Needs, Place
from core.model.progress import Progress
from core.model.source import Source, SourceFacts


class Engine(Protocol):
    """One kind of database: how it is captured, proven and brought up. Stateless; called from many threads."""

    @property
    def name(self) -> str:
        """Return the engine's name in the configuration, the catalog and manifests ("janusgraph-berkeleyje")."""

    @property
    def family(self) -> str:
        """Return what restored instances are named after ("janusgraph")."""

    @property
    def title(self) -> str:
        """Return what people read ("JanusGraph · BerkeleyJE")."""

    @property
    def serves(self) -> bool:
        """Say whether a restored instance is a process with a port; else its files are the instance."""

    def inspect(self, source: Source) -> SourceFacts:
        """Ask the live source what it is; cheap, never a scan, under 10 s.

        Raises:
            SourceUnavailable: it does not answer or its directory can't be read.
            UnsafeSource, UnsupportedVersion: it answers, and must not be captured as it is.

        """

    def capture(self, source: Source, backup_id: str, progress: Progress) -> Image:
        """Take a consistent image of the running source into a stage of its own, named by the backup id.

        The image holds every transaction acknowledged before the call and no half of any. The source is not
        stopped, slowed noticeably, written to or asked to scan. After a failure or a cancel nothing is left.

        Raises:
            SourceUnavailable, UnsafeSource, UnsupportedVersion, NotEnoughSpace, CaptureFailed.

        """

    def discard(self, source: Source, backup_id: str) -> None:
        """Remove the stage of that backup. Idempotent; works after a crash and without the source running.

        Raises:
            UnavailableError: something of it can't be removed; it can be called again.

        """

    def prove(self, unpacked: Path, manifest: Manifest, progress: Progress) -> ProofRecord:
        """Open a scratch copy made from the stored bytes, check it, count it, fingerprint it.

        `unpacked` is the archive's folder; it is used up: the caller deletes it afterwards. No child process
        outlives the caller, even one that is killed.

        Raises:
            ProofFailed: it does not open, or its own checks fail: the fault is in the data.
            OperationError, UnavailableError, JavaMissing, JarsMissing, NotEnoughSpace: it could not be tried.

        """

    def needs(self, manifest: Manifest) -> Needs:
        """Return what an instance of this backup will take while it is made and once it runs."""

    def prepare(self, unpacked: Path, manifest: Manifest, place: Place, progress: Progress) -> ProofRecord:
        """Make `place.directory` a complete instance from the unpacked archive, offline, and check it.

        `unpacked` lies on the same file system inside or beside `place.directory` and may be moved. The instance
        gets its own identity, isolated indexes, no ghosts of the source; indexes are rebuilt and looked up in;
        new ids are shown to be unused. The result's fingerprint is of the data as they stand in the new instance.

        Raises:
            RestoreFailed, UnsupportedVersion, NotEnoughSpace, JavaMissing, JarsMissing.

        """

    def launch(self, place: Place) -> Launch | None:
        """Return how to start a prepared instance at this place; its port may not be the one it was prepared for.

        None for an engine whose files are the instance.
        """

    def endpoint(self, place: Place) -> str:
        """Return what a client connects to ("ws://127.0.0.1:18455/gremlin", "sqlite:////…/orders.db")."""

    def answers(self, place: Place) -> bool:
        """Say whether the instance at that place answers a read from storage, and is itself, not an older one."""
