"""What people press in the model, at any moment, whether or not it is allowed then."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import time, timedelta
from random import Random
from typing import TYPE_CHECKING

from core.errors import SafeholdError
from core.model.person import Door, Person
from core.services.hold_back import HoldBack

if TYPE_CHECKING:
    from bench.model_process import Process
    from bench.model_services import ServiceModel

ANNA, BEN = Person("U0ANNA", "anna", Door.SLACK), Person("U0BEN", "ben", Door.SLACK)
MOST_HELD = 12


def any_time(chance: Random) -> time:
    """Return any quarter of an hour."""
    return time(chance.randrange(24), chance.choice((0, 15, 30, 45)))


class People:
    """Press buttons. What is refused is refused; what is not, is judged."""

    def __init__(self, model: ServiceModel) -> None:
        self.model = model
        self.links: list[str] = []

    def press(self) -> None:
        """Press one."""
        buttons = (
            (self.now, 6),
            (self.keep, 6),
            (self.release, 5),
            (self.freeze, 1),
            (self.thaw, 3),
            (self.verify_any, 4),
            (self.download, 5),
            (self.take, 5),
            (self.restore, 3),
            (self.decide, 5),
            (self.cancel, 2),
            (self.reschedule, 1),
            (self.reset, 0.3),
            (self.allow, 2),
        )
        chosen, weights = zip(*buttons, strict=True)
        button = self.model.random.choices(chosen, weights)[0]
        self.model.acts[button.__name__] += 1
        with suppress(SafeholdError):
            button()

    def now(self) -> None:
        """Back up now."""
        self._bot.create(self.model.random.choice(list(self.model.outside.sources)), ANNA)

    def keep(self) -> None:
        """Hold any backup, for days or without an end."""
        held = sum(row.fact.held_until is not None for row in self.model.judge.rows.values())
        days = self.model.random.choice((1, 5, 20, 90, 0))
        if held < MOST_HELD and (key := self._any()):
            self._bot.time.keep_backup(key, ANNA, "wanted", self.model.now + timedelta(days=days) if days else None)

    def release(self) -> None:
        """Release one that is held."""
        held = [row.id for row in self.model.judge.rows.values() if row.fact.held_until is not None]
        if held:
            self._bot.time.release_backup(self.model.random.choice(held), BEN)

    def freeze(self) -> None:
        """Freeze retention for some days."""
        self._bot.time.freeze_retention(ANNA, self.model.now + timedelta(hours=self.model.random.randint(1, 300)))

    def thaw(self) -> None:
        """Thaw."""
        self._bot.time.thaw_retention(BEN)

    def verify_any(self) -> None:
        """Verify any backup."""
        if key := self._any():
            self.verify(key)

    def verify(self, key: str) -> None:
        """Verify a backup."""
        self._bot.verify(key, ANNA)

    def download(self) -> None:
        """Ask for a link."""
        if key := self._any():
            self.links.append(self._bot.offer(key, ANNA).token)

    def take(self) -> None:
        """Take what a link gives, sometimes to its end."""
        if not self.links:
            return
        token = self.links.pop()
        transfer = self._bot.open(token)
        transfer.open(0).close()
        if self.model.random.random() < 0.5:
            transfer.complete()
        else:
            self.links.insert(0, token)

    def restore(self) -> None:
        """Ask for a restore."""
        if key := self._any():
            self._bot.request(self._bot.plan(key, ANNA), "a look", ANNA)

    def decide(self) -> None:
        """Decide on what waits."""
        for waiting in self._bot.catalog.restores.waiting()[:1]:
            self._bot.decide(waiting.id, BEN, approve=self.model.random.random() < 0.6)

    def cancel(self) -> None:
        """Cancel a run that is open."""
        for one in self._bot.catalog.backups.open_ones()[:1]:
            self._bot.cancel(one.id, ANNA)

    def allow(self) -> None:
        """Say yes to what is held back of a source."""
        name = self.model.random.choice(list(self.model.outside.sources))
        self._bot.time.allow_expiry(name, ANNA, HoldBack(self._bot.catalog).waiting(name).get("set", ""))

    def reschedule(self) -> None:
        """Give a source another time of day."""
        model = self.model
        name = model.random.choice(list(model.outside.sources))
        schedule = self._bot.time.schedules.current(name)
        at = any_time(model.random)
        self._changing(name, lambda: self._bot.time.schedules.change(name, replace(schedule, at=at), ANNA))

    def reset(self) -> None:
        """Let the configured schedule of a source hold again."""
        name = self.model.random.choice(list(self.model.outside.sources))
        self._changing(name, lambda: self._bot.time.schedules.reset(name, ANNA))

    def _changing(self, name: str, change: Callable[[], object]) -> None:
        before = self._revision(name)
        try:
            change()
        finally:
            # Who is killed after the commit has changed it all the same, and never heard so; before it, nothing was.
            if self._revision(name) != before:
                self.model.schedule_changed(name)

    def _revision(self, name: str) -> int:
        """Return which change of a schedule the catalog holds."""
        held = "select coalesce(max(revision), 0) from schedules where source = ?"
        return int(self.model.judge.db.execute(held, (name,)).fetchone()[0])

    def _any(self) -> str:
        """Return any backup that has bytes, rather a doomed one."""
        rows = [row for row in self.model.judge.rows.values() if row.state not in {"pending", "running"}]
        leaving = [row for row in rows if row.state in {"expired", "pruning"}]
        chosen = leaving if leaving and self.model.random.random() < 0.3 else rows
        return self.model.random.choice(chosen).id if chosen else ""

    @property
    def _bot(self) -> Process:
        return self.model.bot
