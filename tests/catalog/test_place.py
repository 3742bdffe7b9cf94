"""A catalog whose file is removed or replaced while it is used, and what it held put back."""

import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.catalog import Catalog
from core.catalog.replacing import COMPANIONS
from core.errors import BusyError, CatalogCorrupt, UnavailableError

STAMP = "20261127T180000Z"


@pytest.fixture
def used(path: Path) -> Iterator[Catalog]:
    """Return a catalog with something in it that only the log has."""
    with Catalog.open(path) as catalog:
        catalog.marks.put("a mark", "made")
        yield catalog


def remove(path: Path) -> None:
    """Remove it with what SQLite keeps beside it."""
    for name in ("", *COMPANIONS):
        path.with_name(path.name + name).unlink(missing_ok=True)


def put_back(catalog: Catalog) -> Path:
    """Put it back without any finish."""
    return catalog.put_back(STAMP, lambda _: None)


def marks(path: Path, *names: str) -> list[str | None]:
    """Return what a catalog that lies there says, and that it is sound."""
    with Catalog.open(path) as catalog:
        catalog.check(indexes=True)
        return [catalog.marks.get(name) for name in names]


def test_a_removed_catalog_is_written_no_more(used: Catalog, path: Path) -> None:
    """The next unit of work says so, and the catalog that nothing can be recorded in it any more."""
    remove(path)
    with pytest.raises(CatalogCorrupt, match="was removed while it was used"):
        used.marks.put("later", "lost")
    assert used.damaged
    assert used.displaced
    with pytest.raises(CatalogCorrupt, match="was removed while it was used"):
        used.revision()
    assert not path.exists()


@pytest.mark.parametrize("closed", [False, True])
def test_another_file_in_its_place_is_not_taken_for_it(used: Catalog, path: Path, *, closed: bool) -> None:
    """Neither by a connection that is open nor by a new one: what lies there is not written."""
    other = path.with_name("other.db")
    Catalog.open(other).close()
    content = other.read_bytes()
    if closed:
        used._file.close()
    remove(path)
    other.rename(path)
    with pytest.raises(CatalogCorrupt, match="was replaced while it was used"):
        used.marks.put("later", "lost")
    assert used.damaged
    with pytest.raises(CatalogCorrupt, match="was replaced"):
        used.copy_to(path.with_name("copy.db"))
    assert path.read_bytes() == content


def test_a_deleted_catalog_is_not_replaced_by_an_empty_one(catalog: Catalog, path: Path) -> None:
    """When the file is deleted under a running Safehold, new connections fail instead of starting over."""
    catalog.close()
    shutil.rmtree(path.parent)
    with pytest.raises(CatalogCorrupt, match="was removed"):
        catalog.revision()
    assert not path.exists()


@pytest.mark.parametrize("what", ["all", "the file alone", "the folder"])
def test_all_that_it_held_is_put_back(used: Catalog, path: Path, what: str) -> None:
    """Also what only the log had; a log left beside it is not taken for the new file's."""
    if what == "the folder":
        shutil.rmtree(path.parent)
    elif what == "all":
        remove(path)
    else:
        path.unlink()
    with pytest.raises(CatalogCorrupt):
        used.revision()
    assert put_back(used) == path
    used.close()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert marks(path, "a mark") == ["made"]
    assert not [left.name for left in path.parent.iterdir() if "rebuilding" in left.name]


def test_what_is_written_when_it_is_removed_is_put_back(used: Catalog, path: Path) -> None:
    """A write that found the file in its place is waited for, and is in what is put back."""
    removed, waiting = threading.Event(), threading.Event()

    def write() -> None:
        with used.write():
            used.marks.put("under way", "made")
            remove(path)
            removed.set()
            waiting.wait(30)

    writer = threading.Thread(target=write)
    with used.read():  # so that another connection is left
        writer.start()
        assert removed.wait(30)
    made: list[Path] = []
    back = threading.Thread(
        target=lambda: made.append(used.put_back(STAMP, lambda _: threading.Timer(0.2, waiting.set).start()))
    )
    back.start()
    writer.join(30)
    back.join(30)
    assert made == [path]
    used.close()
    assert marks(path, "a mark", "under way") == ["made", "made"]


def test_a_write_that_is_undone_leaves_what_sees_the_file(used: Catalog, path: Path) -> None:
    """The only connection is not closed because of what its user raised: with it all would be gone."""
    with pytest.raises(KeyError):
        _remove_and_fail(used, path)
    assert put_back(used) == path
    used.close()
    assert marks(path, "a mark", "undone") == ["made", None]


def _remove_and_fail(catalog: Catalog, path: Path) -> None:
    with catalog.write():
        catalog.marks.put("undone", "never made")
        remove(path)
        raise KeyError


def test_what_lies_there_by_then_is_left_alone(used: Catalog, path: Path) -> None:
    """It may be what somebody wants there: what the removed one held is kept beside it."""
    remove(path)
    path.write_bytes(b"somebody's")
    kept = put_back(used)
    assert kept == path.with_name(f"{path.name}.aside-{STAMP}")
    used.close()
    assert path.read_bytes() == b"somebody's"
    assert marks(kept, "a mark") == ["made"]


def test_a_link_to_it_stays_a_link(tmp_path: Path) -> None:
    """Where the path is a link, the file it names is put back."""
    real, link = tmp_path / "real.db", tmp_path / "catalog.db"
    real.touch()
    link.symlink_to(real)
    with Catalog.open(link) as catalog:
        catalog.marks.put("a mark", "made")
        remove(real)
        assert put_back(catalog) == real
    assert link.is_symlink()
    assert marks(link, "a mark") == ["made"]


def test_nothing_is_put_on_another_disk(used: Catalog, path: Path) -> None:
    """What was mounted over its folder, or lies under what was unmounted, is not where it was."""
    remove(path)
    used._file.place._device += 1
    with pytest.raises(UnavailableError, match="on another disk"):
        put_back(used)
    assert not path.exists()


def test_nothing_is_left_to_put_back(used: Catalog, path: Path) -> None:
    """Where no connection is open any more, that is said."""
    remove(path)
    used._file.close()
    with pytest.raises(UnavailableError, match="no connection to it is left"):
        put_back(used)


def test_who_goes_on_writing_is_told(used: Catalog, path: Path) -> None:
    """A file that changes each time it was copied is not put back as it was."""
    with closing(sqlite3.connect(path, isolation_level=None)) as stranger:
        stranger.execute("select count(*) from marks").fetchone()
        remove(path)

        def write(_: Path) -> None:
            stranger.execute("insert into marks (name, value) values (?, '')", (os.urandom(8).hex(),))

        with pytest.raises(BusyError):
            used.put_back(STAMP, write)
    assert not path.exists()


def test_a_file_that_is_back_is_used_again(used: Catalog, path: Path) -> None:
    """Whoever moved it away and back again finds it used, and it remembers that it was away."""
    away = path.with_name("away.db")
    path.rename(away)
    with pytest.raises(CatalogCorrupt):
        used.revision()
    away.rename(path)
    used.marks.put("again", "made")
    assert used.damaged
