"""The contracts between what decides and what touches the world.

Engines, vaults and provisioners never see the catalog: they are functions of (source, ids, paths, progress) that
return values, so that they can run in a thread today and on another machine tomorrow. Each raises errors of
core.errors only.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from core.model.image import Image
from core.model.instance import InstanceState
from core.model.manifest import Manifest, ProofRecord, StoredArchive
from core.model.place import Launch, Needs, Place
from core.model.progress import Progress
from core.model.source import Source, SourceFacts
from core.model.vault_entry import VaultEntry


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> datetime:
        """Return the wall time, aware, in UTC."""

    def monotonic(self) -> float:
        """Return seconds that never go back; only differences mean something."""


class Groups(Protocol):
    """Who is in a user group, asked freshly at each decision."""

    def members(self, group: str) -> frozenset[str]:
        """Return the person ids in a group id ("S0123ABC").

        Raises:
            UnavailableError: the directory of groups can't be asked; nobody gets a right from it then.

        """


class Runner(Protocol):
    """Runs work beside the door that asked for it, a bounded number at a time."""

    def submit(self, key: str, work: Callable[[], None]) -> None:
        """Queue work under a key (a backup's or a restore's id) and return at once.

        Work records its own outcome; what still escapes it is logged by the runner, never raised.
        """

    def wait(self, key: str, timeout_seconds: float | None = None) -> bool:
        """Wait until the work of that key has ended (True) or time is up (False). Unknown keys have ended."""

    def cancel(self, key: str) -> bool:
        """Ask the work of that key to stop at its next progress report; False where none is known here."""

    @property
    def closing(self) -> bool:
        """Say whether everything is being stopped: work that is asked to stop then was interrupted, not cancelled."""

    def cancelled(self, key: str) -> bool:
        """Say whether the work of that key was asked to stop."""

    def under_way(self) -> dict[str, int]:
        """Return what has begun and does not count as hanging: by key, how often it asked whether it was cancelled."""

    def abandon(self, key: str) -> None:
        """Take the work of that key for hanging: ask it to stop, and let other work begin in its place."""

    def hanging(self) -> tuple[str, ...]:
        """Return the keys of what hangs: abandoned, and not ended since."""

    @property
    def stuck(self) -> bool:
        """Say whether nothing new can begin any more, for all that is under way hangs."""


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


class Vault(Protocol):
    """Where archives rest. An archive without a manifest does not exist: the manifest is written last."""

    @property
    def name(self) -> str:
        """Return the name in the configuration and the catalog."""

    def put(self, source: str, backup_id: str, image: Image, progress: Progress) -> StoredArchive:
        """Stream an image into one archive, hashing as it is written; make it durable. Step name: "storing".

        Nothing of an archive that was not finished is left behind, short of a crash.

        Raises:
            NotEnoughSpace, VaultUnavailable.

        """

    def commit(self, manifest: Manifest) -> None:
        """Write the manifest beside its archive, durably and atomically; replaces an older one of that backup.

        Raises:
            NotEnoughSpace, VaultUnavailable.

        """

    def manifest(self, source: str, backup_id: str) -> Manifest:
        """Read a manifest back.

        Raises:
            NotRestorable: there is none.
            ManifestCorrupt, UnsupportedVersion, VaultUnavailable.

        """

    def verify(self, source: str, backup_id: str, archive: StoredArchive, progress: Progress) -> None:
        """Re-read every stored byte and compare: the archive's hash, and each file in it. Step name: "verifying".

        Raises:
            ArchiveCorrupt, UnsafePath, VaultUnavailable.

        """

    def unpack(self, manifest: Manifest, into: Path, progress: Progress) -> Path:
        """Check an archive while it is unpacked into an empty directory; return the archive's folder in it.

        The folder stands under its name only once the hash of the archive and of each file matched. Else nothing
        is left in `into`, short of a crash, which may leave a hidden directory there: whoever made `into` removes
        it. Nothing is written outside it ever. Step name: "unpacking".

        Raises:
            ArchiveCorrupt, UnsafePath, NotEnoughSpace, VaultUnavailable.

        """

    def open(self, manifest: Manifest, offset: int = 0) -> BinaryIO:
        """Open the archive's bytes for reading from an offset; the caller closes it.

        Raises:
            NotRestorable: the bytes are gone.
            VaultUnavailable.

        """

    def discard(self, source: str, backup_id: str) -> None:
        """Remove what a run that did not finish left of that backup. Idempotent. A committed one stays as it is."""

    def committed(self) -> Iterator[tuple[str, str]]:
        """Yield (source, backup id) of every manifest in the vault, in any order."""

    def entries(self, source: str | None = None) -> Iterator[VaultEntry]:
        """Yield everything of the vault's own form, or of one source, committed or not, in any order.

        Memory doesn't grow with it.

        Raises:
            VaultUnavailable.

        """

    def remove(self, source: str, backup_id: str) -> None:
        """Delete a backup for good: its manifest first, durably, so that half of it never counts as one. Idempotent.

        Raises:
            VaultUnavailable: something of it is left; it can be called again.

        """

    def free_bytes(self) -> int:
        """Return the room left; a very large number where the vault has no bound.

        Raises:
            VaultUnavailable.

        """


class Provisioner(Protocol):
    """Where restored instances run. Everything it makes is named by the instance and found again by that name."""

    @property
    def name(self) -> str:
        """Return the name in the configuration and the catalog."""

    @property
    def where(self) -> str:
        """Return the place in words ("this host, a free port, loopback only")."""

    def room(self) -> Needs:
        """Return the disk and memory that are free for a new instance.

        Raises:
            ProvisionerFailed: the place can't be looked at.

        """

    def reserve(self, name: str, *, port: bool) -> Place:
        """Make the instance's directory, new and empty, and choose a free port if one is wanted.

        Raises:
            Stale: something of that name is already there.
            PortInUse, NotEnoughSpace, ProvisionerFailed.

        """

    def start(self, place: Place, launch: Launch | None, manifest: Manifest) -> str:
        """Start the instance so that it outlives this process. Returns its endpoint, "" where the engine's holds.

        Raises:
            PortInUse: another program has taken its port; `move` gives it another.
            ProvisionerFailed.

        """

    def move(self, name: str) -> Place:
        """Take back what was started for an instance, but none of its files, and choose another port for it.

        Raises:
            Stale: it was destroyed meanwhile.
            PortInUse: there is no other.
            ProvisionerFailed: something that was started is left.

        """

    def status(self, name: str) -> InstanceState:
        """Say READY (its process runs, or its files stand), STOPPED or DESTROYED (nothing there), by looking."""

    def place(self, name: str) -> Place | None:
        """Find an existing instance's place again, None where there is none."""

    def destroy(self, name: str) -> None:
        """Stop the instance and remove everything made for it. Idempotent; only ever what it made itself.

        Raises:
            ProvisionerFailed: something is left; it can be called again.

        """

    def log(self, name: str) -> str:
        """Return the last lines of what the instance printed, at most 64 KiB, "" where there is none."""

    def names(self) -> tuple[str, ...]:
        """Return the instances that exist here, of which some may be unknown to the catalog."""
