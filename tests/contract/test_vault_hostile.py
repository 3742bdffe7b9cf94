"""Archives made by hand to do harm, with hashes that match: none writes anything, inside or outside."""

import hashlib
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ArchiveCorrupt, CorruptionError, UnsafePath
from core.model.manifest import ArchivedFile, Manifest
from core.model.progress import silent
from core.vaults import member as members
from core.vaults.directory import DirectoryVault
from tests.contract.vault_kit import BACKUP, FOLDER, SOURCE, everything, forge, listed, member, sums_of

FILES = listed({"a": b"1"})
GOOD = member(f"{FOLDER}/a", b"1")
TAIL = sums_of(FILES) + bytes(1024)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return an empty vault's directory."""
    (tmp_path / "vault").mkdir()
    (tmp_path / "into").mkdir()
    return tmp_path / "vault"


def _refused(root: Path, manifest: Manifest, error: type[CorruptionError]) -> None:
    vault, into = DirectoryVault("local", root), root.parent / "into"
    before = everything(root.parent)
    with pytest.raises(error):
        vault.verify(SOURCE, BACKUP, manifest.archive, silent)
    with pytest.raises(error):
        vault.unpack(manifest, into, silent)
    assert everything(root.parent) == before


def test_a_forged_archive_that_is_right_passes(root: Path) -> None:
    """The forger's own archive passes where nothing is wrong with it, so that the refusals below mean something."""
    manifest = forge(root, GOOD + TAIL, FILES)
    folder = DirectoryVault("local", root).unpack(manifest, root.parent / "into", silent)
    assert (folder / "a").read_bytes() == b"1"


@pytest.mark.parametrize(
    "bad",
    [
        member("/tmp/out", b"1"),
        member("../out", b"1"),
        member(f"{FOLDER}/../out", b"1"),
        member(f"{FOLDER}/x/../../../out", b"1"),
        member(f"{FOLDER}x/a", b"1"),
        member("a", b"1"),
        member(f"{FOLDER}/a\x01", b"1"),
        member(f"{FOLDER}/a", kind=tarfile.SYMTYPE, link="/etc/passwd"),
        member(f"{FOLDER}/a", kind=tarfile.LNKTYPE, link=f"{FOLDER}/b"),
        member(f"{FOLDER}/a", kind=tarfile.CHRTYPE),
        member(f"{FOLDER}/a", kind=tarfile.BLKTYPE),
        member(f"{FOLDER}/a", kind=tarfile.FIFOTYPE),
        member(f"{FOLDER}/a", kind=tarfile.DIRTYPE),
        member(f"{FOLDER}/a", kind=tarfile.CONTTYPE),
        member(f"{FOLDER}/a", b"1", kind=tarfile.GNUTYPE_SPARSE),
    ],
)
def test_unsafe_members_are_refused(root: Path, bad: bytes) -> None:
    """Absolute paths, `..`, other folders, links, devices, pipes, directories and sparse files are unsafe paths."""
    _refused(root, forge(root, bad + GOOD + TAIL, FILES), UnsafePath)


@pytest.mark.parametrize("path", ["/abs", "../a", "a/../../b", ".", "", "a//b", "a\0b", "SHA256SUMS"])
def test_a_list_with_unsafe_paths_is_refused(root: Path, path: str) -> None:
    """A manifest that lists a path outside the folder is refused, though the archive agrees with it."""
    files = (ArchivedFile(path, 1, FILES[0].sha256),)
    name = f"{FOLDER}/{path}".replace("\0", "")
    _refused(root, forge(root, member(name, b"1") + sums_of(files) + bytes(1024), files), UnsafePath)


