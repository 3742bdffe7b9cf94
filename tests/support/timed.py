"""A world whose clock a test sets, with one daily backup after another, unproven to be quick."""

from datetime import UTC, datetime, timedelta

from core.bootstrap import Core
from core.model.backup import Backup, BackupState, Tier
from core.model.person import SYSTEM, Person
from core.services.hold_back import HoldBack
from tests.support.world import ANNA, World

MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)
"""A Thursday, and the first of a month."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
UNPROVEN = 'prove = "never"'
KEEPER = 'retain = ["U0ANNA"]'
DAILY = frozenset({Tier.DAILY})


class Timed:
    """A world at a set time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.set(MIDNIGHT)

    @property
    def core(self) -> Core:
        """Return its core."""
        return self.world.core

    def set(self, moment: datetime) -> None:
        """Set the clock."""
        self.world.clock.offset += moment - self.world.clock.now()

    def take(self, moment: datetime, tiers: frozenset[Tier] = DAILY) -> str:
        """Take a backup at a time, to its end, and return its id."""
        self.set(moment)
        backup = self.core.create_backup("orders", SYSTEM, tiers=tiers).backup
        self.world.settled(backup.id)
        return backup.id

    def retain(self, moment: datetime) -> None:
        """Set the clock, let go what no rule keeps, and delete what is due, to its end."""
        self.set(moment)
        now = self.world.clock.now()
        self.core.time.expire(now)
        self.core.time.prune(now)
        self.world.settled("prune:orders")

    def daily(self, days: int, first: int = 0) -> list[str]:
        """Take a daily backup on so many days, let the clock reach noon of the last, and return their ids."""
        # Each a minute later than the one before, so that the eighth is clearly more than seven days after the first.
        times = [MIDNIGHT + day * DAY + 3 * HOUR + day * timedelta(minutes=1) for day in range(first, first + days)]
        ids = [self.take(at) for at in times]
        self.retain(MIDNIGHT + (first + days - 1) * DAY + 12 * HOUR)
        return ids

    def after(self, key: str, moment: datetime, *names: str) -> BackupState:
        """Do duties by name at a time, to their end, and return the state that a backup is in then."""
        self.set(moment)
        duties = {duty.name: duty for duty in self.core.duties.all}
        for name in names:
            assert self.core.duties.run(duties[name])
        self.world.settled("prune:orders")
        return self.backup(key).state

    def allow(self, person: Person = ANNA) -> datetime:
        """Say yes to what is held back now."""
        shown = HoldBack(self.core.catalog).waiting("orders").get("set", "")
        return self.core.time.allow_expiry("orders", person, shown)

    def backup(self, key: str) -> Backup:
        """Return a backup."""
        return self.core.catalog.backups.get(key)

    @property
    def stored(self) -> list[str]:
        """Return what the vault holds, oldest first."""
        return sorted(key for source, key in self.core.adapters.vault("local").committed() if source == "orders")
