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


def _refused(vault: DirectoryVault, manifest: Manifest, never_made: Path) -> None:
    with pytest.raises(CorruptionError):
        vault.verify(SOURCE, BACKUP, manifest.archive, silent)
    # The target doesn't exist: any attempt to write there would be another error.
    with pytest.raises(ArchiveCorrupt):
        vault.unpack(manifest, never_made, silent)
    assert not never_made.exists()


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


def test_any_flipped_byte_of_an_archive_is_noticed(vault: DirectoryVault, manifest: Manifest, tmp_path: Path) -> None:
    """Verify and unpack both refuse each of 200 archives with one changed byte, before anything is written."""
    path = vault.path / SOURCE / BACKUP / manifest.archive.name
    whole, chance = path.read_bytes(), random.Random(2)
    for position in [0, len(whole) - 1, *(chance.randrange(len(whole)) for _ in range(FLIPS))]:
        torn = bytearray(whole)
        torn[position] ^= chance.randrange(1, 256)
        path.write_bytes(torn)
        _refused(vault, manifest, tmp_path / "never")
    path.write_bytes(whole)
    vault.verify(SOURCE, BACKUP, manifest.archive, silent)


def test_any_cut_archive_is_noticed(vault: DirectoryVault, manifest: Manifest, tmp_path: Path) -> None:
    """Verify and unpack both refuse each of 20 shortened archives, an empty one and a longer one."""
    path = vault.path / SOURCE / BACKUP / manifest.archive.name
    whole, chance = path.read_bytes(), random.Random(3)
    ends = [0, len(whole) - 1, *(chance.randrange(len(whole)) for _ in range(TRUNCATIONS))]
    for torn in [*(whole[:end] for end in ends), whole + b"\0", whole + whole]:
        path.write_bytes(torn)
        _refused(vault, manifest, tmp_path / "never")


def test_bytes_changed_between_the_two_passes_are_noticed(
    vault: DirectoryVault, manifest: Manifest, tmp_path: Path
) -> None:
    """An archive that is exchanged after its hash was checked, for one of the same length, is not unpacked."""
    path = vault.path / SOURCE / BACKUP / manifest.archive.name
    into = tmp_path / "into"
    into.mkdir()
    torn = bytearray(path.read_bytes())
    torn[len(torn) // 2] ^= 1
    heard: list[int] = []

    def exchange(step: Step) -> None:
        heard.append(step.done)
        if len(heard) == 1:
            path.write_bytes(torn)

    with pytest.raises(ArchiveCorrupt):
        vault.unpack(manifest, into, exchange)
    assert len(heard) > 1
    assert everything(into) == []
