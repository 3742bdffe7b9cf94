"""A vault whose disk is not mounted is noticed, even where an empty directory stands in its place."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import NotRestorable, VaultUnavailable
from core.model.image import Image
from core.model.progress import silent
from core.vaults.directory import DirectoryVault
from core.vaults.marker import MARKER
from tests.contract.vault_kit import BACKUP, OTHER, SOURCE, everything, keep


@pytest.fixture(name="known")
def _known(tmp_path: Path) -> Path:
    return tmp_path / "state" / "vaults" / "local.json"


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    (tmp_path / "vault").mkdir()
    return tmp_path / "vault"


def _mount(root: Path, disk: Path) -> None:
    """Put another directory where the vault was."""
    root.rename(root.with_name("unmounted"))
    disk.rename(root)


def test_an_empty_mount_point_is_not_the_vault(root: Path, known: Path, image: Image, tmp_path: Path) -> None:
    """Without its disk every verb is refused with what to do, nothing is written, and with it all is there again."""
    vault = DirectoryVault("local", root, known)
    manifest = keep(vault, image)
    (tmp_path / "empty").mkdir()
    _mount(root, tmp_path / "empty")
    again = DirectoryVault("local", root, known)
    for verb in (
        lambda: again.put(SOURCE, OTHER, image, silent),
        lambda: again.manifest(SOURCE, BACKUP),
        lambda: again.verify(SOURCE, BACKUP, manifest.archive, silent),
        lambda: again.open(manifest),
        lambda: list(again.committed()),
        again.free_bytes,
    ):
        with pytest.raises(
            VaultUnavailable, match=r"not the one that was used before.*Is its disk mounted\?"
        ) as caught:
            verb()
        assert str(known) in caught.value.hint
    assert everything(root) == []
    root.rmdir()
    (tmp_path / "unmounted").rename(root)
    assert again.manifest(SOURCE, BACKUP) == manifest


def test_another_vault_is_not_taken_for_it(root: Path, known: Path, tmp_path: Path) -> None:
    """Another vault's disk at its place is refused until the old one is forgotten on purpose."""
    assert DirectoryVault("local", root, known).free_bytes() > 0
    (tmp_path / "other").mkdir()
    assert DirectoryVault("far", tmp_path / "other", tmp_path / "far.json").free_bytes() > 0
    _mount(root, tmp_path / "other")
    with pytest.raises(VaultUnavailable, match="not the one"):
        DirectoryVault("local", root, known).free_bytes()
    known.unlink()
    assert DirectoryVault("local", root, known).free_bytes() > 0


def test_a_vault_from_before_is_marked_and_a_known_one_is_learnt(root: Path, known: Path, image: Image) -> None:
    """A vault with backups but no marker gets one; a new state folder learns the marker that is there."""
    manifest = keep(DirectoryVault("local", root), image)
    assert not (root / MARKER).exists()
    assert DirectoryVault("local", root, known).manifest(SOURCE, BACKUP) == manifest
    content = (root / MARKER).read_bytes()
    marker = json.loads(content)
    assert marker.keys() == {"format", "id", "created_at"}
    assert content == (json.dumps(marker, sort_keys=True, separators=(",", ":")) + "\n").encode()
    known.unlink()
    assert list(DirectoryVault("local", root, known).committed()) == [(SOURCE, BACKUP)]
    assert (root / MARKER).read_bytes() == content
    assert json.loads(known.read_bytes())["id"] == marker["id"]


def test_a_missing_manifest_in_the_right_vault_is_no_missing_vault(root: Path, known: Path) -> None:
    """A backup that is not in the vault is not restorable; the vault is there."""
    with pytest.raises(NotRestorable):
        DirectoryVault("local", root, known).manifest(SOURCE, BACKUP)


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"format":1,"id":', b"[]"])
def test_a_marker_that_can_not_be_read_is_told(root: Path, known: Path, damage: bytes) -> None:
    """A marker of other content is never written over, and both files to look at are named."""
    (root / MARKER).write_bytes(damage)
    with pytest.raises(VaultUnavailable) as caught:
        DirectoryVault("local", root, known).free_bytes()
    assert str(root / MARKER) in caught.value.hint
    assert (root / MARKER).read_bytes() == damage


def test_processes_that_come_first_together_agree(root: Path, known: Path) -> None:
    """Eight first uses at the same moment leave one marker, and none is refused then or later."""
    start = threading.Barrier(8)

    def use(_number: int) -> int:
        start.wait(10)
        return DirectoryVault("local", root, known).free_bytes()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(use, range(8)))
    assert everything(root) == [MARKER]
    assert DirectoryVault("local", root, known).free_bytes() > 0
