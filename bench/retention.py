"""What a verdict on each of a million backups costs: seconds as a ratio to sorting them, and memory.

Run it with `python -m bench.retention [--backups 1000000]`. One source's daily backups over centuries, with the
tiers of their days, in random order: far more than any source keeps, so that what grows is seen.
"""

import argparse
import gc
import random
import time
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter

from tabulate import tabulate

from core.model.backup import Tier
from core.model.policy import COMPOSE, Policy
from core.model.retention import verdicts
from core.model.span import Span, Unit
from core.model.verdict import Candidate

START = datetime(1, 1, 2, 3, tzinfo=UTC)
CALENDAR = Policy("calendar", newest_of=((Unit.DAY, 14), (Unit.WEEK, 8), (Unit.MONTH, 12), (Unit.YEAR, 5)))
WITHIN = Policy("within", within=Span(30, Unit.DAY), floor=3)
RUNS = 3
MEASURED = 100_000
"""Of so many the memory is measured: watching it makes everything some ten times slower."""


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backups", type=int, default=1_000_000)
    count = parser.parse_args().backups
    rows = []
    for size in (count // 100, count // 10, count):
        listed = _backups(size)
        sort = min(_seconds(lambda listed=listed: _sorted(listed)) for _ in range(RUNS))
        for policy in (COMPOSE, CALENDAR, WITHIN):
            took = min(_asked(listed, policy) for _ in range(RUNS))
            rows.append((f"{size:,}", policy.name, sort, took, took / sort, took / size * 1e6, _memory(listed, policy)))
    headers = ["backups", "policy", "sorted, s", "verdicts, s", "ratio", "µs a backup", "bytes a backup"]
    print(tabulate(rows, headers=headers, floatfmt=("", "", ".3f", ".3f", ".2f", ".2f", ".0f")))


def _backups(count: int) -> list[Candidate]:
    step = timedelta(days=3_600_000 / count) if count > 3_600_000 else timedelta(days=1)
    made = []
    for number in range(count):
        at = START + number * step
        tiers = {Tier.DAILY} | ({Tier.WEEKLY} if at.isoweekday() == 7 else set())
        made.append(Candidate(f"{number:08x}", at, frozenset(tiers | ({Tier.MONTHLY} if at.day == 1 else set()))))
    random.Random(1).shuffle(made)
    return made


def _sorted(listed: Sequence[Candidate]) -> list[Candidate]:
    """Sort as newest first needs it, by two keys: in the fastest way that was found."""
    ordered = sorted(listed, key=attrgetter("id"), reverse=True)
    ordered.sort(key=attrgetter("at"), reverse=True)
    return ordered


def _asked(listed: Sequence[Candidate], policy: Policy) -> float:
    now = max(one.at for one in listed) + timedelta(hours=1)
    gc.collect()
    return _seconds(lambda: verdicts(listed, policy, now))


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    made = work()
    took = time.perf_counter() - began
    del made
    return took


def _memory(listed: Sequence[Candidate], policy: Policy) -> float:
    """Return how many bytes are in use at most while it is asked, beside the backups themselves, for each of them."""
    sample = listed[:MEASURED]
    tracemalloc.start()
    verdicts(sample, policy, max(one.at for one in sample))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / len(sample)


if __name__ == "__main__":
    main()
