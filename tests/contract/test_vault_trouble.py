"""A vault that is missing, forbidden, read-only or full, and a process that is killed: named errors, nothing left."""

import errno
import os
import random
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from core.errors import NotEnoughSpace, SafeholdError, VaultUnavailable
from core.model.image import Image
from core.model.manifest import Manifest
from core.model.progress import silent
from core.vaults.directory import DirectoryVault
from core.vaults.reading import HashedFile, read_archive
from core.vaults.seam import vault_errors
from tests.contract.vault_kit import BACKUP, FOLDER, OTHER, SOURCE, below, everything, image_of, keep, manifest_of

CHECKOUT = Path(__file__).parents[2]
NOISE = {"je/0.jdb": random.Random(5).randbytes(6 << 20)}


@pytest.fixture
def vault(tmp_path: Path) -> DirectoryVault:
    """Return an empty vault."""
    (tmp_path / "vault").mkdir()
    return DirectoryVault("local", tmp_path / "vault")


@pytest.fixture
def image(tmp_path: Path) -> Image:
    """Return an image of 6 MiB that can't be compressed."""
    return image_of(tmp_path / "stage", NOISE)


def _every_verb(vault: DirectoryVault, image: Image, manifest: Manifest) -> list[Callable[[], object]]:
    return [
        lambda: vault.put(SOURCE, OTHER, image, silent),
        lambda: vault.commit(manifest),
        lambda: vault.manifest(SOURCE, BACKUP),
        lambda: vault.verify(SOURCE, BACKUP, manifest.archive, silent),
        lambda: vault.unpack(manifest, vault.path.parent, silent),
        lambda: vault.open(manifest),
        lambda: vault.discard(SOURCE, BACKUP),
        lambda: list(vault.committed()),
        vault.free_bytes,
    ]


@pytest.mark.parametrize("instead", ["nothing", "a file"])
def test_a_missing_vault_is_named(vault: DirectoryVault, image: Image, instead: str) -> None:
    """Each verb says that the vault isn't there and what to do, and none creates it: its disk may be unmounted."""
    manifest = keep(vault, image)
    vault.path.rename(vault.path.with_name("away"))
    if instead == "a file":
        vault.path.write_bytes(b"")
    for verb in _every_verb(vault, image, manifest):
        with pytest.raises(VaultUnavailable, match=r"isn't there.*Create that directory"):
            verb()
    assert not vault.path.is_dir()


@contextmanager
def _mounted(path: Path, *options: str) -> Iterator[None]:
    """Mount a small file system in memory where this user may; skip the test elsewhere."""
    mount = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(path)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting needs root: a full and a read-only file system are not tested here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(path)], check=True)


def test_a_full_disk_is_named_and_left_as_it_was(vault: DirectoryVault, image: Image, tmp_path: Path) -> None:
    """A disk that fills up while storing is not enough space, and what was written is gone."""
    with _mounted(vault.path, "size=3m"):
        with pytest.raises(NotEnoughSpace, match=r"full.*Make room"):
            vault.put(SOURCE, BACKUP, image, silent)
        assert everything(vault.path) == []
        small = image_of(tmp_path / "small", {"a": b"1"})
        vault.verify(SOURCE, BACKUP, keep(vault, small).archive, silent)


def test_a_read_only_vault_is_named_and_still_read(vault: DirectoryVault, image: Image, tmp_path: Path) -> None:
    """A vault mounted read-only refuses to store, commit, discard and promise room; it still restores."""
    with _mounted(vault.path, "size=9m"):
        manifest = keep(vault, image)
        vault.put(SOURCE, OTHER, image_of(tmp_path / "small", {"a": b"1"}), silent)
        subprocess.run(["mount", "-o", "remount,ro", str(vault.path)], check=True)
        before = everything(vault.path)
        verbs = _every_verb(vault, image, manifest)
        for verb in [*verbs[:2], lambda: vault.discard(SOURCE, OTHER), verbs[-1]]:
            with pytest.raises(VaultUnavailable, match=r"read-only.*Mount it writable"):
                verb()
        assert everything(vault.path) == before
        vault.verify(SOURCE, BACKUP, vault.manifest(SOURCE, BACKUP).archive, silent)
        assert vault.unpack(manifest, tmp_path, silent).is_dir()


def test_a_full_target_is_named_and_left_empty(vault: DirectoryVault, image: Image, tmp_path: Path) -> None:
    """Too little room to unpack into is seen before anything is written."""
    manifest = keep(vault, image)
    into = tmp_path / "into"
    into.mkdir()
    with _mounted(into, "size=3m"):
        with pytest.raises(NotEnoughSpace, match="Nothing was unpacked"):
            vault.unpack(manifest, into, silent)
        assert everything(into) == []


