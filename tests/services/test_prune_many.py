"""Many that are due at once cost one look, and the source gets its turn between them."""

from collections.abc import Callable, Iterator

import pytest

from core.model.backup import BackupState, Tier
from core.model.vault_entry import VaultEntry
from core.vaults.directory import DirectoryVault
from tests.support.timed import DAY, HOUR, MIDNIGHT, UNPROVEN, Timed
from tests.support.world import MovableClock, World

MINUTE = HOUR / 60
ON_DEMAND = frozenset({Tier.ON_DEMAND})
TAKEN = 7


class SlowVault(DirectoryVault):
    """The real vault on the real files; as a clock has it, a look and a deletion take so many seconds."""

    def __init__(self, real: DirectoryVault, clock: MovableClock, look: float, remove: float) -> None:
        super().__init__(real.name, real.path, real.known)
        self.clock, self.look_seconds, self.remove_seconds = clock, look, remove

    def entries(self, source: str | None = None) -> Iterator[VaultEntry]:
        """Take that long, then list."""
        self.clock.passed += self.look_seconds
        return super().entries(source)

    def remove(self, source: str, backup_id: str) -> None:
        """Delete, and take that long."""
        super().remove(source, backup_id)
        self.clock.passed += self.remove_seconds


@pytest.fixture
def timed(make_world: Callable[..., World]) -> Timed:
    """Give seven on-demand backups, of which the policy keeps one, a day after the others were let go."""
    timed = Timed(make_world(source=UNPROVEN))
    for number in range(TAKEN):
        timed.take(MIDNIGHT + number * MINUTE, ON_DEMAND)
    timed.retain(MIDNIGHT + HOUR)
    timed.set(MIDNIGHT + DAY + 2 * HOUR)
    return timed


def slow(timed: Timed, look: float, remove: float) -> None:
    """Slow the vault down."""
    real = timed.core.adapters.vault("local")
    assert isinstance(real, DirectoryVault)
    vault = SlowVault(real, timed.world.clock, look, remove)
    timed.core.adapters.vaults["local"] = vault  # type: ignore[index]


def prune(timed: Timed) -> int:
    """Do one pass, and return how many are stored then."""
    timed.core.time.prune(timed.world.clock.now())
    timed.world.settled("prune:orders")
    assert timed.core.catalog.leases.held() == (), "whatever is left, a backup can begin now"
    return len(list((timed.world.root / "vault" / "orders").iterdir()))


def test_many_cost_one_look(timed: Timed) -> None:
    """However long it takes to see what is in the vault, that is done once for all that are due."""
    slow(timed, look=1_000, remove=0)
    assert prune(timed) == 1
    assert timed.world.clock.passed == 1_000


def test_a_look_holds_for_a_while_and_then_the_source_is_free(timed: Timed) -> None:
    """After twenty seconds of deletions the rest waits for a pass that looks anew, and a backup may come between."""
    slow(timed, look=0, remove=8)
    assert prune(timed) == TAKEN - 3
    assert sum(b.state is BackupState.EXPIRED for b in timed.core.catalog.retained.stored("orders")) == TAKEN - 4
    # Three more, and the new one is the most recent.
    timed.take(timed.world.clock.now(), ON_DEMAND)
    assert prune(timed) == TAKEN - 5
    assert prune(timed) == 2
