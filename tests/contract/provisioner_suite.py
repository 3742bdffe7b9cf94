"""What every provisioner promises; each test module gives it a provisioner and a way to launch a server."""

import os
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import PortInUse, ProvisionerFailed, SafeholdError, Stale
from core.model.instance import InstanceState
from core.model.manifest import Manifest, StoredArchive
from core.model.place import Launch, Place
from core.ports import Provisioner
from tests.support.waiting import until

NAME = "janusgraph-restore-20261124T031500Z"
NOW = datetime(2026, 11, 24, 3, 15, tzinfo=UTC)
SERVER = """\
import os, socket, sys, time
server = socket.create_server((sys.argv[1], int(sys.argv[2])))
print("listening", flush=True)
while True:
    server.accept()[0].close()
"""


def manifest() -> Manifest:
    """Return the least a provisioner is told of a backup."""
    return Manifest(
        backup_id="20261123T020000Z-7f3a1c",
        source="gods",
        engine="janusgraph-berkeleyje",
        tiers=("on-demand",),
        requested_by="U1",
        requested_by_name="anna",
        door="slack",
        note="",
        requested_at=NOW,
        captured_at=NOW,
        verified_at=NOW,
        archive=StoredArchive("a.tar.zst", 1, "0" * 64, ()),
        versions={"janusgraph": "1.1.0"},
        facts={},
        timings={},
    )


def launch(place: Place) -> Launch:
    """Write a small server into the place, and return how it is started."""
    program = place.directory / "server.py"
    program.write_text(SERVER, "utf-8")
    return Launch((sys.executable, str(program), place.host, str(place.port)), {"GREETING": "hello"})


def answers(place: Place) -> bool:
    """Say whether something listens at the place."""
    with suppress(OSError), socket.create_connection((place.host, place.port), 1):
        return True
    return False


def unused_ports(count: int) -> range:
    """Return a range of ports nobody uses, different for each test process."""
    first = 20_000 + (os.getpid() * 37) % 10_000
    for start in range(first, 60_000, count):
        free = []
        for port in range(start, start + count):
            with suppress(OSError), socket.create_server(("127.0.0.1", port)):
                free.append(port)
        if len(free) == count:
            return range(start, start + count)
    return range(0)