@contextmanager
def _files_of_at_most(size: int) -> Iterator[None]:
    """Limit the size of the files that this process may write; works for any user."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_limit_on_file_sizes_is_no_room(vault: DirectoryVault, image: Image, tmp_path: Path) -> None:
    """Storing and unpacking stop at a limit of the system with not enough space, and leave nothing."""
    into = tmp_path / "into"
    into.mkdir()
    with _files_of_at_most(1 << 20), pytest.raises(NotEnoughSpace):
        vault.put(SOURCE, BACKUP, image, silent)
    assert everything(vault.path) == []
    manifest = keep(vault, image)
    with _files_of_at_most(1 << 20), pytest.raises(NotEnoughSpace):
        vault.unpack(manifest, into, silent)
    assert everything(into) == []


def test_a_manifest_without_room_leaves_the_old_one(vault: DirectoryVault, image: Image) -> None:
    """A manifest that can't be replaced for want of room stays as it was."""
    manifest = keep(vault, image)
    before = everything(vault.path)
    with _files_of_at_most(10), pytest.raises(NotEnoughSpace):
        vault.commit(manifest_of(manifest.archive))
    assert vault.manifest(SOURCE, BACKUP) == manifest
    assert everything(vault.path) == before


class BrokenDisk:
    """A file whose disk answers each read with an error."""

    def readinto(self, _buffer: memoryview) -> int:
        """Fail as a broken disk does."""
        raise OSError(errno.EIO, "Input/output error")


def test_a_broken_disk_is_not_a_damaged_backup(vault: DirectoryVault, image: Image) -> None:
    """A read error is told as a vault that can't be used: the same bytes may be read well elsewhere."""
    archive = keep(vault, image).archive
    broken = HashedFile(cast("BinaryIO", BrokenDisk()), lambda: vault_errors("local", vault.path))
    with pytest.raises(VaultUnavailable, match=r"Input/output error.*Look at the disk"):
        read_archive(broken, archive, FOLDER, lambda _count: None, None)


FORBIDDEN = f"""
import os, sys
sys.path.insert(0, {str(CHECKOUT)!r})
from pathlib import Path
from core.errors import VaultUnavailable
from core.vaults.directory import DirectoryVault
import core.model.progress, zstandard, encodings.idna
if os.geteuid() == 0:
    os.setgid(65534); os.setuid(65534)
vault = DirectoryVault("local", Path(sys.argv[1]))
for verb in (vault.free_bytes, lambda: list(vault.committed()), lambda: vault.discard("gods", {BACKUP!r})):
    try:
        verb()
    except VaultUnavailable as error:
        print(error)
"""


def test_a_forbidden_vault_is_named(tmp_path: Path) -> None:
    """A plain user without the right to the vault reads what to change."""
    vault = tmp_path / "vault"
    vault.mkdir()
    vault.chmod(0)
    try:
        done = subprocess.run(
            [sys.executable, "-c", FORBIDDEN, str(vault)], check=True, capture_output=True, text=True, timeout=60
        )
    finally:
        vault.chmod(0o700)
    assert done.stdout.count("Safehold may not use the vault local") == 3
    assert "chown, chmod" in done.stdout


WORKING = f"""
import sys
sys.path.insert(0, {str(CHECKOUT)!r})
from pathlib import Path
from core.model.image import Image, ImageFile
from core.vaults.directory import DirectoryVault
from tests.contract.vault_kit import MOMENT
image = Image((ImageFile("je/0.jdb", Path(sys.argv[2])),), MOMENT, {{}})
def progress(step):
    print(step.done, flush=True)
    sys.stdin.readline()
vault = DirectoryVault("local", Path(sys.argv[1]))
if len(sys.argv) > 3:
    vault.unpack(vault.manifest({SOURCE!r}, {BACKUP!r}), Path(sys.argv[3]), progress)
else:
    vault.put({SOURCE!r}, {BACKUP!r}, image, progress)
"""


def _kill(reports: int, *argv: str) -> None:
    """Let a process work on until it has told its progress that often, then kill it."""
    with subprocess.Popen(
        [sys.executable, "-c", WORKING, *argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as working:
        assert working.stdin
        assert working.stdout
        for _ in range(reports):
            assert working.stdout.readline()
            with suppress(BrokenPipeError):
                working.stdin.write("\n")
                working.stdin.flush()
        working.kill()
        working.wait(30)
    assert working.returncode in {-signal.SIGKILL, 0}


@pytest.mark.parametrize("reports", [1, 3, 24])
def test_a_killed_put_leaves_only_what_discard_removes(vault: DirectoryVault, image: Image, reports: int) -> None:
    """After kill -9 in the middle of storing nothing counts as a backup, and discard removes all of it."""
    _kill(reports, str(vault.path), str(image.files[0].location))
    assert list(vault.committed()) == []
    with pytest.raises(SafeholdError):
        vault.manifest(SOURCE, BACKUP)
    vault.discard(SOURCE, BACKUP)
    assert everything(vault.path) == []


@pytest.mark.parametrize("reports", [1, 3, 47])
def test_a_killed_unpack_leaves_nothing_that_looks_whole(
    vault: DirectoryVault, image: Image, into: Path, reports: int
) -> None:
    """After kill -9 in the middle of unpacking only a hidden directory is left, and the next try does not mind it."""
    manifest = keep(vault, image)
    _kill(reports, str(vault.path), str(image.files[0].location), str(into))
    assert [path.name.startswith(".unchecked-") for path in into.iterdir()] == [True]
    vault.unpack(manifest, into, silent)
    assert below(into / FOLDER) == NOISE
