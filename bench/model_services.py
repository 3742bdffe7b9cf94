"""Tortures the services: a bot on a real catalog and a real vault lives for years among people, accidents and kills."""

import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from bench.model_clock import SetClock
from bench.model_days import DAY, Diary
from bench.model_judge import Judge, Row
from bench.model_mortal import Fate, Hooks, Killed, MortalVault, QuickEngine, tear
from bench.model_people import People, any_time
from bench.model_process import Outside, begin
from bench.model_rules import POLICIES, Rules
from core.catalog import Catalog
from core.errors import SafeholdError
from core.model.schedule import Schedule
from core.model.source import Prove, Source
from core.model.verdict import EVERY_LOCK, Lock

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Pacific/Apia",
    "Asia/Tehran",
    "Africa/Cairo",
)
FIRST_YEAR = 2000


class ServiceModel:
    """Random steps; after each of them, and in the middle of what the vault does, everything is judged."""

    def __init__(
        self,
        seed: int,
        zones: tuple[str, ...],
        folder: Path | None,
        locks: frozenset[Lock] = EVERY_LOCK,
        year: int = FIRST_YEAR,
    ) -> None:
        self.begun_at = datetime(year, 1, 1, tzinfo=UTC)
        self.seed, self.random = seed, random.Random(seed)
        self.steps, self.acts, self.lives = 0, Counter[str](), 0
        self.root = Path(tempfile.mkdtemp(prefix="model-", dir=folder))
        (self.root / "vault").mkdir()
        clock, chance = SetClock(self.begun_at), self.random
        hooks = Hooks(Fate(), chance, self._between, self._removing, self._removed)
        engine = QuickEngine(self.root / "stage", clock, chance, hooks.fate)
        sources = {f"s{n}": self._source(f"s{n}", zone) for n, zone in enumerate(zones)}
        vault = MortalVault("local", self.root / "vault", hooks)
        self.outside = Outside(self.root, clock, sources, engine, vault, locks)
        Catalog.open(self.outside.catalog).close()
        self.judge = Judge(self.outside.catalog, vault.path, engine.truth, self._rules)
        self.bot = begin(self.outside, self.lives)
        self.people = People(self)
        self.diaries = {name: Diary(name, ZoneInfo(s.schedule.zone), self.begun_at) for name, s in sources.items()}
        self._pressing = False
        self._reconfigured: set[str] = set()
        self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.bot.catalog.close()
        self.judge.db.close()
        shutil.rmtree(self.root, ignore_errors=True)

    @property
    def faults(self) -> list[str]:
        """Return what was found wrong."""
        return self.judge.faults

    @property
    def now(self) -> datetime:
        """Return the time."""
        return self.outside.clock.moment

    @property
    def mounted(self) -> bool:
        """Say whether the vault is there."""
        return self.outside.vault.path.is_dir()

    def run(self, steps: int) -> None:
        """Take so many steps, or as many as it takes to find a fault."""
        people = self.people
        acts: tuple[tuple[Callable[[], None], float], ...] = (
            (self.tick, 40),
            (self.work, 34),
            (people.press, 16),
            (self.trouble, 3),
            (self.mend, 4),
            (self.kill, 2),
            (self.restart, 1),
            (self.disaster, 0.1),
        )
        chosen, weights = zip(*acts, strict=True)
        for act in self.random.choices(chosen, weights, k=steps):
            self.steps += 1
            self._do(act)
            if self.steps % 50 == 0:
                self.judge.whole(mounted=self.mounted)
            if self.faults:
                self.judge.faults[0] += f" [seed {self.seed}, step {self.steps}, {act.__name__}, {self.now}]"
                return

    def _do(self, act: Callable[[], None]) -> None:
        self.acts[act.__name__] += 1
        try:
            act()
        except Killed:
            self._start()
        self.judge.look(self.now)

    # Time and work

    def tick(self) -> None:
        """Let some hours pass, at rare times set the clock, and do every duty once."""
        chance = self.random.random()
        self._pass(timedelta(minutes=self.random.randint(1, 1200)))
        if chance < 0.01:
            self._set(self.random.randint(-24 * 40, 24 * 40))
        elif chance < 0.03:
            self._set(self.random.randint(-24, 24))
        self.duties()

    def _set(self, hours: int) -> None:
        """Set the clock, to no time before anything began: how much of that was missed nobody can say."""
        before = self.now
        self.outside.clock.moment = max(before + timedelta(hours=hours), self.begun_at + DAY)
        if self.now < before:
            for diary in self.diaries.values():
                diary.set_back(self.now)

    def duties(self) -> None:
        """Wake the schedules, save manifests, let go, delete."""
        bot, now = self.bot, self.now
        for name in self._reconfigured:
            self.schedule_changed(name)
        for duty in bot.time.duties:
            duty.do(now)
            self.judge.look(now)
        self._reconfigured.clear()
        for name, diary in self.diaries.items():
            if fault := diary.woken(self.judge.db, now, self.lives):
                self.faults.append(f"{name}: {fault}")
        bot.save(now)
        self.judge.look(now)
        bot.time.expire(now)
        self.judge.look(now)
        bot.time.prune(now)

    def work(self) -> None:
        """Let what is held in the runner run: one run, or all of them."""
        runner = self.bot.runner
        keys = list(runner.waiting)
        for key in keys if self.random.random() < 0.7 else keys[:1]:
            if key in runner.waiting:
                runner.run(key)
                self.judge.look(self.now)

    # Trouble

    def trouble(self) -> None:
        """Let something outside go wrong."""
        kind = self.random.randrange(4)
        if kind == 0:
            self.outside.engine.away.add(self.random.choice(list(self.outside.sources)))
        elif kind == 1 and self.mounted:
            self.outside.vault.path.rename(self.root / "away")
        elif kind == 2:
            self.outside.vault.hooks.torn += 1
        elif self.mounted:
            self._hurt()

    def mend(self) -> None:
        """Let sources and the vault come back."""
        self.outside.engine.away.clear()
        if not self.mounted:
            (self.root / "away").rename(self.outside.vault.path)

    def _hurt(self) -> None:
        """Change the stored bytes of a backup, and have it verified."""
        kept = [row for row in self.judge.rows.values() if row.state == "good" and row.id not in self.judge.hurt]
        if kept:
            self._tear(self.random.choice(kept))

    def _tear(self, row: Row) -> None:
        self.judge.hurt.add(row.id)
        tear(next((self.outside.vault.path / row.source / row.id).glob("*.tar.zst")), self.random)
        with suppress(SafeholdError):
            self.people.verify(row.id)

    def disaster(self) -> None:
        """Have every backup of a source found damaged, and the source away, for ten days."""
        self.mend()
        name = self.random.choice(list(self.outside.sources))
        for row in [row for row in self.judge.rows.values() if row.source == name and row.state == "good"]:
            self._tear(row)
        self.outside.engine.away.add(name)
        for _ in range(20):
            self.work()
            self._pass(DAY / 2)
            self.duties()

    def kill(self) -> None:
        """Have the process die soon, in the middle of whatever it does then."""
        self.bot.fate.left = self.random.randint(1, 60)

    def restart(self) -> None:
        """Let the machine go down, at times for days, and come up again with another policy of a source."""
        if self.random.random() < 0.3:
            self._pass(DAY * self.random.randint(1, 20))
        if self.random.random() < 0.3:
            name = self.random.choice(list(self.outside.sources))
            policy = self.random.choice(("compose", "compose", *POLICIES))
            self.outside.sources[name] = replace(self.outside.sources[name], policy=policy)
        if self.random.random() < 0.1:
            self._reconfigure(self.random.choice(list(self.outside.sources)))
        raise Killed

    def _reconfigure(self, name: str) -> None:
        """Configure another time of day. It holds from the first wake on, where nobody has set a schedule over it."""
        source = self.outside.sources[name]
        self.outside.sources[name] = replace(source, schedule=replace(source.schedule, at=any_time(self.random)))
        self._reconfigured.add(name)

    def schedule_changed(self, name: str) -> None:
        """Begin the diary of a source anew."""
        rows = self.judge.db.execute("select due_at from expected where source = ?", (name,))
        self.diaries[name].changed(self.now, [due_at for (due_at,) in rows])

    def _start(self) -> None:
        """Begin a process, and judge what it has settled."""
        while True:
            self.bot.catalog.close()
            self.lives += 1
            self.bot = begin(self.outside, self.lives)
            if self.random.random() < 0.2:
                self.bot.fate.left = self.random.randint(1, 30)
            with suppress(Killed):
                self._settle()
                return

    def _settle(self) -> None:
        bot = self.bot
        for _ in range(2):
            bot.reconcile(take_over=True)
            self.judge.look(self.now)
            self._pass(timedelta(seconds=15))
        self.judge.settled(bot.owner, bot.runner.knows, mounted=self.mounted)

    # In the middle

    def _between(self) -> None:
        """Let people interfere while the vault works; not while a write is open, for that is one moment."""
        if self._pressing or self.bot.file.writing or self.random.random() < 0.5:
            return
        self._pressing = True
        try:
            self.judge.look(self.now)
            self.people.press()
            self.judge.look(self.now)
        finally:
            self._pressing = False

    def _removing(self, source: str, backup_id: str) -> None:
        self.judge.removing(source, backup_id, self.now)

    def _removed(self, source: str, backup_id: str) -> None:
        """Judge once more, now that people have pressed: a freeze comes too late then, everything else is refused."""
        self.judge.removing(source, backup_id, self.now, begun=True)

    def _pass(self, passed: timedelta) -> None:
        self.outside.clock.moment += passed
        self.outside.clock.seconds += passed.total_seconds()

    def _rules(self, source: str) -> Rules:
        """Return the rules of a source, with days as its zone has them."""
        configured = self.outside.sources[source]
        return replace(POLICIES[configured.policy][1], zone=configured.schedule.zone)

    def _source(self, name: str, zone: str) -> Source:
        at = any_time(self.random)
        prove = self.random.choice((Prove.NEVER, Prove.NEVER, Prove.WEEKLY))
        policy = self.random.choice(list(POLICIES))
        return Source(name, "quick", "local", "here", prove, policy=policy, schedule=Schedule(zone, at))
