"""An installation has one secret, whoever asks first, on whatever file system, and after a kill."""

import errno
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import UnavailableError
from core.runtime.kept_secret import SECRET_BYTES, kept_secret


def without_links(_made: Path, _path: Path) -> None:
    """Stand for a file system that knows no hard links."""
    raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))


@pytest.mark.parametrize("link", [os.link, without_links])
def test_a_secret_is_made_once(tmp_path: Path, link: object) -> None:
    """It is the same at each call, the owner's alone, and nothing else lies there, with hard links or without."""
    folder = tmp_path / "state"
    secret = kept_secret(folder, link)  # type: ignore[arg-type]
    assert (len(secret), kept_secret(folder)) == (SECRET_BYTES, secret)
    assert stat.S_IMODE((folder / "secret").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["secret"]


def test_many_who_ask_at_once_get_the_same(tmp_path: Path) -> None:
    """Whoever is first wins, and the others take that one."""
    for number in range(20):
        folder = tmp_path / str(number)
        with ThreadPoolExecutor(8) as pool:
            found = set(pool.map(kept_secret, [folder] * 8))
        assert len(found) == 1
        assert [path.name for path in folder.iterdir()] == ["secret"]


def test_who_was_second_takes_the_first_one(tmp_path: Path) -> None:
    """Where another process names its own, and sweeps, while this one is at it, that one counts."""
    first = kept_secret(tmp_path / "other")

    def late(made: Path, path: Path) -> None:
        path.write_bytes(first)
        made.unlink()
        os.link(made, path)

    assert kept_secret(tmp_path / "state", late) == first


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    """A secret that never got its name does not stay."""
    (tmp_path / ".secret-0123").write_bytes(b"half")
    (tmp_path / "..secret-0123.abc.partial").write_bytes(b"half")
    kept_secret(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_what_cannot_be_kept_is_told(tmp_path: Path) -> None:
    """A file in the place of the folder, a folder in that of the secret, and another file there are named."""
    (tmp_path / "file").write_bytes(b"short")
    with pytest.raises(UnavailableError, match="can't be kept"):
        kept_secret(tmp_path / "file")
    (tmp_path / "taken" / "secret").mkdir(parents=True)
    with pytest.raises(UnavailableError, match="can't be kept"):
        kept_secret(tmp_path / "taken")
    (tmp_path / "file").rename(tmp_path / "secret")
    with pytest.raises(UnavailableError, match="is not a secret of ours"):
        kept_secret(tmp_path)


def test_a_folder_that_goes_meanwhile_is_told(tmp_path: Path) -> None:
    """Where the folder is removed while the secret is made there is no secret, and that is said."""

    def gone(made: Path, path: Path) -> None:
        made.unlink()
        os.link(made, path)

    with pytest.raises(UnavailableError, match="No such file"):
        kept_secret(tmp_path, gone)
