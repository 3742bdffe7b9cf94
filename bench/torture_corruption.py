"""Flip and cut the bytes of an archive and its manifest, and count what is not refused, or leaves anything unpacked.

Usage: python -m bench.torture_corruption [--flips 1000] [--truncations 50] [--size 2m] [--seed N]. Ends with 1 where
a single one passes.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.generated import BACKUP, SOURCE, generate, manifest_of, size_of
from core.errors import ArchiveCorrupt, CorruptionError, ManifestCorrupt, SafeholdError
from core.model.manifest import Manifest
from core.model.progress import silent
from core.vaults.directory import DirectoryVault


@dataclass
class Torture:
    """A backup whose bytes are changed on the disk, one change at a time."""

    vault: DirectoryVault
    manifest: Manifest
    target: Path
    chance: random.Random

    @property
    def directory(self) -> Path:
        """Return where the backup lies."""
        return self.vault.path / SOURCE / BACKUP

    def changed(self, whole: bytes, flips: int, truncations: int) -> Iterator[bytes]:
        """Yield the bytes with one of them changed, then cut."""
        for _ in range(flips):
            torn = bytearray(whole)
            torn[self.chance.randrange(len(whole))] ^= self.chance.randrange(1, 256)
            yield bytes(torn)
        for _ in range(truncations):
            yield whole[: self.chance.randrange(len(whole))]

    def run(self, path: Path, flips: int, truncations: int) -> Counter[str]:
        """Change one file in turn; return how each change was answered."""
        whole, answers = path.read_bytes(), Counter[str]()
        for torn in self.changed(whole, flips, truncations):
            path.write_bytes(torn)
            answers[self._answer()] += 1
        path.write_bytes(whole)
        return answers

    def _answer(self) -> str:
        """Do what a restore and a check do."""
        try:
            manifest = self.vault.manifest(SOURCE, BACKUP)
        except ManifestCorrupt:
            return "refused"
        except SafeholdError as error:
            return f"PASSED the manifest: {error.code}"
        try:
            self.vault.verify(SOURCE, BACKUP, manifest.archive, silent)
        except CorruptionError:
            return self._unpacked(manifest)
        return "PASSED verify"

    def _unpacked(self, manifest: Manifest) -> str:
        try:
            self.vault.unpack(manifest, self.target, silent)
        except ArchiveCorrupt:
            return "LEFT something" if any(self.target.iterdir()) else "refused"
        except SafeholdError as error:
            return f"PASSED as no corruption: {error.code}"
        return "PASSED unpack"


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flips", type=int, default=1000)
    parser.add_argument("--truncations", type=int, default=50)
    parser.add_argument("--size", default="2m")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="safehold-torture-") as directory:
        work = Path(directory)
        (work / "vault").mkdir()
        (work / "into").mkdir()
        vault = DirectoryVault("torture", work / "vault")
        stored = vault.put(SOURCE, BACKUP, generate(work / "data", size_of(arguments.size)), silent)
        vault.commit(manifest_of(stored))
        torture = Torture(vault, manifest_of(stored), work / "into", random.Random(arguments.seed))
        print(f"seed {arguments.seed}, archive of {stored.size} bytes", flush=True)
        half, cut = arguments.flips // 2, arguments.truncations // 2
        archive = torture.run(torture.directory / stored.name, arguments.flips - half, arguments.truncations - cut)
        manifest = torture.run(torture.directory / "manifest.json", half, cut)
        vault.verify(SOURCE, BACKUP, vault.manifest(SOURCE, BACKUP).archive, silent)
    print(f"archive:  {dict(archive)}\nmanifest: {dict(manifest)}")
    sys.exit(set(archive) | set(manifest) != {"refused"})


if __name__ == "__main__":
    main()
