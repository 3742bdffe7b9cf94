"""Opens a scratch copy made from the stored bytes of one backup and counts it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import UnavailableError
from core.model.manifest import Manifest, ProofRecord
from core.model.progress import Progress
from core.ports import Engine, Vault
from core.runtime.files import remove_tree


@dataclass(frozen=True, slots=True)
class ProveBackup:
    """Unpacks into a scratch folder named by the run, has the engine prove it, and removes the folder."""

    scratch: Path

    def __call__(self, run: str, engine: Engine, vault: Vault, manifest: Manifest, progress: Progress) -> ProofRecord:
        """Return the proof.

        Raises:
            ProofFailed, ArchiveCorrupt: the backup is not what it should be.
            NotEnoughSpace, JavaMissing, JarsMissing, OperationError, UnavailableError: it could not be tried.

        """
        self.sweep(run)
        folder = self.folder(run)
        try:
            with _translated(folder):
                folder.mkdir(parents=True, mode=0o700)
            unpacked = vault.unpack(manifest, folder, progress)
            return engine.prove(unpacked, manifest, progress)
        finally:
            self.sweep(run)

    def folder(self, run: str) -> Path:
        """Return the scratch folder of a run."""
        return self.scratch / run.replace(":", "-")

    def sweep(self, run: str) -> None:
        """Remove what a run that was killed left.

        Raises:
            UnavailableError: it can't be removed now.

        """
        with _translated(self.folder(run)):
            remove_tree(self.folder(run))


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnavailableError(
            f"The scratch folder {folder} can't be used: {error.strerror}.", hint="Mend its rights, or make room there."
        ) from error
