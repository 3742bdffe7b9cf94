"""An archive arrives whole or not at all, and goes on where it stopped."""

import hashlib
import io
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from cli.fetch import Target, fetch
from core.errors import ArchiveCorrupt, LeaseHeld, UnavailableError, UsageError
from core.model.backup import Backup, BackupState, Proof
from core.model.person import SYSTEM
from core.model.transfer import Download
from core.services.download_backup import Transfer

BYTES = bytes(range(256)) * 10_000
MOMENT = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass
class Shelf:
    """Hands out bytes from an offset, and remembers which."""

    content: bytes = BYTES
    offsets: list[int] = field(default_factory=list)

    def open(self, offset: int) -> BinaryIO:
        """Return the bytes from there on."""
        self.offsets.append(offset)
        return cast("BinaryIO", io.BytesIO(self.content[offset:]))

    def transfer(self) -> Transfer:
        """Return the transfer of what should be here: BYTES."""
        backup = Backup(
            "20261123T000000Z-000000", "orders", "sqlite", "local", frozenset(), BackupState.GOOD, Proof.PROVEN,
            SYSTEM, "", MOMENT,
        )  # fmt: skip
        return Transfer(
            backup=backup,
            download=Download("d", backup.id, SYSTEM, MOMENT, MOMENT),
            name="orders.tar.zst",
            size=len(BYTES),
            sha256=hashlib.sha256(BYTES).hexdigest(),
            open=self.open,
            complete=lambda: True,
        )


def quiet(_step: object) -> None:
    """Show nothing."""


def test_an_interrupted_download_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """What arrived before is checked and kept; only the rest is asked for."""
    shelf, target = Shelf(), Target(tmp_path / "a.tar.zst")
    target.part.write_bytes(BYTES[:1_000_001])
    fetch(shelf.transfer(), target, quiet)
    assert target.path.read_bytes() == BYTES
    assert shelf.offsets == [1_000_001]
    assert not target.part.exists()


@pytest.mark.parametrize("rest", [b"something else", BYTES + b"too long"])
def test_a_rest_of_something_else_is_thrown_away(tmp_path: Path, rest: bytes) -> None:
    """A wrong unfinished file costs one more copy, never a wrong archive."""
    shelf, target = Shelf(), Target(tmp_path / "a.tar.zst")
    target.part.write_bytes(rest)
    fetch(shelf.transfer(), target, quiet)
    assert target.path.read_bytes() == BYTES


def test_bytes_that_changed_on_the_way_are_refused(tmp_path: Path) -> None:
    """An archive whose SHA-256 differs gets no name and leaves nothing."""
    shelf = Shelf(BYTES[:-1] + b"!")
    with pytest.raises(ArchiveCorrupt):
        fetch(shelf.transfer(), Target(tmp_path / "a.tar.zst"), quiet)
    assert list(tmp_path.iterdir()) == []


def test_two_downloads_to_one_place_dont_mix(tmp_path: Path) -> None:
    """The second is refused while the first writes; the first ends with the right file."""
    target, second = Target(tmp_path / "a.tar.zst"), Shelf()

    @dataclass
    class Interrupted(Shelf):
        def open(self, offset: int) -> BinaryIO:
            with pytest.raises(LeaseHeld, match="being downloaded already"):
                fetch(second.transfer(), target, quiet)
            return super().open(offset)

    fetch(Interrupted().transfer(), target, quiet)
    assert target.path.read_bytes() == BYTES
    assert second.offsets == []


def test_what_another_program_spoils_on_disk_gets_no_name(tmp_path: Path) -> None:
    """It is the finished file that is checked, as it stands on disk, not what was written to it."""
    target = Target(tmp_path / "a.tar.zst")

    @dataclass
    class Spoiled(Shelf):
        def open(self, offset: int) -> BinaryIO:
            with target.part.open("ab") as other:
                other.write(b"of somebody else")
            return super().open(offset)

    with pytest.raises(ArchiveCorrupt):
        fetch(Spoiled().transfer(), target, quiet)
    assert list(tmp_path.iterdir()) == []


def test_the_same_file_is_not_copied_again(tmp_path: Path) -> None:
    """A second download of a whole archive only checks it."""
    shelf, target = Shelf(), Target(tmp_path / "a.tar.zst")
    target.path.write_bytes(BYTES)
    fetch(shelf.transfer(), target, quiet)
    assert shelf.offsets == []


def test_another_file_of_that_name_is_left_alone(tmp_path: Path) -> None:
    """A person's file is never overwritten."""
    target = Target(tmp_path / "mine.txt")
    target.path.write_text("mine")
    with pytest.raises(UsageError, match="is something else"):
        fetch(Shelf().transfer(), target, quiet)
    assert target.path.read_text() == "mine"


def test_a_place_that_cant_be_written_is_named(tmp_path: Path) -> None:
    """A missing folder is a message with the next step."""
    with pytest.raises(UnavailableError, match="No such file"):
        fetch(Shelf().transfer(), Target(tmp_path / "missing" / "a.tar.zst"), quiet)


def test_the_target_is_a_file_or_a_folder(tmp_path: Path) -> None:
    """A folder gets the archive's own name, anything else is the file."""
    assert Target.named(str(tmp_path), "a.tar.zst").path == tmp_path / "a.tar.zst"
    assert Target.named(str(tmp_path / "b"), "a.tar.zst").path == tmp_path / "b"
    assert Target.named(None, "a.tar.zst").path == Path.cwd() / "a.tar.zst"
