"""What runs leave in the catalog: downloads, processes, leases, messages and marks."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.catalog import Catalog, Message
from core.errors import UnknownName
from tests.catalog import samples


def test_download_is_taken_once(catalog: Catalog) -> None:
    """The first start and the first completion are recorded, later ones are not."""
    given, later = samples.download(), samples.NOON + timedelta(minutes=1)
    catalog.downloads.create(given)
    with pytest.raises(KeyError):
        catalog.downloads.create(given)
    assert catalog.downloads.get(given.id) == given
    assert catalog.downloads.move_started(given.id, samples.NOON)
    assert not catalog.downloads.move_started(given.id, later)
    assert catalog.downloads.move_completed(given.id, later)
    assert not catalog.downloads.move_completed(given.id, samples.NOON)
    assert catalog.downloads.get(given.id) == replace(given, started_at=samples.NOON, completed_at=later)
    with pytest.raises(UnknownName):
        catalog.downloads.get("nothing")


def test_processes_come_and_go(catalog: Catalog) -> None:
    """A process is known from registering to forgetting, with its last beat."""
    later = samples.NOON + timedelta(seconds=5)
    catalog.processes.register("h:1:2", "h", 1, 2.0, "bot", samples.NOON)
    assert catalog.processes.beat("h:1:2", later)
    (known,) = catalog.processes.all()
    assert (known.pid, known.created, known.registered_at, known.beat_at) == (1, 2.0, samples.NOON, later)
    catalog.processes.forget("h:1:2")
    catalog.processes.forget("h:1:2")
    assert catalog.processes.all() == ()
    assert not catalog.processes.beat("h:1:2", later)


def test_lease_is_exclusive_until_it_ends(catalog: Catalog) -> None:
    """A lease is its run's alone until released, seized or expired; the run itself may renew it."""
    leases, later = catalog.leases, samples.NOON + timedelta(seconds=60)
    assert leases.acquire("a", "o", "run", samples.NOON, 60)
    assert leases.acquire("a", "o", "run", samples.NOON, 90)
    assert not leases.acquire("a", "o", "other", later, 60)
    assert leases.acquire("a", "o", "other", later + timedelta(seconds=30), 60)
    assert not leases.release("a", "o", "run")
    (seen,) = leases.held()
    assert leases.seize(seen)
    assert not leases.seize(seen)
    assert leases.held() == ()
    assert leases.acquire("a", "x", "third", samples.NOON, 60)
    assert leases.release("a", "x", "third")


def test_lease_of_another_process_is_left_alone(catalog: Catalog) -> None:
    """Where runs of two processes go by one name, neither gives back what the other has, nor who settles the first."""
    leases = catalog.leases
    assert leases.acquire("a", "dead", "run", samples.NOON, 60)
    (seen,) = leases.held()
    assert leases.seize(seen)
    assert leases.acquire("a", "living", "run", samples.NOON, 60)
    assert not leases.seize(seen)
    assert not leases.release("a", "dead", "run")
    assert [lease.owner for lease in leases.held()] == ["living"]


def test_message_is_intended_once(catalog: Catalog) -> None:
    """The first who intends a message posts it; where it stands is found both ways."""
    assert catalog.messages.get("b1", "channel") is None
    assert catalog.messages.intend("b1", "channel", "C1")
    assert not catalog.messages.intend("b1", "channel", "C1")
    assert catalog.messages.get("b1", "channel") == Message("b1", "channel", "C1", "", 0, "")
    catalog.messages.put(Message("b1", "channel", "C1", "1.2", 7, "d"))
    wanted = Message("b1", "channel", "C1", "1.2", 7, "d")
    assert catalog.messages.get("b1", "channel") == wanted == catalog.messages.by_channel_ts("C1", "1.2")
    assert catalog.messages.by_channel_ts("C2", "1.2") is None


def test_marks_are_replaced(catalog: Catalog) -> None:
    """A mark holds what was last put."""
    assert catalog.marks.get("settled at") is None
    catalog.marks.put("settled at", "1")
    catalog.marks.put("settled at", "2")
    assert catalog.marks.get("settled at") == "2"
