"""The capture of BerkeleyJE files: the lock, the links, and what is done where links are not allowed."""

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.engines.janusgraph_berkeleyje.capture import Capture, log_files, remove_stage
from core.engines.janusgraph_berkeleyje.lock import RETRY_SECONDS, only_here
from core.errors import CaptureFailed, LeaseHeld
from core.model.progress import Step, silent
from tests.support.engines import RacingClock, RealClock
from tests.support.waiting import until


@pytest.fixture(name="environment")
def _environment(tmp_path: Path) -> Path:
    """Files as BerkeleyJE leaves them: three finished logs, the growing one, settings, and the lock."""
    directory = tmp_path / "je"
    directory.mkdir()
    for number in range(4):
        (directory / f"{number:08x}.jdb").write_bytes(bytes([number]) * 3_000_000)
    (directory / "je.properties").write_text("je.log.fileMax=3000000\n")
    (directory / "je.info.0").write_text("not part of a backup")
    (directory / "je.lck").touch()
    return directory


def refuses_links(_source: Path, _target: Path) -> None:
    """Stand for a kernel that protects hard links of another user's files."""
    raise PermissionError(errno.EPERM, "Operation not permitted")


_HOLDER = """
import fcntl, sys
with open(sys.argv[1], "r+b") as handle:
    fcntl.lockf(handle, fcntl.LOCK_EX, 1, 1)
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def deleting(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """Hold the lock as JE does while it deletes files; closing stdin lets go."""
    argv = (sys.executable, "-c", _HOLDER, str(directory / "je.lck"))
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder


def test_finished_logs_are_linked_and_the_last_is_copied(environment: Path, tmp_path: Path) -> None:
    """Only the growing file takes space; the settings come along, the rest doesn't."""
    stage = tmp_path / "stages" / "one"
    capture = Capture(environment, stage, RealClock(), silent)
    names = [file.name for file in capture.take()]
    assert names == ["00000000.jdb", "00000001.jdb", "00000002.jdb", "00000003.jdb", "je.properties"]
    assert (capture.linked, capture.copied) == (3, 2)
    assert (stage / "00000000.jdb").samefile(environment / "00000000.jdb")
    assert not (stage / "00000003.jdb").samefile(environment / "00000003.jdb")
    assert sorted(path.name for path in stage.iterdir()) == names
    remove_stage(stage)
    assert not stage.parent.exists()
    assert len(log_files(environment)) == 4


def test_where_links_are_refused_files_are_copied(environment: Path, tmp_path: Path) -> None:
    """An image by copying holds the same bytes."""
    stage = tmp_path / "stages" / "one"
    capture = Capture(environment, stage, RealClock(), silent, link=refuses_links)
    for file in capture.take():
        assert file.read_bytes() == (environment / file.name).read_bytes()
    assert (capture.linked, capture.copied) == (0, 5)


def test_copying_lets_go_of_the_lock_and_catches_up(environment: Path, tmp_path: Path) -> None:
    """Copies that take longer than the lock may be held go on in rounds and end with one consistent set."""
    deleted = threading.Event()

    def clean(_step: Step) -> None:
        """Delete, as JE would between two rounds, a file that was copied already, and write a new one."""
        if capture.copied == 2 and not deleted.is_set():
            deleted.set()
            (environment / "00000000.jdb").unlink()
            (environment / "00000004.jdb").write_bytes(b"\4" * 1000)

    # Each look at the clock takes 5 s, so that a round is over after some files.
    clock = RacingClock(5.0)
    capture = Capture(environment, tmp_path / "stages" / "one", clock, clean, link=refuses_links)
    names = [file.name for file in capture.take()]
    assert names == [f"{number:08x}.jdb" for number in (1, 2, 3, 4)] + ["je.properties"]
    assert sorted(path.name for path in capture.stage.iterdir()) == names
    for name in names:
        assert (capture.stage / name).read_bytes() == (environment / name).read_bytes()


def test_files_that_change_faster_than_they_are_copied_end_the_capture(environment: Path, tmp_path: Path) -> None:
    """A capture that can't catch up is given up, and leaves nothing."""
    capture = Capture(environment, tmp_path / "stages" / "one", RacingClock(60.0), silent, link=refuses_links)
    with pytest.raises(CaptureFailed, match="faster than it can be copied"):
        capture.take()
    assert not (tmp_path / "stages").exists()


def test_a_capture_waits_for_a_deletion_that_is_going_on(environment: Path, tmp_path: Path) -> None:
    """The lock is asked for again until JE lets go of it."""
    capture = Capture(environment, tmp_path / "stages" / "one", RealClock(), silent)
    with deleting(environment) as holder:
        thread = threading.Thread(target=capture.take)
        thread.start()
        until(capture.stage.exists, 10, "the capture has begun")
        assert list(capture.stage.iterdir()) == []
        assert holder.stdin is not None
        holder.stdin.close()
        thread.join(30)
    assert len(list(capture.stage.iterdir())) == 5


def test_a_lock_that_is_never_let_go_of_ends_the_capture(environment: Path, tmp_path: Path) -> None:
    """After ten seconds it is given up; the stage is gone."""
    capture = Capture(environment, tmp_path / "stages" / "one", RacingClock(2.0), silent)
    with deleting(environment), pytest.raises(CaptureFailed, match="kept its files locked"):
        capture.take()
    assert not (tmp_path / "stages").exists()
    assert RETRY_SECONDS < 0.01


def test_one_capture_at_a_time_in_a_process(environment: Path, tmp_path: Path) -> None:
    """A second one would drop the first one's lock by closing the file, so it is turned away."""
    capture = Capture(environment, tmp_path / "stages" / "one", RealClock(), silent)
    with only_here(environment), pytest.raises(LeaseHeld):
        capture.take()
    assert not (tmp_path / "stages").exists()
    assert capture.take()


def test_what_grows_meanwhile_is_left_out(environment: Path, tmp_path: Path) -> None:
    """The copy of the last file ends where the file ended when it was opened, or later, never in a hole."""
    last = environment / "00000003.jdb"

    def grow(_step: Step) -> None:
        with last.open("ab") as handle:
            handle.write(b"more")

    Capture(environment, tmp_path / "stages" / "one", RealClock(), grow).take()
    copy = (tmp_path / "stages" / "one" / last.name).read_bytes()
    assert len(copy) == 3_000_000
    assert last.read_bytes().startswith(copy)


def test_an_unreadable_stage_names_the_reason(environment: Path, tmp_path: Path) -> None:
    """What the system says is part of the error; nothing is left."""

    def fails(_source: Path, _target: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    capture = Capture(environment, tmp_path / "stages" / "one", RealClock(), silent, link=fails)
    with pytest.raises(CaptureFailed, match="Input/output error"):
        capture.take()
    assert not (tmp_path / "stages").exists()
