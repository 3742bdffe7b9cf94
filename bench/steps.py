"""Follow a run's step from outside, and choose the next step for a kill: the one that was hit least."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

UNRECORDED = "clicked, nothing recorded"
FIRST = {
    "backup": (UNRECORDED, "pending", "checking", "capturing", "storing", "verifying"),
    "restore": (UNRECORDED, "approved", "checking", "unpacking"),
}
"""The steps that a run begins with, in their order."""
PAUSE_SECONDS = 0.001
BEFORE_PROOF = frozenset({"checking", "capturing", "storing", "verifying"})


def step_of(record: Any) -> str:
    """Return how far a run is, by its record: the step of a running one, else its state.

    What a backup does after "verifying" is its proof, which has steps of its own.
    """
    if record.step is None:
        return str(record.state.value)
    name = str(record.step.name)
    proves = not record.id.startswith("r-") and name not in BEFORE_PROOF
    return f"proving: {name}" if proves else name


@dataclass(slots=True)
class Steps:
    """The steps of one kind of run, in their order, with the seconds that a whole run spent in each."""

    lasts: dict[str, float] = field(default_factory=dict)
    aimed: Counter[str] = field(default_factory=Counter)
    hit: Counter[str] = field(default_factory=Counter)

    def aim(self, chance: random.Random) -> tuple[str, float]:
        """Choose one of the steps that were hit least, and how many seconds into it to strike.

        What was aimed at counts twice as much: a step that is over too soon to be hit is not tried for ever.
        """
        tried = {step: 2 * self.aimed[step] + self.hit[step] for step in self.lasts}
        chosen = chance.choice([step for step, count in tried.items() if count == min(tried.values())])
        return chosen, chance.random() * self.lasts[chosen]

    def count(self, aim: str, hit: str) -> None:
        """Count a kill: what was aimed at, and what was hit."""
        self.aimed[aim] += 1
        self.hit[hit] += 1

    def reached(self, step: str, aim: str) -> bool:
        """Say whether a run has come to a step, or past it: what is not known comes after all that is."""
        order = list(self.lasts)
        return step not in order or order.index(step) >= order.index(aim)


def follow(look: Callable[[], str], over: Callable[[str], bool], seconds: float) -> dict[str, float]:
    """Look until it is over; return the seconds spent in each step, in the order they came.

    Raises:
        TimeoutError: it is not over in time.

    """
    spent: dict[str, float] = {}
    deadline = time.monotonic() + seconds
    before = time.monotonic()
    while not over(step := look()):
        now = time.monotonic()
        spent[step] = spent.get(step, 0.0) + now - before
        before = now
        if now > deadline:
            raise TimeoutError(f"still {step} after {seconds:g} s")
        time.sleep(PAUSE_SECONDS)
    return spent
