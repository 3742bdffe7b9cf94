"""Let bots live thirty years in ten zones, among people, accidents and kills, and judge them after every step.

A third of a million steps goes through the services on a real catalog and a real vault (their files in memory where the
system has room for some), the rest through the verdicts alone. Then each lock is left out, and has to be missed.
"""

import argparse
import logging
import sys
import time as stopwatch
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tabulate import tabulate

from bench.model_services import FIRST_YEAR, ZONES, ServiceModel
from bench.model_verdicts import VerdictModel
from core.model.verdict import EVERY_LOCK, Lock

MEMORY = Path("/dev/shm")  # noqa: S108 - folders in it are made as mkdtemp makes them
AT_ONCE = 500
YEARS, DECADES = 10, 3
BOTS = len(ZONES) // 2 * DECADES
SEEDS_FOR_A_LOCK = 3
MOST_STEPS_FOR_A_LOCK = 30_000


@dataclass
class Account:
    """What one run came to. `counted` is what happened in it."""

    name: str
    steps: int = 0
    seconds: float = 0.0
    counted: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def services(seed: int, bot: int, years: int, most: int, locks: frozenset[Lock] = EVERY_LOCK) -> Account:
    """Have one of the bots live for so many years or steps, or until a fault."""
    logging.disable(logging.CRITICAL)
    zones, year = place(bot)
    until = datetime(year + years, 1, 1, tzinfo=UTC)
    began, account = stopwatch.monotonic(), Account(f"services, seed {seed}, {' and '.join(zones)} from {year} on")
    with ServiceModel(seed, zones, MEMORY if MEMORY.is_dir() else None, locks, year) as model:
        while model.now < until and model.steps < most and not model.faults:
            model.run(min(AT_ONCE, most - model.steps))
        sound = model.bot.catalog.audit.verify() is None
        judge, diaries = model.judge, model.diaries.values()
        account.faults = judge.faults + ([] if sound else ["the audit record is broken"])
        account.counted += Counter(model.acts) + Counter(
            {
                "good": judge.good,
                "let go": judge.let_go,
                "pruned": judge.pruned,
                "lives": model.lives,
                "scheduled days": sum(diary.days for diary in diaries),
                "days passed over after the clock was set back": sum(diary.passed_over for diary in diaries),
            }
        )
        account.steps = model.steps
    account.seconds = stopwatch.monotonic() - began
    return account


def alone(seed: int, steps: int, locks: frozenset[Lock] = EVERY_LOCK) -> Account:
    """Ask for verdicts so many times, or until a fault."""
    began, model = stopwatch.monotonic(), VerdictModel(seed, locks)
    model.run(steps)
    counted = Counter({"let go": model.let_go}) + model.acts
    seconds = stopwatch.monotonic() - began
    return Account(f"verdicts, seed {seed}", model.steps, seconds, counted, model.faults)


def place(bot: int) -> tuple[tuple[str, str], int]:
    """Return the zones of a bot, and the year in which it begins: one for each pair of zones and each decade."""
    pair, decade = divmod(bot % BOTS, DECADES)
    return (ZONES[2 * pair], ZONES[2 * pair + 1]), FIRST_YEAR + YEARS * decade


def missed(
    most: int = MOST_STEPS_FOR_A_LOCK, seeds: int = SEEDS_FOR_A_LOCK
) -> Iterator[tuple[Lock, str, list[Account]]]:
    """Yield for each lock what is found when it is left out, by the services and by the verdicts alone."""
    for lock in Lock:
        rest = EVERY_LOCK - {lock}
        yield lock, "services", [services(seed, seed, YEARS, most, rest) for seed in range(1, seeds + 1)]
        yield lock, "verdicts", [alone(seed, most, rest) for seed in range(1, seeds + 1)]


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bots", type=int, nargs="*", default=range(BOTS), help="each has two zones for ten years")
    parser.add_argument("--years", type=int, default=YEARS)
    parser.add_argument("--most", type=int, default=100_000, help="steps of a bot at most")
    parser.add_argument("--verdicts", type=int, default=700_000, help="steps through the verdicts alone")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-locks", action="store_true", help="don't leave out locks")
    chosen = parser.parse_args()
    faults = 0
    with ProcessPoolExecutor(2) as pool:
        lives = [pool.submit(services, chosen.seed + n, n, chosen.years, chosen.most) for n in chosen.bots]
        each = 50_000
        asked = [pool.submit(alone, chosen.seed + n, each) for n in range(chosen.verdicts // each)]
        for future in (*lives, *asked):
            faults += _told(future.result())
    if not chosen.no_locks:
        faults += _tell_locks(missed())
    print(f"{faults} faults")
    sys.exit(bool(faults))


def _told(account: Account) -> int:
    counted = ", ".join(f"{name} {count}" for name, count in account.counted.most_common())
    print(f"{account.name}: {account.steps} steps in {account.seconds:.0f} s, {len(account.faults)} faults; {counted}")
    print(*account.faults[:10], sep="\n", end="\n" if account.faults else "", flush=True)
    return len(account.faults)


def _tell_locks(found: Iterable[tuple[Lock, str, list[Account]]]) -> int:
    """Print after how many steps each lock was missed; return how many were not, by one of the two ways."""
    rows, unmissed = [], 0
    for lock, way, accounts in found:
        steps = [f"{one.steps:,}" if one.faults else f"not in {one.steps:,}" for one in accounts]
        fault = next((one.faults[0] for one in accounts if one.faults), "")
        unmissed += not fault
        rows.append([lock.value, way, "; ".join(steps), fault])
    print(
        tabulate(
            rows,
            headers=["without the lock", "by", "found at step", "the first fault"],
            maxcolwidths=[None, None, 30, 80],
        )
    )
    return unmissed


if __name__ == "__main__":
    main()
