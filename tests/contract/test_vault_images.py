"""Which images a vault refuses: what changes, what could not be unpacked, what is no regular file."""

import os
from pathlib import Path

import pytest

from core.errors import (
    CaptureFailed,
)
from core.model.image import Image, ImageFile
from core.model.progress import Step, silent
from core.vaults.directory import DirectoryVault
from tests.contract.vault_kit import (
    BACKUP,
    MOMENT,
    SOURCE,
    everything,
)


@pytest.mark.parametrize("change", ["grow", "shrink", "vanish"])
def test_a_file_that_changes_is_a_failed_capture(vault: DirectoryVault, image: Image, change: str) -> None:
    """A file that grows, shrinks or vanishes while it is stored fails the backup and leaves nothing."""
    first, later = image.files[0].location, image.files[1].location

    def disturb(_step: Step) -> None:
        if change == "grow":
            with first.open("ab") as file:
                file.write(b"one more")
        elif change == "shrink":
            os.truncate(first, 1_500_000)
        else:
            later.unlink(missing_ok=True)

    with pytest.raises(CaptureFailed):
        vault.put(SOURCE, BACKUP, image, disturb)
    assert everything(vault.path) == []


@pytest.mark.parametrize(
    "paths",
    [
        (),
        ("../out",),
        ("/abs",),
        ("a//b",),
        ("a/./b",),
        ("a", "a"),
        ("a", "a/b"),
        ("SHA256SUMS",),
        ("a\nb",),
        ("x" * 256,),
    ],
)
def test_an_image_that_could_not_be_unpacked_is_refused(
    vault: DirectoryVault, tmp_path: Path, paths: tuple[str, ...]
) -> None:
    """No files, unsafe paths, doubles and files below files fail the backup before it is stored."""
    (tmp_path / "one").write_bytes(b"1")
    image = Image(tuple(ImageFile(path, tmp_path / "one") for path in paths), MOMENT, {})
    with pytest.raises(CaptureFailed):
        vault.put(SOURCE, BACKUP, image, silent)
    assert everything(vault.path) == []


@pytest.mark.parametrize("kind", ["link", "directory", "pipe"])
def test_only_regular_files_are_stored(vault: DirectoryVault, tmp_path: Path, kind: str) -> None:
    """A link, a directory or a named pipe in an image fails the backup, without waiting."""
    odd = tmp_path / "odd"
    {"link": lambda: odd.symlink_to("/etc/hostname"), "directory": odd.mkdir, "pipe": lambda: os.mkfifo(odd)}[kind]()
    with pytest.raises(CaptureFailed):
        vault.put(SOURCE, BACKUP, Image((ImageFile("odd", odd),), MOMENT, {}), silent)
    assert everything(vault.path) == []
