"""The members of our archives: which paths may stand in one, and their tar headers (POSIX.1-2001, pax)."""

import tarfile
from collections.abc import Callable
from typing import BinaryIO

from core.errors import ArchiveCorrupt, UnsafePath
from core.model.manifest import ArchivedFile

BLOCK = tarfile.BLOCKSIZE
SUMS = "SHA256SUMS"
"""The last member: every other file's SHA-256 as `sha256sum -c` reads it."""
END = bytes(2 * BLOCK)
_EXTENSION_LIMIT = 64 * 1024  # a path has at most 4,096 bytes; what is longer is not from us
_NAME_LIMIT = 255  # bytes of one name on every file system we know


def require_safe(path: str) -> None:
    """Refuse a path that leaves its folder, or can't be a file name everywhere.

    Raises:
        UnsafePath: it is absolute, has an empty, `.` or `..` part, control characters, or is too long.

    """
    parts = path.split("/")
    if any(part in {"", ".", ".."} for part in parts) or not path.isprintable():
        raise _unsafe(path)
    if any(len(part.encode(errors="surrogatepass")) > _NAME_LIMIT for part in parts):
        raise _unsafe(path)


def require_safe_list(files: tuple[ArchivedFile, ...]) -> None:
    """Refuse a list of files that can't be one folder's: unsafe, repeated, or one file below another.

    Raises:
        UnsafePath: as said.

    """
    seen: set[str] = set()
    above: set[str] = set()
    for file in files:
        require_safe(file.path)
        if file.path in seen or file.path == SUMS:
            raise _unsafe(file.path)
        seen.add(file.path)
        parts = file.path.split("/")
        above.update("/".join(parts[:count]) for count in range(1, len(parts)))
    for path in sorted(seen & above):
        raise _unsafe(path)


def header(path: str, size: int, modified_at: int) -> bytes:
    """Return the tar header of a regular file that its owner alone may read; `modified_at` in seconds since 1970."""
    member = tarfile.TarInfo(path)
    member.size, member.mtime, member.mode = size, modified_at, 0o600
    return member.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")


def padding(size: int) -> int:
    """Return how many zero bytes follow the content of a file of that size."""
    return -size % BLOCK


def sums(files: list[ArchivedFile] | tuple[ArchivedFile, ...]) -> bytes:
    """Return the text of SHA256SUMS; a backslash in a name is written as GNU coreutils does."""
    return "".join(
        f"\\{file.sha256}  {file.path.replace(chr(92), chr(92) * 2)}\n"
        if "\\" in file.path
        else f"{file.sha256}  {file.path}\n"
        for file in files
    ).encode()


def read_header(read: Callable[[int], bytes]) -> tarfile.TarInfo | None:
    """Read the next member's header, its pax extension included; None at the end of the archive.

    `read` returns exactly as many bytes as asked. Only regular files pass, and only what `header` writes.

    Raises:
        ArchiveCorrupt: it is not a tar header, or one with extensions we never write.
        UnsafePath: it is a link, a device, a directory or anything else than a regular file.

    """
    block = read(BLOCK)
    if not any(block):
        return None
    extension: dict[str, str] = {}
    try:
        member = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        if member.type == tarfile.XHDTYPE:
            extension = _extension(read, member.size)
            member = tarfile.TarInfo.frombuf(read(BLOCK), "utf-8", "strict")
        member.name = extension.get("path", member.name)
        member.size = int(extension.get("size", member.size))
    except (tarfile.HeaderError, ValueError) as error:
        raise ArchiveCorrupt("The archive holds a broken tar header.", hint=HINT, detail=str(error)) from error
    if member.type != tarfile.REGTYPE:
        raise UnsafePath(f"The archive holds {member.name!r}, which is not a regular file.", hint=HINT)
    return member


HINT = "Don't use it: take a new backup, and look at the disk that holds the vault."


def _extension(read: Callable[[int], bytes], size: int) -> dict[str, str]:
    """Read pax records, each length, space, key=value and a newline (POSIX.1-2001)."""
    if not 0 < size <= _EXTENSION_LIMIT:
        raise ValueError(f"a pax extension of {size} bytes")
    text = read(size + padding(size))[:size]
    records: dict[str, str] = {}
    while text:
        length = int(text.split(b" ", 1)[0])
        record, text = text[:length], text[length:]
        key, equals, value = record.partition(b" ")[2].decode().partition("=")
        if key not in {"path", "size"} or not equals or not value.endswith("\n") or len(record) != length:
            raise ValueError(f"a pax record {key!r}")
        records[key] = value[:-1]
    return records


def _unsafe(path: str) -> UnsafePath:
    return UnsafePath(f"The archive names {path!r}, which is not a plain path inside its folder.", hint=HINT)


def read_exactly(stream: BinaryIO, size: int) -> bytes:
    """Read that many bytes.

    Raises:
        ArchiveCorrupt: the stream ends before.

    """
    content = stream.read(size)
    while len(content) < size:
        more = stream.read(size - len(content))
        if not more:
            raise ArchiveCorrupt("The archive ends too early.", hint=HINT)
        content += more
    return content