class ProvisionerSuite:
    """The contract. A subclass gives the fixture `make`: a new provisioner object over the same directory."""

    Make = Callable[[], Provisioner]

    def test_a_reserved_place_is_empty_and_its_own(self, make: Make) -> None:
        """What is reserved is found again by its name, and has an empty directory."""
        place = make().reserve(NAME, port=True)
        assert list(place.directory.iterdir()) == []
        assert place.port > 0
        assert make().place(NAME) == place
        assert make().names() == (NAME,)
        assert make().status(NAME) is InstanceState.STOPPED
        assert make().log(NAME) == ""

    def test_no_port_is_chosen_where_none_is_wanted(self, make: Make) -> None:
        """An engine without a server costs no port."""
        assert make().reserve(NAME, port=False).port == 0

    def test_a_taken_name_is_refused(self, make: Make) -> None:
        """Nothing that exists is ever taken over."""
        place = make().reserve(NAME, port=True)
        with pytest.raises(Stale):
            make().reserve(NAME, port=True)
        assert make().place(NAME) == place

    @pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", ".hidden", "a\n", "a" * 101, "a.b"])
    def test_a_name_that_is_no_folder_is_refused(self, make: Make, name: str, tmp_path: Path) -> None:
        """No name leads out of the directory."""
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(ProvisionerFailed):
            make().reserve(name, port=False)
        with pytest.raises(ProvisionerFailed):
            make().destroy(name)
        assert sorted(tmp_path.rglob("*")) == before

    def test_a_reserved_port_is_given_once(self, make: Make) -> None:
        """Ports of instances that were not started yet are not given again, by anybody."""
        provisioners = [make() for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            made = pool.map(lambda n: provisioners[n % 4].reserve(f"i{n}", port=True).port, range(4))
            assert len(set(made)) == 4

    def test_running_out_of_ports_is_told(self, make: Make) -> None:
        """When every port is given, the next request says so and leaves nothing."""
        for number in range(4):
            make().reserve(f"i{number}", port=True)
        with pytest.raises(PortInUse):
            make().reserve("one-more", port=True)
        assert make().status("one-more") is InstanceState.DESTROYED

    def test_an_instance_lives_from_start_to_destroy(self, make: Make, tmp_path: Path) -> None:
        """It starts, answers, is known to another object, and leaves nothing when destroyed."""
        place = make().reserve(NAME, port=True)
        make().start(place, launch(place), manifest())
        until(lambda: answers(place))
        assert make().status(NAME) is InstanceState.READY
        assert make().place(NAME) == place
        until(lambda: "listening" in make().log(NAME))
        make().destroy(NAME)
        assert not answers(place)
        assert make().status(NAME) is InstanceState.DESTROYED
        assert make().place(NAME) is None
        assert make().names() == ()
        assert list((tmp_path / "instances").iterdir()) == []

    def test_a_port_that_was_taken_meanwhile_is_told_and_another_given(self, make: Make) -> None:
        """Nothing is started on a port that a stranger has; after a move it starts on another, with its files."""
        place = make().reserve(NAME, port=True)
        with socket.create_server((place.host, place.port)):
            with pytest.raises(PortInUse, match=f"port {place.port}"):
                make().start(place, launch(place), manifest())
            moved = make().move(NAME)
            assert make().place(NAME) == moved
            assert (moved.directory, moved.host) == (place.directory, place.host)
            assert moved.port != place.port
            make().start(moved, launch(moved), manifest())
            until(lambda: answers(moved))
        assert make().status(NAME) is InstanceState.READY
        assert not answers(place)
        make().destroy(NAME)

    def test_what_was_started_is_taken_back_by_a_move(self, make: Make) -> None:
        """Of an instance that runs only its files are left, also when it is moved twice or by two at once."""
        place = make().reserve(NAME, port=True)
        make().start(place, launch(place), manifest())
        until(lambda: answers(place))
        with ThreadPoolExecutor(2) as pool:
            ports = [moved.port for moved in pool.map(lambda _: make().move(NAME), range(2))]
        assert not answers(place)
        assert make().status(NAME) is InstanceState.STOPPED
        now = make().place(NAME)
        assert now is not None
        assert now.port in ports
        assert [path.name for path in now.directory.iterdir()] == ["server.py"]

    def test_a_move_that_can_not_be_is_refused(self, make: Make) -> None:
        """Without another port it keeps the one it has; what was destroyed is not moved."""
        place = make().reserve(NAME, port=True)
        for number in range(3):
            make().reserve(f"i{number}", port=True)
        with pytest.raises(PortInUse):
            make().move(NAME)
        assert make().place(NAME) == place
        make().destroy(NAME)
        with pytest.raises(Stale):
            make().move(NAME)
        assert make().status(NAME) is InstanceState.DESTROYED

    def test_destroying_twice_or_what_never_was_is_nothing(self, make: Make) -> None:
        """Destroy can be repeated."""
        make().destroy(NAME)
        make().reserve(NAME, port=True)
        make().destroy(NAME)
        make().destroy(NAME)
        assert make().names() == ()

    def test_two_people_destroy_at_once(self, make: Make) -> None:
        """Both are told that it is gone, and it is."""
        place = make().reserve(NAME, port=True)
        make().start(place, launch(place), manifest())
        until(lambda: answers(place))
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: make().destroy(NAME), range(4)))
        assert not answers(place)
        assert make().status(NAME) is InstanceState.DESTROYED

    def test_starting_what_was_destroyed_is_refused(self, make: Make) -> None:
        """An approval that comes too late starts nothing."""
        place = make().reserve(NAME, port=True)
        made = launch(place)
        make().destroy(NAME)
        with pytest.raises(Stale):
            make().start(place, made, manifest())
        assert not answers(place)

    def test_what_was_not_made_here_is_left_alone(self, make: Make, tmp_path: Path) -> None:
        """A stranger's folder in the directory is not listed, not reused and not removed."""
        strange = tmp_path / "instances" / "photos"
        strange.mkdir(parents=True)
        (strange / "holiday.jpg").write_text("x")
        assert make().names() == ()
        with pytest.raises(Stale):
            make().reserve("photos", port=False)
        with pytest.raises(SafeholdError):
            make().destroy("photos")
        assert (strange / "holiday.jpg").read_text() == "x"

    def test_room_is_what_is_free(self, make: Make) -> None:
        """The disk and memory that are free are known before anything exists."""
        room = make().room()
        assert room.disk_bytes > 0
        assert room.memory_bytes > 0
