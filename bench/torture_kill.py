"""Kill the bot at random moments of backups and restores, start it again, and look for anything untrue or left."""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from tabulate import tabulate

from core.errors import SafeholdError
from core.model.backup import Backup
from core.model.restore import Restore
from core.runtime.identity import alive
from tests.support.stricken import Stricken, stricken_demo

SETTLE_SECONDS = 60.0
TRUTH = {
    "good": "is done and",
    "interrupted": "interrupted",
    "ready": "is *ready*",
}
"""What the message of a run has to say, by the state of its record."""


@dataclass(slots=True)
class Blow:
    """One kill. `seconds`: after the run began (the click, where it was early); `run` is "" where none was recorded.

    `settled`: seconds from the restart until nothing was untrue or left.
    """

    act: str
    seconds: float
    run: str = ""
    step: str = ""
    state: str = ""
    settled: float = 0.0
    checked: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Figures:
    """What the run counted. `good` holds every backup that ever was good."""

    blows: list[Blow] = field(default_factory=list)
    good: set[str] = field(default_factory=set)
    last: str = ""
    survived: bool = True

    @property
    def faults(self) -> list[str]:
        """Return all that was wrong."""
        return [fault for blow in self.blows for fault in blow.faults]


def torture(world: Stricken, kills: int, seed: int, tell: Callable[[Blow], None] = lambda _: None) -> Figures:
    """Kill so often, backups and restores in turn, at moments spread over a run and random in their part of it.

    Every other backup is killed between the click and its storing, a small part of a small graph's backup.
    """
    figures, chance = Figures(), random.Random(seed)
    first, backup_lasts = _whole(world, world.back_up, "good")
    kept, restore_lasts = _whole(world, lambda: world.restore(first), "ready")
    lasts = {"backup": backup_lasts, "restore": restore_lasts, "click": _click_lasts(world)}
    figures.good |= {backup.id for backup in world.good()}
    for act, moment in _moments(kills, lasts, chance):
        blow = _strike(world, first, act, moment)
        _settle(world, blow, figures)
        figures.blows.append(blow)
        tell(blow)
        figures.survived &= _still_there(world, kept)
        for instance in world.ready():
            if instance.restore_id != kept:
                world.destroy(instance)
    figures.last = world.settled(world.back_up())
    return figures


def _whole(world: Stricken, begin: Callable[[], str], expected: str) -> tuple[str, float]:
    """Let a run come to its end; return its id and the seconds it took."""
    run, began = begin(), time.monotonic()
    state = world.settled(run)
    if state != expected:
        raise SystemExit(f"{run} is {state}, before anything was killed: see {world.directory / 'state' / 'logs'}")
    return run, time.monotonic() - began


def _moments(kills: int, lasts: dict[str, float], chance: random.Random) -> Iterator[tuple[str, float]]:
    parts = (kills + 1) // 2
    order = ((part, act) for part in chance.sample(range(parts), parts) for act in ("backup", "restore"))
    for part, act in islice(order, kills):
        kind = "click" if act == "backup" and part % 2 == 0 else act
        yield kind, (part + chance.random()) / parts * lasts[kind]


def _click_lasts(world: Stricken) -> float:
    """Return the seconds from a click until a backup is stored, once everything has been done before."""
    began = time.monotonic()
    run = world.back_up()
    begun = time.monotonic() - began
    world.settled(run)
    return begun + sum(seconds for part, seconds in world.record(run).parts if part != "prove")


def _strike(world: Stricken, backup: str, act: str, moment: float) -> Blow:
    """Begin a run, kill the bot at that moment of it, and start the bot again."""
    blow = Blow("backup" if act == "click" else act, moment)
    if act == "click":
        before, clicked = world.core.catalog.revision(), world.click()
        time.sleep(moment)
        world.kill()
        clicked.join()
        blow.run = next((backup.id for backup in world.core.changes(before).backups), "")
    else:
        blow.run = world.back_up() if act == "backup" else world.restore(backup)
        time.sleep(moment)
        world.kill()
    blow.step = world.step(blow.run) if blow.run else "nothing was recorded yet"
    world.revive()
    return blow


