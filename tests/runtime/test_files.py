"""Files are written whole, removed without following links, and measured without counting them."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.runtime.files import free_bytes, remove_tree, tree_size, write_atomically


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    """The new bytes stand, only the owner may read them, and nothing else is left."""
    path = tmp_path / "manifest.json"
    path.write_bytes(b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_the_directory_as_it_was(tmp_path: Path) -> None:
    """A path that can't be replaced keeps what it has, and no partial file stays."""
    (tmp_path / "taken" / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="taken"):
        write_atomically(tmp_path / "taken", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_writers_side_by_side_leave_one_whole_file(tmp_path: Path) -> None:
    """Whoever is last wins; the bytes are never mixed."""
    path = tmp_path / "state"
    texts = [bytes([number]) * 100_000 for number in range(20)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda text: write_atomically(path, text), texts))
    assert path.read_bytes() in texts
    assert list(tmp_path.iterdir()) == [path]


def test_links_are_removed_and_never_followed(tmp_path: Path) -> None:
    """What a link points at stays, whether the link is inside the tree or is the tree."""
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_bytes(b"1")
    tree = tmp_path / "tree"
    (tree / "deep").mkdir(parents=True)
    (tree / "deep" / "link").symlink_to(precious)
    (tmp_path / "itself").symlink_to(precious)
    remove_tree(tree)
    remove_tree(tmp_path / "itself")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "precious"]


def test_removing_can_be_repeated_and_shared(tmp_path: Path) -> None:
    """Many who remove the same tree at once all succeed, and again when nothing is there."""
    tree = tmp_path / "tree"
    for number in range(200):
        (tree / f"{number % 10}" / f"{number}").mkdir(parents=True)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(remove_tree, [tree] * 8))
    remove_tree(tree)
    assert not tree.exists()


def test_sizes_count_files_only(tmp_path: Path) -> None:
    """A tree's size is that of its regular files; a missing one has none."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "one").write_bytes(b"1" * 10)
    (tmp_path / "a" / "b" / "two").write_bytes(b"2" * 5)
    (tmp_path / "a" / "link").symlink_to(tmp_path / "a" / "one")
    os.mkfifo(tmp_path / "a" / "pipe")
    assert tree_size(tmp_path / "a") == 15
    assert tree_size(tmp_path / "none") == 0


def test_room_is_told_for_a_path_that_is_not_there_yet(tmp_path: Path) -> None:
    """The room is that of the file system the path would be made on."""
    assert free_bytes(tmp_path / "not" / "yet") == pytest.approx(free_bytes(tmp_path), rel=0.1)
