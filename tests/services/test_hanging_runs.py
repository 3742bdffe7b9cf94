"""Whatever hangs in this process is ended on record, gives back what it held, and leaves the others a thread."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

import pytest

from core.catalog.backups import source_lease
from core.errors import LeaseHeld
from core.model.backup import Backup, BackupState
from core.runtime.runner import MOST_ABANDONED
from core.services.check_up import Finding
from core.services.prune import prune_run
from core.services.verify_backup import verify_run
from tests.support.held_vault import held, wait_for
from tests.support.waiting import until
from tests.support.world import ANNA, World

GOOD = frozenset({BackupState.GOOD})
EXPIRED = frozenset({BackupState.EXPIRED})
STALLED = 1_801.0


def look(world: World) -> None:
    """Watch as a process does: now, and again after more time than nothing may move."""
    world.core.watch_runs()
    world.clock.passed += STALLED
    world.core.watch_runs()


def leases(world: World) -> list[str]:
    """Return what is held."""
    return [lease.name for lease in world.core.catalog.leases.held()]


def hangs(world: World) -> list[Finding]:
    """Return what the check-up says of runs."""
    return [finding for finding in world.core.check_up() if finding.name == "runs"]


def hint_of(backup: Backup) -> str:
    """Return what a failed backup says is to be done."""
    return backup.failure.hint if backup.failure else ""


def failed(world: World, key: str) -> str:
    """Return why a backup failed."""
    backup: Backup = world.core.find_backup(key)
    assert backup.state is BackupState.FAILED
    assert backup.failure is not None
    return backup.failure.message


def test_a_vault_that_hangs_at_the_first_look_ends_the_run(world: World) -> None:
    """Not to answer how much room there is is the most usual hang: the run has failed and its source is free."""
    with held(world, "free_bytes") as vault:
        key = world.core.create_backup("orders", ANNA).backup.id
        wait_for(vault)
        look(world)
        assert failed(world, key).endswith("while checking.")
        assert leases(world) == []
    world.settled(key)
    assert world.core.find_backup(key).state is BackupState.FAILED


def test_more_runs_may_hang_than_there_are_threads(world: World) -> None:
    """As soon as the vault is well the next backup is taken, and whoever checks up is told what hangs still."""
    with held(world, "put") as vault:
        hung = []
        for number in range(world.core.config.runner_threads + 1):
            hung.append(world.core.create_backup("orders", ANNA).backup.id)
            wait_for(vault, number + 1)
            look(world)
            assert failed(world, hung[-1])
        vault.call = "nothing"
        assert world.core.find_backup(world.take()).state is BackupState.GOOD
        (finding,) = hangs(world)
        assert not finding.ok
        assert finding.says == f"{len(hung)} hang: {', '.join(hung)}"
    for key in hung:
        world.settled(key)
    world.core.watch_runs()
    assert hangs(world) == []


def test_a_verification_that_hangs_gives_its_lease_back(world: World) -> None:
    """Its row says why it was not verified; the backup stays good, and is not verified twice at once."""
    key = world.take()
    with held(world, "verify") as vault:
        world.core.verify_backup(key, ANNA)
        wait_for(vault)
        look(world)
        backup = world.core.find_backup(key)
        assert (backup.state, backup.step) == (BackupState.GOOD, None)
        assert backup.warning.startswith("Not verified: Nothing moved for 30 min while verifying.")
        assert leases(world) == []
        with pytest.raises(LeaseHeld):
            world.core.verify_backup(key, ANNA)
    world.settled(verify_run(key))
    world.core.verify_backup(key, ANNA)
    world.settled(verify_run(key))
    assert world.core.find_backup(key).warning == ""


def test_a_pruning_that_hangs_gives_its_source_back(world: World) -> None:
    """Backups are taken again; what it was deleting is deleted in the end, and nothing else of what it was given."""
    keys = [world.take() for _ in range(4)]
    for key in keys[:2]:
        old = world.clock.now() - timedelta(days=30)
        assert world.core.catalog.backups.move(key, GOOD, state=BackupState.EXPIRED, expired_at=old, requested_at=old)
    with held(world, "remove") as vault:
        world.core.time.prune(world.clock.now())
        wait_for(vault)
        assert leases(world) == [source_lease("orders")]
        look(world)
        assert leases(world) == []
        assert world.core.find_backup(world.take()).state is BackupState.GOOD
    world.settled(prune_run("orders"))
    states = sorted(world.core.find_backup(key).state.value for key in keys[:2])
    assert states in (["expired", "pruned"], ["good", "pruned"])


def test_a_pruning_that_wakes_gives_no_lease_of_another_bot_back(world: World) -> None:
    """What hung here and was ended leaves the source to the bot that deletes of it meanwhile, under the same name."""
    key, catalog = world.take(), world.core.catalog
    world.take()
    old = world.clock.now() - timedelta(days=30)
    assert catalog.backups.move(key, GOOD, state=BackupState.EXPIRED, expired_at=old, requested_at=old)
    run, lease = prune_run("orders"), source_lease("orders")
    with held(world, "remove") as vault:
        world.core.time.prune(world.clock.now())
        wait_for(vault)
        look(world)
        assert catalog.leases.acquire(lease, "another bot", run, world.clock.now(), 3_600)
    world.settled(run)
    assert [(one.name, one.owner) for one in catalog.leases.held()] == [(lease, "another bot")]
    with pytest.raises(LeaseHeld):
        world.core.create_backup("orders", ANNA)


@pytest.fixture
def hung(world: World) -> Iterator[Callable[[int], None]]:
    """Give what lets so many runs hang in the world's runner and takes them for that; they end with the test."""
    release, held_runs = threading.Event(), list[int]()

    def one(number: int) -> None:
        held_runs.append(number)
        release.wait(60)

    def hang(count: int) -> None:
        for number in range(count):
            world.core.runner.submit(f"hung:{number}", partial(one, number))
            until(partial(held_runs.__contains__, number))
            world.core.runner.abandon(f"hung:{number}")

    yield hang
    release.set()


def test_where_no_thread_is_left_new_backups_fail_and_say_what_to_do(world: World, hung: Callable[[int], None]) -> None:
    """Nobody waits for a run that can never begin."""
    hung(MOST_ABANDONED + world.core.config.runner_threads)
    key = world.core.create_backup("orders", ANNA).backup.id
    world.core.watch_runs()
    assert failed(world, key).startswith("It could not begin: ")
    assert "restart Safehold" in hint_of(world.core.find_backup(key))
    assert leases(world) == []