def _settle(world: Stricken, blow: Blow, figures: Figures) -> None:
    """Wait until nothing is wrong, at most a minute; what still is then are the faults."""
    run, began = blow.run, time.monotonic()
    while faults := list(_wrong(world, run, figures)):
        going = bool(run) and _really_runs(world, run)
        if time.monotonic() - began > (4 * SETTLE_SECONDS if going else SETTLE_SECONDS):
            blow.faults = faults
            break
        time.sleep(0.2)
    blow.settled = time.monotonic() - began
    blow.state = world.record(run).state.value if run else "never begun"
    figures.good |= {backup.id for backup in world.good()}
    for backup in sorted(figures.good):
        try:
            world.verify(backup)
            blow.checked += 1
        except SafeholdError as error:
            blow.faults.append(f"{backup} was good: {error}")


def _wrong(world: Stricken, run: str, figures: Figures) -> Iterator[str]:
    catalog = world.core.catalog
    open_ones: list[Backup | Restore] = [*catalog.backups.open_ones(), *catalog.restores.open_ones()]
    for record in open_ones:
        runs = alive(record.owner) is True
        yield f"{record.id} is {record.state.value}{'' if runs else ', and nobody runs it'}"
    yield from (f"{lease.name} is held by {lease.run}" for lease in catalog.leases.held())
    current = catalog.instances.current()
    yield from (f"{i.name} is {i.state.value}" for i in current if i.state.value not in {"ready", "stopped"})
    lost = figures.good - {backup.id for backup in world.good()}
    yield from (f"{backup} was good and is no longer" for backup in sorted(lost))
    yield from (f"left behind: {path}" for path in world.leftovers())
    yield from (f"still runs: {line[:200]}" for line in world.processes())
    yield from (f"port {port} is still open" for port in world.listening())
    yield from _untrue(world, run) if run else ()


def _really_runs(world: Stricken, run: str) -> bool:
    """Say whether a run that was approved and orphaned has been taken over, and so may take its time."""
    record = world.record(run)
    return record.state.open and alive(record.owner) is True


def _untrue(world: Stricken, run: str) -> Iterator[str]:
    """Yield what the messages of a run say that is not so."""
    subject, state = f"{'restore' if run.startswith('r-') else 'backup'}:{run}", world.record(run).state.value
    slots = ("main", "request", "progress") if subject.startswith("restore") else ("main", "outcome")
    for slot in slots:
        found = world.messages(subject, slot)
        if len(found) != 1:
            yield f"{run} has {len(found)} messages in slot {slot}"
        elif slot in {"main", "progress"} and TRUTH.get(state, state) not in found[0]["text"]:
            yield f"{run} is {state}, its message says: {found[0]['text']}"


def _still_there(world: Stricken, restore: str) -> bool:
    """Say whether the first restored instance, which no kill was meant for, runs and answers."""
    kept = [instance for instance in world.ready() if instance.restore_id == restore]
    return bool(kept) and world.answers(kept[0])


def main() -> int:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--kills", type=int, default=20)
    given.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    chosen = given.parse_args()
    print(f"{chosen.kills} kills, seed {chosen.seed}")
    directory = Path(tempfile.mkdtemp(prefix="safehold-kill-"))
    with stricken_demo(directory) as world:
        figures = torture(world, chosen.kills, chosen.seed, lambda blow: print(_line(blow), flush=True))
    shutil.rmtree(directory)
    headers = ("run", "killed after s", "while", "ended as", "settled after s", "good ones read back", "faults")
    print(tabulate([_row(blow) for blow in figures.blows], headers, floatfmt=".2f"))
    print(
        f"{len(figures.blows)} kills, {len(figures.faults)} faults, {len(figures.good)} good backups, "
        f"slowest settled after {max(blow.settled for blow in figures.blows):.1f} s, "
        f"a ready instance {'survived all' if figures.survived else 'WAS LOST'}, the last backup is {figures.last}"
    )
    return int(bool(figures.faults) or figures.last != "good" or not figures.survived)


def _row(blow: Blow) -> tuple[object, ...]:
    run, faults = f"{blow.act} {blow.run}", "; ".join(blow.faults) or "none"
    return run, blow.seconds, blow.step, blow.state, blow.settled, blow.checked, faults


def _line(blow: Blow) -> str:
    faults = "; ".join(blow.faults) or "clean"
    return f"{blow.act} {blow.run}: killed at {blow.seconds:.2f} s, {blow.step}; {blow.state}; {faults}"


if __name__ == "__main__":
    sys.exit(main())
