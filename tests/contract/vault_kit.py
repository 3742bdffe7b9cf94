"""What the tests of vaults share: images, manifests, and archives forged by hand."""

import hashlib
import tarfile
from collections.abc import Mapping
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import zstandard

from core.model import naming
from core.model.image import Image, ImageFile
from core.model.manifest import ArchivedFile, Manifest, StoredArchive
from core.model.progress import silent
from core.vaults.directory import DirectoryVault

MOMENT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SOURCE = "gods"
BACKUP = "20261123T020000Z-7f3a1c"
OTHER = "20261123T030000Z-0a1b2c"
FOLDER = naming.archive_folder(SOURCE, BACKUP)
CONTENTS = {
    "je/00000000.jdb": b"saturn jupiter neptune pluto " * 90_000,
    "je/00000001.jdb": bytes(range(256)) * 40,
    "je/je.properties": b"",
    "facts/" + "long-" * 30 + "/schéma \\ 1.json": b"{}",
}


def image_of(directory: Path, contents: Mapping[str, bytes]) -> Image:
    """Write files and return them as a captured image."""
    directory.mkdir(exist_ok=True)
    files = []
    for number, (path, content) in enumerate(contents.items()):
        location = directory / f"{number}"
        location.write_bytes(content)
        files.append(ImageFile(path, location))
    return Image(tuple(files), MOMENT, {"janusgraph": "1.1.0"}, {"edges": 17})


def manifest_of(stored: StoredArchive, source: str = SOURCE, backup_id: str = BACKUP) -> Manifest:
    """Return the manifest of a stored archive."""
    return Manifest(
        backup_id=backup_id,
        source=source,
        engine="janusgraph-berkeleyje",
        tiers=("daily",),
        requested_by="U0123ABC",
        requested_by_name="anna",
        door="slack",
        note="before the move",
        requested_at=MOMENT,
        captured_at=MOMENT,
        verified_at=MOMENT,
        archive=stored,
        versions={"janusgraph": "1.1.0"},
    )


def keep(vault: DirectoryVault, image: Image, backup_id: str = BACKUP) -> Manifest:
    """Put, verify and commit an image; return its manifest."""
    stored = vault.put(SOURCE, backup_id, image, silent)
    vault.verify(SOURCE, backup_id, stored, silent)
    manifest = manifest_of(stored, SOURCE, backup_id)
    vault.commit(manifest)
    return manifest


def below(directory: Path) -> dict[str, bytes]:
    """Return the files below a directory, by path."""
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def everything(directory: Path) -> list[str]:
    """Return every name below a directory."""
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


def listed(contents: Mapping[str, bytes]) -> tuple[ArchivedFile, ...]:
    """Return the true list of files."""
    return tuple(ArchivedFile(path, len(text), hashlib.sha256(text).hexdigest()) for path, text in contents.items())


def member(name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, link: str = "") -> bytes:
    """Return a tar member of any kind, made by the standard library."""
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = len(content), kind, link
    return info.tobuf(tarfile.PAX_FORMAT) + content + bytes(-len(content) % 512)


def sums_of(files: tuple[ArchivedFile, ...]) -> bytes:
    """Return the last member as it should be."""
    text = "".join(f"{file.sha256}  {file.path}\n" for file in files).encode()
    return member(f"{FOLDER}/SHA256SUMS", text)


def forge(root: Path, tar: bytes, files: tuple[ArchivedFile, ...], compressed: bytes | None = None) -> Manifest:
    """Lay an archive of any bytes into a vault, with hashes that match, and return its manifest."""
    text = zstandard.compress(tar) if compressed is None else compressed
    name = naming.archive_name(SOURCE, BACKUP)
    directory = root / SOURCE / BACKUP
    directory.mkdir(parents=True)
    (directory / name).write_bytes(text)
    manifest = manifest_of(StoredArchive(name, len(text), hashlib.sha256(text).hexdigest(), files))
    DirectoryVault("local", root).commit(manifest)
    return manifest


def decompressed(path: Path) -> bytes:
    """Return the tar bytes of an archive."""
    with path.open("rb") as file:
        return zstandard.ZstdDecompressor().stream_reader(BytesIO(file.read())).read()