@pytest.mark.parametrize(
    "tar",
    [
        pytest.param(GOOD + GOOD + TAIL, id="doubled"),
        pytest.param(GOOD + member(f"{FOLDER}/b", b"1") + TAIL, id="extra"),
        pytest.param(TAIL, id="missing"),
        pytest.param(bytes(1024), id="empty"),
        pytest.param(GOOD + bytes(1024), id="no sums"),
        pytest.param(GOOD + sums_of(FILES), id="no end"),
        pytest.param(GOOD + TAIL + GOOD, id="more after the end"),
        pytest.param(member(f"{FOLDER}/a", b"12") + TAIL, id="longer"),
        pytest.param(member(f"{FOLDER}/a", b"") + TAIL, id="shorter"),
        pytest.param(member(f"{FOLDER}/a", b"2") + TAIL, id="another content"),
        pytest.param(GOOD + member(f"{FOLDER}/SHA256SUMS", b"0" * 64) + bytes(1024), id="other sums"),
        pytest.param(b"\x01" * 2048, id="not a tar"),
        pytest.param(GOOD[:300], id="cut in a header"),
        pytest.param(GOOD[:512], id="cut before a content"),
    ],
)
def test_what_the_list_does_not_say_is_refused(root: Path, tar: bytes) -> None:
    """Extra, doubled, missing and different members are corruption, though the archive's own hash is right."""
    _refused(root, forge(root, tar, FILES), ArchiveCorrupt)


def test_an_archive_with_another_hash_is_refused(root: Path) -> None:
    """An archive whose every member is right is corrupt where its own SHA-256 is not the one that was stored."""
    manifest = forge(root, GOOD + TAIL, FILES)
    _refused(root, replace(manifest, archive=replace(manifest.archive, sha256="0" * 64)), ArchiveCorrupt)


def _bomb() -> bytes:
    return zstandard.compress(member(f"{FOLDER}/a", b"1") + bytes(1 << 28))


def _huge_extension() -> bytes:
    head = tarfile.TarInfo("x")
    head.type, head.size = tarfile.XHDTYPE, 1 << 33
    return zstandard.compress(head.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 20))


def _wide_window() -> bytes:
    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=27)
    writer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return writer.compress(GOOD + TAIL) + writer.flush()


@pytest.mark.parametrize(
    "compressed",
    [
        pytest.param(_bomb, id="a bomb"),
        pytest.param(_huge_extension, id="an 8 GB extension"),
        pytest.param(_wide_window, id="a 128 MB window"),
        pytest.param(lambda: zstandard.compress(GOOD + TAIL) + b"rubbish behind", id="rubbish behind"),
        pytest.param(lambda: zstandard.compress(GOOD + TAIL)[:-5], id="cut frame"),
        pytest.param(lambda: GOOD + TAIL, id="not compressed"),
    ],
)
def test_hostile_compression_is_refused(root: Path, compressed: Callable[[], bytes]) -> None:
    """Bombs, windows that eat memory and broken frames end in corruption, not in a full disk or memory."""
    _refused(root, forge(root, b"", FILES, compressed()), ArchiveCorrupt)


@pytest.mark.parametrize("size", [-1, "1", 1.0, True, None])
def test_a_list_of_wrong_kinds_is_refused(root: Path, size: object) -> None:
    """Sizes that are no sizes are corruption, not a crash."""
    files = (ArchivedFile("a", size, hashlib.sha256(b"1").hexdigest()),)  # type: ignore[arg-type]
    _refused(root, forge(root, GOOD + TAIL, files), ArchiveCorrupt)


NAMES = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="/"), min_size=1, max_size=60)


@settings(max_examples=200)
@given(path=st.lists(NAMES, min_size=1, max_size=6).map("/".join), size=st.integers(0, 1 << 62))
def test_a_header_says_what_was_written(path: str, size: int) -> None:
    """Any path and size survives the way through a tar header, and the standard library reads the same."""
    written = members.header(path, size, 1_700_000_000)
    position = 0

    def read(count: int) -> bytes:
        nonlocal position
        position += count
        return written[position - count : position]

    found = members.read_header(read)
    assert found is not None
    assert (found.name, found.size, position) == (path, size, len(written))
