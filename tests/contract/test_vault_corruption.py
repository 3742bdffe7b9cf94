"""Every changed byte of an archive or a manifest is noticed before anything is loaded."""

import random
from pathlib import Path

import pytest

from core.errors import ArchiveCorrupt, CorruptionError, ManifestCorrupt
from core.model.manifest import Manifest
from core.model.progress import Step, silent
from core.vaults.directory import DirectoryVault
from tests.contract.vault_kit import BACKUP, SOURCE, everything, image_of, keep

FLIPS = 200
TRUNCATIONS = 20


@pytest.fixture
def vault(tmp_path: Path) -> DirectoryVault:
    """Return an empty vault."""
    (tmp_path / "vault").mkdir()
    return DirectoryVault("local", tmp_path / "vault")


@pytest.fixture
def manifest(vault: DirectoryVault, tmp_path: Path) -> Manifest:
    """Keep a small backup of text and of noise; return its manifest."""
    noise = random.Random(7).randbytes(30_000)
    return keep(vault, image_of(tmp_path / "stage", {"je/0.jdb": noise, "je/1.jdb": b"abc" * 9000, "empty": b""}))


def _refused(vault: DirectoryVault, manifest: Manifest, into: Path) -> None:
    with pytest.raises(CorruptionError):
        vault.verify(SOURCE, BACKUP, manifest.archive, silent)
    with pytest.raises(ArchiveCorrupt):
        vault.unpack(manifest, into, silent)
    assert everything(into) == []


def test_any_flipped_byte_of_a_manifest_is_noticed(vault: DirectoryVault, manifest: Manifest) -> None:
    """At every single position of a manifest a changed byte makes it unreadable."""
    path = vault.path / SOURCE / BACKUP / "manifest.json"
    whole, chance = path.read_bytes(), random.Random(1)
    for position in range(len(whole)):
        torn = bytearray(whole)
        torn[position] ^= chance.randrange(1, 256)
        path.write_bytes(torn)
        with pytest.raises(ManifestCorrupt):
            vault.manifest(SOURCE, BACKUP)
    path.write_bytes(whole)
    assert vault.manifest(SOURCE, BACKUP) == manifest


def test_any_cut_manifest_is_noticed(vault: DirectoryVault, manifest: Manifest) -> None:
    """A manifest that ends anywhere before its end, or goes on after it, is unreadable."""
    path = vault.path / SOURCE / BACKUP / "manifest.json"
    whole = path.read_bytes()
    assert manifest.archive.files
    for torn in [*(whole[:end] for end in range(len(whole))), whole + b"\n", whole + whole]:
        path.write_bytes(torn)
        with pytest.raises(ManifestCorrupt):
            vault.manifest(SOURCE, BACKUP)


def test_any_flipped_byte_of_an_archive_is_noticed(vault: DirectoryVault, manifest: Manifest, into: Path) -> None:
    """Verify and unpack both refuse each of 200 archives with one changed byte, and nothing unpacked is left."""
    path = vault.path / SOURCE / BACKUP / manifest.archive.name
    whole, chance = path.read_bytes(), random.Random(2)
    for position in [0, len(whole) - 1, *(chance.randrange(len(whole)) for _ in range(FLIPS))]:
        torn = bytearray(whole)
        torn[position] ^= chance.randrange(1, 256)
        path.write_bytes(torn)
        _refused(vault, manifest, into)
    path.write_bytes(whole)
    vault.verify(SOURCE, BACKUP, manifest.archive, silent)


def test_any_cut_archive_is_noticed(vault: DirectoryVault, manifest: Manifest, into: Path) -> None:
    """Verify and unpack both refuse each of 20 shortened archives, an empty one and a longer one."""
    path = vault.path / SOURCE / BACKUP / manifest.archive.name
    whole, chance = path.read_bytes(), random.Random(3)
    ends = [0, len(whole) - 1, *(chance.randrange(len(whole)) for _ in range(TRUNCATIONS))]
    for torn in [*(whole[:end] for end in ends), whole + b"\0", whole + whole]:
        path.write_bytes(torn)
        _refused(vault, manifest, into)


def test_bytes_changed_while_they_are_unpacked_are_noticed(vault: DirectoryVault, tmp_path: Path, into: Path) -> None:
    """An archive whose rest is exchanged while it is unpacked, for one of the same length, is not unpacked."""
    manifest = keep(vault, image_of(tmp_path / "stage", {"noise": random.Random(8).randbytes(6 << 20)}))
    path = vault.path / SOURCE / BACKUP / manifest.archive.name
    torn = bytearray(path.read_bytes())
    torn[-len(torn) // 4] ^= 1
    heard: list[int] = []

    def exchange(step: Step) -> None:
        heard.append(step.done)
        if len(heard) == 1:
            path.write_bytes(torn)

    with pytest.raises(ArchiveCorrupt):
        vault.unpack(manifest, into, exchange)
    assert len(heard) > 1
    assert everything(into) == []
