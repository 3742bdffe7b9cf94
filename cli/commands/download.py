"""`download`: an archive into a file, whole or not at all, and how to open it without Safehold."""

from argparse import Namespace
from pathlib import Path
from shlex import quote

from cli import documents, exits, words
from cli.fetch import Target, fetch, require_folder
from cli.screen import Screen
from cli.session import me, opened
from core.model.backup import Backup


def download(given: Namespace, screen: Screen) -> int:
    """Write the archive, its SHA-256 beside it, and print the commands that check and unpack it."""
    require_folder(given.output)
    with opened(given) as core:
        offer = core.offer_download(given.id, me())
        transfer = core.open_download(offer.token)
        target = Target.named(given.output, transfer.name)
        with screen.progress(f"Downloading {transfer.name}") as show:
            fetch(transfer, target, show)
        transfer.complete()
    beside = write_checksum(target.path, transfer.sha256)
    screen.say(_text(offer.backup, target.path, transfer.sha256), _document(offer.backup, target.path, beside))
    return exits.GOOD


def write_checksum(archive: Path, sha256: str) -> Path:
    """Write the file that `sha256sum -c` reads, beside the archive; return its path."""
    path = archive.with_name(archive.name.removesuffix(".tar.zst") + ".sha256")
    path.write_text(f"{sha256}  {archive.name}\n", encoding="utf-8")
    return path


def _text(backup: Backup, path: Path, sha256: str) -> str:
    checksum = path.name.removesuffix(".tar.zst") + ".sha256"
    return (
        f"{path}  {words.size(path.stat().st_size)}, {backup.source}, "
        f"{words.moment(backup.started_at or backup.requested_at)}\n"
        f"SHA-256 {sha256}, checked.\n"
        "Check and unpack without Safehold:\n"
        f"  cd {quote(str(path.parent))} && sha256sum -c {quote(checksum)} && tar --zstd -xf {quote(path.name)}"
    )


def _document(backup: Backup, path: Path, beside: Path) -> documents.Document:
    return {
        "path": str(path),
        "size": path.stat().st_size,
        "sha256": backup.archive_sha256,
        "checksum_path": str(beside),
        "backup": documents.backup(backup),
    }
