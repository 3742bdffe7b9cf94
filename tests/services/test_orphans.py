"""Who is taken for dead, and what is done about their runs: never too early, never twice, never not at all."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from core.catalog.backups import OPEN
from core.model.backup import Backup, BackupState, Proof, Tier
from core.model.restore import RestoreState
from core.ports import Vault
from core.services.living import SECONDS_WITHOUT_A_BEAT
from core.services.orphans import SECONDS_LOST
from tests.support.waiting import until
from tests.support.world import ANNA, World


class Faulty:
    """A vault with a fault that nobody foresaw."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def __getattr__(self, name: str) -> object:
        return getattr(self._vault, name)

    def discard(self, source: str, backup_id: str) -> None:
        """Break."""
        raise RuntimeError(f"no code for {source} {backup_id}")


def begun(world: World, owner: str, **changes: object) -> Backup:
    """Record a pending backup as a process with that owner text would."""
    now = world.clock.now()
    backup = Backup(
        id="20261123T020000Z-7f3a1c",
        source="orders",
        engine="sqlite",
        vault="local",
        tiers=frozenset({Tier.ON_DEMAND}),
        state=BackupState.PENDING,
        proof=Proof.NONE,
        requested_by=ANNA,
        note="",
        requested_at=now,
        owner=owner,
    )
    return world.core.catalog.backups.begin(replace(backup, **changes))[0]  # type: ignore[arg-type]


def state_of(world: World, backup: Backup) -> BackupState:
    """Return the state of a backup now."""
    return world.core.find_backup(backup.id).state


def test_a_living_process_that_nobody_registered_yet_is_left_alone(
    world: World, stranger: "subprocess.Popen[str]"
) -> None:
    """Between its first record and its registration a process is as alive as any; dead, it is settled at once."""
    assert stranger.stdout is not None
    backup = begun(world, stranger.stdout.readline().strip())
    world.core.reconcile()
    assert state_of(world, backup) is BackupState.PENDING
    stranger.kill()
    stranger.wait()
    world.core.reconcile()
    assert state_of(world, backup) is BackupState.INTERRUPTED


def test_a_process_of_another_host_is_dead_after_silence_by_our_own_clock(world: World) -> None:
    """A wall clock that jumps makes nobody dead; three quarters of a minute without a beat do."""
    backup = begun(world, "elsewhere:17:4.20")
    world.core.reconcile()
    world.clock.offset = timedelta(days=1)
    world.core.reconcile()
    assert state_of(world, backup) is BackupState.PENDING
    world.clock.passed += SECONDS_WITHOUT_A_BEAT
    world.core.reconcile()
    assert state_of(world, backup) is BackupState.INTERRUPTED


def test_a_run_that_this_very_process_lost_is_settled_too(world: World) -> None:
    """A run whose last record could not be written does not stay open as long as the process lives."""
    backup = begun(world, world.core.owner)
    world.core.reconcile()
    assert state_of(world, backup) is BackupState.PENDING
    world.clock.passed += SECONDS_LOST
    world.core.reconcile()
    assert state_of(world, backup) is BackupState.INTERRUPTED
    assert world.core.find_backup(world.take()).state is BackupState.GOOD


def test_a_run_of_a_vault_that_is_configured_no_more_ends_and_frees_its_source(world: World) -> None:
    """A renamed vault does not keep its source busy for ever; the failure says where leftovers may be."""
    backup = begun(world, "", vault="gone")
    world.core.reconcile()
    ended = world.core.find_backup(backup.id)
    assert ended.state is BackupState.INTERRUPTED
    assert ended.failure is not None
    assert "gone" in ended.failure.hint
    assert world.core.find_backup(world.take()).state is BackupState.GOOD


def test_a_run_that_was_settled_meanwhile_commits_nothing(make_world: Callable[..., World]) -> None:
    """A process that was wrongly taken for dead finds out before it writes its manifest."""
    world = make_world(rows=100_000)
    backup = world.core.create_backup("orders", ANNA).backup
    until(lambda: state_of(world, backup) is BackupState.RUNNING)
    world.core.catalog.backups.move(backup.id, OPEN, owner="another")
    world.settled(backup.id)
    assert state_of(world, backup) is BackupState.INTERRUPTED
    assert list(world.core.adapters.vault("local").committed()) == []
    assert world.left_behind() == []


def test_what_was_approved_is_not_said_to_have_expired(world: World) -> None:
    """Two that settle with an old view write one ending into the audit record, the true one."""
    restore = world.core.request_restore(world.core.plan_restore(world.take(), ANNA), "reason", ANNA)
    waiting = frozenset({RestoreState.WAITING})
    world.core.catalog.restores.move(restore.id, waiting, state=RestoreState.CANCELLED)
    world.clock.offset = timedelta(hours=5)
    world.core.reconciler._settle_waiting(restore)
    assert [e.outcome for e in world.core.catalog.audit.entries() if e.act == "restore-ended"] == []


def test_one_record_that_breaks_does_not_hide_the_others(world: World) -> None:
    """A fault with one keeps that one waiting until it is mended, and nobody else."""
    restore = world.core.request_restore(world.core.plan_restore(world.take(), ANNA), "reason", ANNA)
    backup, vaults = begun(world, ""), world.core.adapters.vaults
    vault = vaults["local"]
    vaults["local"] = Faulty(vault)  # type: ignore[index, assignment]
    world.clock.offset = timedelta(hours=5)
    world.core.reconcile()
    assert state_of(world, backup) is BackupState.PENDING
    assert world.core.catalog.restores.get(restore.id).state is RestoreState.EXPIRED
    vaults["local"] = vault  # type: ignore[index]
    world.core.reconcile()
    world.clock.passed += SECONDS_LOST
    world.core.reconcile()
    assert state_of(world, backup) is BackupState.INTERRUPTED
