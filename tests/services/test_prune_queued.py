"""A deletion that waits for a thread, or for the one before it, deletes only what is still due when its turn comes."""

import threading
from collections.abc import Callable, Iterator

import pytest

from core.model.backup import BackupState
from core.model.notice import Notice, NoticeKind
from core.services.prune import prune_run
from core.vaults.directory import DirectoryVault
from tests.support.timed import DAY, HOUR, KEEPER, MIDNIGHT, UNPROVEN, Timed
from tests.support.world import ANNA, World

NOON = MIDNIGHT + 7 * DAY + 12 * HOUR
"""When the first backup is let go."""
DUE = NOON + DAY + HOUR
"""When its deletion is begun, or has to wait for a thread."""
ANEW = DUE + 2 * HOUR


@pytest.fixture
def timed(make_world: Callable[..., World]) -> Timed:
    """Return a world with eight daily backups, of which the first is let go at noon."""
    timed = Timed(make_world(source=UNPROVEN, access=KEEPER))
    timed.daily(8)
    return timed


@pytest.fixture
def free(timed: Timed) -> Iterator[Callable[[], None]]:
    """Keep every thread busy; return what lets them go and waits until the deletions have ended."""
    gate = threading.Event()
    for number in range(timed.core.config.runner_threads):
        timed.core.runner.submit(f"gate {number}", lambda: gate.wait(60) and None)

    def let_go() -> None:
        gate.set()
        timed.world.settled(prune_run("orders"))

    yield let_go
    gate.set()


def held_and_released(timed: Timed, key: str) -> None:
    """Save a backup, then let the policy decide again."""
    timed.core.time.keep_backup(key, ANNA)
    timed.core.time.release_backup(key, ANNA)


def frozen_and_thawed(timed: Timed, key: str) -> None:
    """Stop everything for a while, so that what was let go is good again."""
    timed.core.time.freeze_retention(ANNA, MIDNIGHT + 30 * DAY, "look")
    timed.core.time.expire()
    assert timed.backup(key).state is BackupState.GOOD
    timed.core.time.thaw_retention(ANNA)


@pytest.mark.parametrize("act", [held_and_released, frozen_and_thawed])
def test_what_is_let_go_anew_while_its_deletion_waits_has_its_grace_anew(
    timed: Timed, free: Callable[[], None], act: Callable[[Timed, str], None]
) -> None:
    """Whoever was told that its bytes stay for a day more has that day, and then it goes."""
    first = timed.stored[0]
    timed.set(DUE)
    timed.core.time.prune(DUE)
    timed.set(ANEW)
    act(timed, first)
    timed.core.time.expire()
    assert timed.backup(first).state is BackupState.EXPIRED
    free()
    assert (timed.backup(first).state, first in timed.stored) == (BackupState.EXPIRED, True)
    timed.retain(ANEW + DAY - HOUR)
    assert timed.backup(first).state is BackupState.EXPIRED
    timed.retain(ANEW + DAY + HOUR)
    assert timed.backup(first).state is BackupState.PRUNED


def test_what_is_let_go_anew_while_its_deletion_waits_is_named_before_it_goes(
    timed: Timed, free: Callable[[], None]
) -> None:
    """Where there is an evening post it waits for one that comes after that, however long the deletion waited."""
    first = timed.stored[0]
    timed.core.catalog.notices.tell(Notice(NoticeKind.EXPIRING, "", "8", NOON + 6 * HOUR, {}))
    timed.set(DUE)
    timed.core.time.prune.when_told(DUE)
    timed.set(ANEW)
    held_and_released(timed, first)
    timed.core.time.expire()
    timed.set(ANEW + 2 * DAY)
    free()
    assert timed.backup(first).state is BackupState.EXPIRED
    timed.core.catalog.notices.tell(Notice(NoticeKind.EXPIRING, "", "11", ANEW + 2 * DAY, {}))
    timed.core.time.prune.when_told(ANEW + 2 * DAY)
    timed.world.settled(prune_run("orders"))
    assert timed.backup(first).state is BackupState.PRUNED


def test_a_sleep_that_is_told_while_a_deletion_waits_is_added_to_the_grace(
    timed: Timed, free: Callable[[], None]
) -> None:
    """The machine woke, and a deletion was begun before anybody had told of the sleep."""
    first = timed.stored[0]
    timed.set(DUE)
    timed.core.time.prune(DUE)
    timed.core.note_clock(12 * 3_600.0)
    free()
    assert timed.backup(first).state is BackupState.EXPIRED
    timed.retain(DUE + 12 * HOUR)
    assert timed.backup(first).state is BackupState.PRUNED


def test_what_is_due_no_longer_is_not_looked_for(timed: Timed, free: Callable[[], None]) -> None:
    """A vault that is away then is no deletion that failed, and nobody is told of one."""
    first = timed.stored[0]
    timed.set(DUE)
    timed.core.time.prune(DUE)
    held_and_released(timed, first)
    timed.core.time.expire()
    (timed.world.root / "vault").rename(timed.world.root / "away")
    free()
    assert timed.backup(first).warning == ""
    assert not any(n.kind is NoticeKind.PRUNE_FAILED for n in timed.core.catalog.notices.changed_since(0))


class Interrupted(DirectoryVault):
    """The real vault on the real files; something happens while the first backup is deleted."""

    def __init__(self, real: DirectoryVault, happens: Callable[[], None]) -> None:
        super().__init__(real.name, real.path, real.known)
        self.happens: Callable[[], None] | None = happens

    def remove(self, source: str, backup_id: str) -> None:
        """Let it happen, once, and delete."""
        happens, self.happens = self.happens, None
        if happens is not None:
            happens()
        super().remove(source, backup_id)


def test_what_is_let_go_anew_while_another_one_is_deleted_has_its_grace_anew(timed: Timed) -> None:
    """Two go in one run: who saves the second for a moment meanwhile finds it there a day later."""
    first, second = timed.stored[:2]
    timed.take(MIDNIGHT + 8 * DAY + 3 * HOUR + HOUR / 2)
    timed.core.time.expire()
    timed.set(NOON + 2 * DAY)
    real = timed.core.adapters.vault("local")
    assert isinstance(real, DirectoryVault)

    def happens() -> None:
        held_and_released(timed, second)
        timed.core.time.expire()

    timed.core.adapters.vaults["local"] = Interrupted(real, happens)  # type: ignore[index]
    timed.core.time.prune(timed.world.clock.now())
    timed.world.settled(prune_run("orders"))
    assert [timed.backup(key).state for key in (first, second)] == [BackupState.PRUNED, BackupState.EXPIRED]
    assert second in timed.stored
