"""Tortures the verdicts alone: one source's backups through random years, judged whenever something is let go."""

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bench.model_rules import POLICIES, Fact, wrongly_let_go
from core.model.backup import Tier
from core.model.freeze import Freeze
from core.model.hold import Hold
from core.model.person import SYSTEM
from core.model.retention import verdicts
from core.model.verdict import EVERY_LOCK, Candidate, Lock

START = datetime(2000, 1, 1, 3, tzinfo=UTC)
FOR_EVER = datetime.max.replace(tzinfo=UTC)
MOST_STORED = 40
"""So many at most before a policy is asked for that lets most of them go: what is held and frozen piles up."""


@dataclass
class VerdictModel:
    """Random steps; after each, retention is asked, what it lets go is judged, and then it is gone."""

    seed: int
    locks: frozenset[Lock] = EVERY_LOCK
    now: datetime = START
    policy: str = "compose"
    frozen_until: datetime | None = None
    facts: dict[str, Fact] = field(default_factory=dict)
    steps: int = 0
    let_go: int = 0
    faults: list[str] = field(default_factory=list)
    acts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Make the chances of this seed."""
        self.random = random.Random(self.seed)

    def run(self, steps: int) -> None:
        """Take so many steps, or as many as it takes to find a fault."""
        acts = (
            (self._day, 50),
            (self._take, 12),
            (self._fail, 6),
            (self._damage, 4),
            (self._prove, 4),
            (self._hold, 6),
            (self._release, 6),
            (self._freeze, 1),
            (self._thaw, 3),
            (self._use, 6),
            (self._let_be, 10),
            (self._jump, 1),
            (self._change, 2),
            (self._outage, 1),
            (self._disaster, 1),
        )
        chosen, weights = zip(*acts, strict=True)
        for act in self.random.choices(chosen, weights, k=steps):
            self.steps += 1
            act()
            self.acts[act.__name__[1:]] += 1
            self._retain()
            if self.faults:
                return

    def _retain(self) -> None:
        listed = [_candidate(fact) for fact in self.facts.values()]
        freeze = Freeze(SYSTEM, "", START, self.frozen_until) if self.frozen_until else None
        answers = verdicts(listed, POLICIES[self.policy][0], self.now, freeze=freeze, locks=self.locks)
        gone = [self.facts[key] for key, verdict in answers.items() if not verdict.keep]
        frozen = self.frozen_until is not None and self.now < self.frozen_until
        for fact in gone:
            why = wrongly_let_go(fact, self.facts.values(), POLICIES[self.policy][1], self.now, frozen=frozen)
            if why:
                self.faults.append(
                    f"seed {self.seed}, step {self.steps}: {fact.id} of {fact.at} went, against {why} ({self.policy})"
                )
        for fact in [self.facts[key] for key, verdict in answers.items() if verdict.locked_by == (Lock.FLOOR,)]:
            if not wrongly_let_go(fact, self.facts.values(), POLICIES[self.policy][1], self.now, frozen=frozen):
                self.faults.append(f"seed {self.seed}, step {self.steps}: {fact.id} stayed for a floor it is not of")
        for fact in gone:
            del self.facts[fact.id]
        self.let_go += len(gone)

    # What happens

    def _day(self) -> None:
        """Live on to the next run of the schedule, which mostly goes well."""
        self.now += timedelta(hours=self.random.choice((20, 23, 24, 24, 24, 25, 30)))
        tiers = {"daily"} | ({"weekly"} if self.now.isoweekday() == 7 else set())
        self._add(frozenset(tiers | ({"monthly"} if self.now.day == 1 else set())), good=self.random.random() < 0.9)

    def _take(self) -> None:
        self.now += timedelta(minutes=self.random.randint(0, 300))
        self._add(frozenset({"on-demand"}), good=True)

    def _fail(self) -> None:
        self._add(frozenset({"daily"}), good=False)

    def _add(self, tiers: frozenset[str], *, good: bool) -> None:
        fact = Fact(f"b{self.steps:07}", self.now, tiers, good=good)
        if not good:
            kind = self.random.choice(("open", "record", "damaged"))
            fact.open, fact.stored = kind == "open", kind == "damaged"
        self.facts[fact.id] = fact

    def _one(self) -> Fact | None:
        return self.random.choice(list(self.facts.values())) if self.facts else None

    def _damage(self) -> None:
        if (fact := self._one()) and fact.stored:
            fact.good = False

    def _prove(self) -> None:
        if (fact := self._one()) and fact.stored:
            fact.proven = True

    def _hold(self) -> None:
        if (fact := self._one()) and fact.stored:
            days = self.random.choice((1, 10, 40, 200, 0))
            fact.held_until = self.now + timedelta(days=days) if days else FOR_EVER

    def _release(self) -> None:
        held = [fact for fact in self.facts.values() if fact.held_until]
        for fact in held if len(self.facts) > MOST_STORED else held[:1]:
            fact.held_until = None

    def _freeze(self) -> None:
        self.frozen_until = self.now + timedelta(days=self.random.randint(1, 20))

    def _thaw(self) -> None:
        self.frozen_until = None

    def _use(self) -> None:
        if (fact := self._one()) and fact.stored:
            fact.busy = True

    def _let_be(self) -> None:
        for fact in self.facts.values():
            if fact.open:
                fact.open = False
                fact.good = fact.stored = self.random.random() < 0.5
            fact.busy = False

    def _jump(self) -> None:
        """Set the clock, by up to a year either way."""
        jump = timedelta(hours=self.random.randint(-400, 400) * self.random.choice((1, 1, 20)))
        self.now = max(START, self.now + jump)

    def _change(self) -> None:
        self.policy = self.random.choice(list(POLICIES))

    def _outage(self) -> None:
        self.now += timedelta(days=self.random.randint(1, 60))

    def _disaster(self) -> None:
        """Find all that is stored damaged, on some of these days nothing good is left, and let weeks pass."""
        if self.random.random() < 0.2:
            for fact in self.facts.values():
                fact.good = False
            self._outage()


def _candidate(fact: Fact) -> Candidate:
    hold = fact.held_until and Hold(SYSTEM, "", START, None if fact.held_until == FOR_EVER else fact.held_until)
    tiers = frozenset(Tier(tier) for tier in fact.tiers)
    made = Candidate(fact.id, fact.at, tiers, fact.good, fact.open, fact.stored, hold=hold or None)
    return replace(made, busy="being used" if fact.busy else "", proven=fact.proven)
