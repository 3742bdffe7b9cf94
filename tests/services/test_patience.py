"""Where many scheduled backups wait for their turn, what a person asks for is taken first."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.model.backup import Backup, BackupState, Tier
from core.model.person import SYSTEM
from tests.support.world import ANNA, World, write_database

Deleting = tuple[World, str, Backup, threading.Event]
NAMES = ("one", "two", "three", "four")


@pytest.fixture
def let_go() -> Iterator[threading.Event]:
    """Return what lets the second place of the runner go; at the end it is let go in any case."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def busy(make_world: Callable[..., World], tmp_path: Path, let_go: threading.Event) -> Iterator[World]:
    """Return a world of five sources and a runner of which one place is free once it is let go."""
    tables = ['prove = "never"']
    for name in NAMES:
        write_database(tmp_path / f"{name}.db")
        tables.append(f'[sources.{name}]\nengine = "sqlite"\npath = "{tmp_path}/{name}.db"\nprove = "never"')
    world, end = make_world(source="\n".join(tables)), threading.Event()
    for number, gate in enumerate((end, let_go)):
        world.core.runner.submit(f"gate {number}", lambda gate=gate: gate.wait(60) and None)
    yield world
    end.set()


def scheduled(world: World, source: str) -> Backup:
    """Begin a backup as a schedule does."""
    now, tiers = world.clock.now(), frozenset({Tier.DAILY})
    return world.core.create_backup(source, SYSTEM, tiers=tiers, due_at=now).backup


def test_who_asks_waits_for_no_schedule(busy: World, let_go: threading.Event) -> None:
    """Asked for last it is taken first; of the scheduled ones that which somebody joined."""
    *waiting, joined = [scheduled(busy, name) for name in NAMES]
    asked = busy.core.create_backup("orders", ANNA).backup
    assert busy.core.create_backup(NAMES[-1], ANNA).joined
    let_go.set()
    expected = [asked, joined, *waiting]
    for backup in expected:
        busy.settled(backup.id)
    taken = sorted((busy.core.find_backup(backup.id) for backup in expected), key=lambda one: one.taken_at)
    assert [one.id for one in taken] == [one.id for one in expected]


@pytest.fixture
def deleting(busy: World, let_go: threading.Event) -> Iterator[Deleting]:
    """Return a world in which a scheduled backup and then a deletion wait for the event."""
    again = threading.Event()
    let_go.set()
    first = busy.core.create_backup("orders", ANNA).backup.id
    busy.settled(first)
    busy.settled(busy.core.create_backup("orders", ANNA).backup.id)
    busy.core.time.expire()
    busy.core.runner.submit("gate again", lambda: again.wait(60) and None)
    busy.clock.offset += timedelta(days=2)
    waiting = scheduled(busy, "one")
    busy.core.time.prune(busy.clock.now())
    yield busy, first, waiting, again
    again.set()


def test_a_scheduled_backup_waits_for_no_deletion_that_came_later(
    deleting: Deleting,
) -> None:
    """Deletions take their turn among scheduled backups, however many there are."""
    world, first, waiting, again = deleting
    again.set()
    world.settled(waiting.id)
    world.settled("prune:orders")
    gone = world.core.find_backup(first)
    assert gone.pruned_at is not None
    assert world.core.find_backup(waiting.id).taken_at <= gone.pruned_at


def test_a_deletion_that_only_waits_refuses_nobody(deleting: Deleting) -> None:
    """Until it begins, a person has the source: their backup is taken first."""
    world, _, _, again = deleting
    asked = world.core.create_backup("orders", ANNA).backup
    again.set()
    world.settled(asked.id)
    assert world.core.find_backup(asked.id).state is BackupState.GOOD
