"""The promises of every vault, kept by the one that is a directory."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import (
    ArchiveCorrupt,
    Cancelled,
    ManifestCorrupt,
    NotRestorable,
    OperationError,
    RestoreFailed,
    UnknownName,
    VaultUnavailable,
)
from core.model.image import Image
from core.model.manifest import to_bytes
from core.model.progress import Step, silent
from core.vaults.directory import DirectoryVault
from tests.contract.vault_kit import (
    BACKUP,
    CONTENTS,
    FOLDER,
    OTHER,
    SOURCE,
    below,
    everything,
    image_of,
    keep,
    manifest_of,
)


def test_what_was_put_is_what_is_unpacked(vault: DirectoryVault, image: Image, into: Path) -> None:
    """The unpacked folder holds exactly the image's files, byte for byte."""
    manifest = keep(vault, image)
    assert vault.manifest(SOURCE, BACKUP) == manifest
    assert vault.unpack(manifest, into, silent) == into / FOLDER
    assert below(into / FOLDER) == CONTENTS


def test_only_the_owner_can_read(vault: DirectoryVault, image: Image, into: Path) -> None:
    """Stored and unpacked files are 0600 and their directories 0700, whatever the umask."""
    before = os.umask(0)
    try:
        vault.unpack(keep(vault, image), into, silent)
    finally:
        os.umask(before)
    for path in [*vault.path.rglob("*"), *into.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_without_a_manifest_there_is_no_backup(vault: DirectoryVault, image: Image) -> None:
    """An archive whose manifest was not written is not listed and has no manifest to read."""
    vault.put(SOURCE, BACKUP, image, silent)
    assert list(vault.committed()) == []
    with pytest.raises(NotRestorable):
        vault.manifest(SOURCE, BACKUP)


def test_discard_removes_what_was_not_finished(vault: DirectoryVault, image: Image) -> None:
    """Everything of an unfinished backup goes, as often as it is asked for."""
    vault.put(SOURCE, BACKUP, image, silent)
    vault.discard(SOURCE, BACKUP)
    vault.discard(SOURCE, BACKUP)
    assert everything(vault.path) == []


def test_discard_never_touches_a_committed_one(vault: DirectoryVault, image: Image) -> None:
    """A finished backup stays whole when it is asked to go, even with a manifest that can't be read."""
    manifest = keep(vault, image)
    vault.discard(SOURCE, BACKUP)
    vault.verify(SOURCE, BACKUP, manifest.archive, silent)
    (vault.path / SOURCE / BACKUP / "manifest.json").write_bytes(b"torn")
    vault.discard(SOURCE, BACKUP)
    vault.verify(SOURCE, BACKUP, manifest.archive, silent)


def test_committed_lists_every_manifest(vault: DirectoryVault, image: Image) -> None:
    """Both of two finished backups are listed."""
    keep(vault, image)
    keep(vault, image, OTHER)
    assert sorted(vault.committed()) == [(SOURCE, BACKUP), (SOURCE, OTHER)]


def test_progress_grows_to_its_total(vault: DirectoryVault, image: Image, into: Path) -> None:
    """Each step counts up in bytes and ends at what it said it would."""
    steps: list[Step] = []
    stored = vault.put(SOURCE, BACKUP, image, steps.append)
    vault.verify(SOURCE, BACKUP, stored, steps.append)
    vault.unpack(manifest_of(stored), into, steps.append)
    for name in ("storing", "verifying", "unpacking"):
        done = [step.done for step in steps if step.name == name]
        totals = {step.total for step in steps if step.name == name}
        assert done == sorted(done)
        assert totals == {done[-1]}


def _cancel(step: Step) -> None:
    if step.done > step.total // 2:
        raise Cancelled("You cancelled it.")


def test_a_cancelled_put_leaves_nothing(vault: DirectoryVault, image: Image) -> None:
    """Nothing is left in the vault when storing is cancelled half-way."""
    with pytest.raises(Cancelled):
        vault.put(SOURCE, BACKUP, image, _cancel)
    assert everything(vault.path) == []


def test_a_cancelled_unpack_leaves_nothing(vault: DirectoryVault, image: Image, into: Path) -> None:
    """Nothing is left in the new place when unpacking is cancelled half-way."""
    manifest = keep(vault, image)
    with pytest.raises(Cancelled):
        vault.unpack(manifest, into, _cancel)
    assert everything(into) == []


def test_an_unpacked_folder_has_its_name_only_when_it_is_whole(vault: DirectoryVault, image: Image, into: Path) -> None:
    """Whenever progress is told there is no folder yet, not even when the last byte was read."""
    manifest = keep(vault, image)
    seen: list[bool] = []
    vault.unpack(manifest, into, lambda _step: seen.append((into / FOLDER).exists()))
    assert set(seen) == {False}
    assert [path.name for path in into.iterdir()] == [FOLDER]


def test_a_cancelled_verify_passes(vault: DirectoryVault, image: Image) -> None:
    """A cancelled verification says cancelled, not corrupt, and the backup stays."""
    manifest = keep(vault, image)
    with pytest.raises(Cancelled):
        vault.verify(SOURCE, BACKUP, manifest.archive, _cancel)
    vault.verify(SOURCE, BACKUP, manifest.archive, silent)


def test_a_download_can_be_resumed(vault: DirectoryVault, image: Image) -> None:
    """The bytes from an offset follow the bytes before it."""
    manifest = keep(vault, image)
    with vault.open(manifest) as whole, vault.open(manifest, 1000) as rest:
        assert whole.read()[1000:] == rest.read()


def test_an_archive_that_is_gone_is_named(vault: DirectoryVault, image: Image, into: Path) -> None:
    """A missing archive is an error of its own for a download, and corruption for verify and unpack."""
    manifest = keep(vault, image)
    (vault.path / SOURCE / BACKUP / manifest.archive.name).unlink()
    with pytest.raises(NotRestorable):
        vault.open(manifest)
    with pytest.raises(ArchiveCorrupt):
        vault.verify(SOURCE, BACKUP, manifest.archive, silent)
    with pytest.raises(ArchiveCorrupt):
        vault.unpack(manifest, into, silent)


def test_what_is_not_ours_is_ignored(vault: DirectoryVault, image: Image, tmp_path: Path) -> None:
    """Links, foreign folders and files are neither listed, read nor removed."""
    keep(vault, image)
    elsewhere = tmp_path / "elsewhere"
    (vault.path / SOURCE).rename(elsewhere)
    (vault.path / SOURCE).symlink_to(elsewhere)
    (vault.path / "Lost+Found" / BACKUP).mkdir(parents=True)
    (vault.path / "orders" / "notes").mkdir(parents=True)
    (vault.path / "orders" / OTHER).symlink_to(elsewhere / BACKUP)
    (vault.path / "README").write_text("mine")
    before = everything(tmp_path)
    assert list(vault.committed()) == []
    vault.discard(SOURCE, BACKUP)
    vault.discard("orders", OTHER)
    with pytest.raises(NotRestorable):
        vault.manifest(SOURCE, BACKUP)
    with pytest.raises(VaultUnavailable):
        vault.put(SOURCE, OTHER, image, silent)
    assert everything(tmp_path) == before


@pytest.mark.parametrize(("source", "backup_id"), [("..", BACKUP), (SOURCE, ".."), ("a/b", BACKUP), (SOURCE, "")])
def test_names_never_leave_the_vault(vault: DirectoryVault, image: Image, source: str, backup_id: str) -> None:
    """A name that is not ours never becomes a path."""
    with pytest.raises(UnknownName):
        vault.put(source, backup_id, image, silent)
    with pytest.raises(UnknownName):
        vault.discard(source, backup_id)


def test_a_committed_backup_is_never_overwritten(vault: DirectoryVault, image: Image, tmp_path: Path) -> None:
    """A second put under the id of a finished backup is refused and changes nothing."""
    manifest = keep(vault, image)
    with pytest.raises(OperationError):
        vault.put(SOURCE, BACKUP, image_of(tmp_path / "other", {"a": b"1"}), silent)
    vault.verify(SOURCE, BACKUP, manifest.archive, silent)


def test_a_put_starts_over_what_a_crash_left(vault: DirectoryVault, image: Image, into: Path) -> None:
    """Leftovers of a run of the same id do not stop a new one."""
    vault.put(SOURCE, BACKUP, image, silent)
    vault.unpack(keep(vault, image), into, silent)
    assert below(into / FOLDER) == CONTENTS


def test_no_manifest_without_its_archive(vault: DirectoryVault, image: Image) -> None:
    """A manifest is refused where its archive is missing or has another size."""
    stored = vault.put(SOURCE, BACKUP, image, silent)
    archive = vault.path / SOURCE / BACKUP / stored.name
    os.truncate(archive, stored.size - 1)
    with pytest.raises(ArchiveCorrupt):
        vault.commit(manifest_of(stored))
    archive.unlink()
    with pytest.raises(ArchiveCorrupt):
        vault.commit(manifest_of(stored))
    assert list(vault.committed()) == []


def test_a_manifest_that_was_moved_is_refused(vault: DirectoryVault, image: Image) -> None:
    """A whole manifest that belongs to another backup is not believed."""
    manifest = keep(vault, image)
    keep(vault, image, OTHER)
    (vault.path / SOURCE / OTHER / "manifest.json").write_bytes(to_bytes(manifest))
    with pytest.raises(ManifestCorrupt):
        vault.manifest(SOURCE, OTHER)


def test_unpack_never_overwrites(vault: DirectoryVault, image: Image, into: Path) -> None:
    """A folder that is already there is left as it is."""
    manifest = keep(vault, image)
    (into / FOLDER).mkdir()
    (into / FOLDER / "mine").write_bytes(b"1")
    with pytest.raises(RestoreFailed):
        vault.unpack(manifest, into, silent)
    assert below(into) == {f"{FOLDER}/mine": b"1"}


def test_unpack_refuses_an_empty_folder_too(vault: DirectoryVault, image: Image, into: Path) -> None:
    """A folder of that name is somebody's, also while there is nothing in it."""
    manifest = keep(vault, image)
    (into / FOLDER).mkdir()
    with pytest.raises(RestoreFailed):
        vault.unpack(manifest, into, silent)
    assert everything(into) == [FOLDER]


def test_two_backups_can_be_stored_at_once(vault: DirectoryVault, image: Image) -> None:
    """Ten puts side by side, half of them cancelled, disturb one another in nothing."""
    ids = [f"20261123T0{number}0000Z-00000{number}" for number in range(10)]

    def put(number: int) -> bool:
        try:
            stored = vault.put(SOURCE, ids[number], image, _cancel if number % 2 else silent)
            vault.verify(SOURCE, ids[number], stored, silent)
            vault.commit(manifest_of(stored, SOURCE, ids[number]))
        except Cancelled:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(put, range(10))) == [True, False] * 5
    assert sorted(vault.committed()) == [(SOURCE, each) for each in ids[::2]]
    assert sorted(path.name for path in (vault.path / SOURCE).iterdir()) == ids[::2]


def test_the_room_left_is_told(vault: DirectoryVault) -> None:
    """The room left is that of the file system."""
    assert 0 < vault.free_bytes() <= os.statvfs(vault.path).f_blocks * os.statvfs(vault.path).f_frsize
