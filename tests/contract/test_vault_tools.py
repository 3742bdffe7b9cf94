"""Archives open and are checked with common tools alone."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from core.errors import ArchiveCorrupt
from core.model.progress import silent
from core.vaults.directory import DirectoryVault
from tests.contract.vault_kit import BACKUP, CONTENTS, FOLDER, SOURCE, below, image_of, keep


def _require(*programs: str) -> None:
    missing = [program for program in programs if not shutil.which(program)]
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"{missing} must be installed where CI runs: this promise would go unchecked")
    if missing:
        pytest.skip(f"NOT CHECKED, missing: {missing}. Opening archives without Safehold was not tried.")


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """Keep one backup; return its directory in the vault."""
    (tmp_path / "vault").mkdir()
    vault = DirectoryVault("local", tmp_path / "vault")
    keep(vault, image_of(tmp_path / "stage", CONTENTS))
    return vault.path / SOURCE / BACKUP


def _run(command: str, directory: Path) -> str:
    done = subprocess.run(["sh", "-euc", command], cwd=directory, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize(
    "command",
    ["tar --zstd -xf {archive}", "zstd -dcq {archive} | tar -xf -", "zstd -q -t {archive}; tar -xf {archive}"],
)
def test_tar_and_zstd_open_an_archive(shelf: Path, tmp_path: Path, command: str) -> None:
    """GNU tar and zstd unpack the files of the image, and sha256sum finds each of them whole."""
    _require("tar", "zstd", "sha256sum")
    out = tmp_path / "out"
    out.mkdir()
    _run(command.format(archive=shelf / f"{FOLDER}.tar.zst"), out)
    sums = below(out / FOLDER)
    assert {path: text for path, text in sums.items() if path != "SHA256SUMS"} == CONTENTS
    assert _run("sha256sum --strict -c SHA256SUMS", out / FOLDER).count(": OK\n") == len(CONTENTS)


def test_sha256sum_checks_an_archive(shelf: Path) -> None:
    """The file beside an archive is one that sha256sum reads."""
    _require("sha256sum")
    assert _run("sha256sum --strict -c *.sha256", shelf) == f"{FOLDER}.tar.zst: OK\n"


def test_an_archive_recompressed_by_hand_is_not_ours(shelf: Path) -> None:
    """Bytes that hold the same files but are not those that were stored are refused."""
    _require("zstd")
    vault = DirectoryVault("local", shelf.parents[1])
    manifest = vault.manifest(SOURCE, BACKUP)
    _run(f"zstd -dcq {FOLDER}.tar.zst | zstd -q -9 > again; mv again {FOLDER}.tar.zst", shelf)
    with pytest.raises(ArchiveCorrupt, match="is not what was stored"):
        vault.verify(SOURCE, BACKUP, manifest.archive, silent)
