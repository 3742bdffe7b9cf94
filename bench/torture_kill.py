"""Kill the bot in every step of backups and restores, start it again, and look for anything untrue or left."""

import argparse
import json
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from tabulate import tabulate

from bench.steps import FIRST, UNRECORDED, Steps, follow, step_of
from core.errors import SafeholdError
from core.model.backup import Backup
from core.model.restore import Restore
from core.runtime.identity import alive
from tests.support.stricken import RUN_SECONDS, Stricken, stricken_demo

SETTLE_SECONDS = 60.0
TRUTH = {
    "good": "is done and",
    "interrupted": "interrupted",
    "ready": "is *ready*",
}
"""What the message of a run has to say, by the state of its record."""


@dataclass(slots=True)
class Blow:
    """One kill: of which act, in which step by the record, how many seconds after the click.

    `aim` is the step that was meant; `run` is "" where none was recorded. `settled`: seconds from the restart until
    nothing was untrue or left.
    """

    act: str
    aim: str
    seconds: float = 0.0
    run: str = ""
    step: str = ""
    state: str = ""
    settled: float = 0.0
    checked: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Figures:
    """What the run counted. `good` holds every backup that ever was good; `steps` those of each act."""

    steps: dict[str, Steps]
    blows: list[Blow] = field(default_factory=list)
    good: set[str] = field(default_factory=set)
    last: str = ""
    survived: bool = True

    @property
    def faults(self) -> list[str]:
        """Return all that was wrong."""
        return [fault for blow in self.blows for fault in blow.faults]


@dataclass(slots=True)
class Act:
    """A backup or a restore that was just clicked, watched from outside."""

    world: Stricken
    name: str
    clicked: threading.Thread
    before: int
    run: str = ""

    @classmethod
    def begin(cls, world: Stricken, name: str, backup: str) -> Self:
        """Click, and wait for nothing; a restore is begun by its approval."""
        if name == "backup":
            before = world.core.catalog.revision()
            return cls(world, name, world.click(), before)
        restore = world.ask_restore(backup)
        return cls(world, name, world.approve(restore), 0, restore)

    def step(self) -> str:
        """Return how far it is by the records."""
        if not self.run:
            self.run = next((found.id for found in self.world.core.changes(self.before).backups), "")
        step = step_of(self.world.record(self.run)) if self.run else UNRECORDED
        return UNRECORDED if step == "waiting" else step


def torture(
    world: Stricken,
    acts: Iterable[str],
    seed: int,
    tell: Callable[[Blow], None] = lambda _: None,
    earlier: Sequence[Blow] = (),
) -> Figures:
    """Let each act begin, and kill the bot at a random moment of that step of it which has been hit least.

    What `earlier` runs have hit counts as well.
    """
    chance = random.Random(seed)
    first = world.back_up()
    _require(world, first, "good")
    backup, _ = _whole(world, "backup", first, "good")
    restore, kept = _whole(world, "restore", first, "ready")
    figures = Figures({"backup": backup, "restore": restore}, good={backup.id for backup in world.good()})
    for blow in earlier:
        figures.blows.append(blow)
        figures.steps[blow.act].count(blow.aim, blow.step)
    for act in acts:
        # The newest one: what is older is let go by and by.
        blow = _strike(world, act, figures.steps[act], world.good()[0].id, chance)
        _settle(world, blow, figures)
        figures.blows.append(blow)
        tell(blow)
        figures.survived &= _still_there(world, kept)
        for instance in world.ready():
            if instance.restore_id != kept:
                world.destroy(instance)
    figures.last = world.settled(world.back_up())
    return figures


def _require(world: Stricken, run: str, expected: str) -> None:
    state = world.settled(run)
    if state != expected:
        raise SystemExit(f"{run} is {state}, before anything was killed: see {world.directory / 'state' / 'logs'}")


def _whole(world: Stricken, name: str, backup: str, expected: str) -> tuple[Steps, str]:
    """Let a run come to its end; return its steps and its id."""
    act = Act.begin(world, name, backup)
    spent = follow(act.step, lambda _: bool(act.run) and not world.record(act.run).state.open, RUN_SECONDS)
    act.clicked.join()
    _require(world, act.run, expected)
    # The first are short: one that was not seen this time is aimed at all the same.
    return Steps({**dict.fromkeys(FIRST[name], 0.0), **spent}), act.run


def _strike(world: Stricken, name: str, steps: Steps, backup: str, chance: random.Random) -> Blow:
    """Begin a run, kill the bot in the step that is aimed at, and start the bot again."""
    aim, into = steps.aim(chance)
    act, began = Act.begin(world, name, backup), time.monotonic()
    follow(act.step, lambda step: steps.reached(step, aim), RUN_SECONDS)
    time.sleep(into)
    world.kill()
    act.clicked.join()
    blow = Blow(name, aim, time.monotonic() - began)
    blow.step, blow.run = act.step(), act.run
    steps.count(aim, blow.step)
    world.revive()
    if name == "restore" and blow.step == UNRECORDED:
        # The click was lost with the bot, as Slack said to who clicked: he clicks again.
        world.approve(act.run).join()
    return blow


def _settle(world: Stricken, blow: Blow, figures: Figures) -> None:
    """Wait until nothing is wrong, at most a minute; what still is then are the faults.

    A run that was taken over is no fault while it really goes on, nor is its time counted.
    """
    run, began, taken_over = blow.run, time.monotonic(), 0.0
    while faults := list(_wrong(world, run, figures)):
        passed = time.monotonic() - began
        if passed < RUN_SECONDS and run and _really_runs(world, run):
            blow.settled = blow.settled or passed
            taken_over = passed
        elif passed - taken_over > SETTLE_SECONDS:
            blow.faults = faults
            break
        time.sleep(0.2)
    blow.settled = blow.settled or time.monotonic() - began
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
    given.add_argument("--backups", type=int, default=20, help="how many backups are struck")
    given.add_argument("--restores", type=int, default=20, help="how many restores are struck")
    given.add_argument("--megabytes", type=int, default=64, help="by how much the demo's graph is filled up before")
    given.add_argument("--tally", type=Path, help="a file with the kills of earlier runs: they count, these are added")
    given.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    chosen = given.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that everything that was started ends with us
    acts = _in_turn(chosen.backups, chosen.restores)
    print(f"{len(acts)} kills, seed {chosen.seed}")
    directory = Path(tempfile.mkdtemp(prefix="safehold-kill-"))
    with stricken_demo(directory) as world:
        world.fill(chosen.megabytes)
        earlier = _earlier(chosen.tally)
        figures = torture(world, acts, chosen.seed, lambda blow: print(_line(blow), flush=True), earlier)
    shutil.rmtree(directory)
    if chosen.tally:
        chosen.tally.write_text(json.dumps([asdict(blow) for blow in figures.blows]), "utf-8")
    _print(figures)
    return int(bool(figures.faults) or figures.last != "good" or not figures.survived)


def _earlier(tally: Path | None) -> list[Blow]:
    return [Blow(**blow) for blow in json.loads(tally.read_text("utf-8"))] if tally and tally.exists() else []


def _in_turn(backups: int, restores: int) -> list[str]:
    """Return the acts, the two kinds mixed as evenly as their numbers allow."""
    places = [((n + 0.5) / backups, "backup") for n in range(backups)]
    places += [((n + 0.5) / restores, "restore") for n in range(restores)]
    return [act for _, act in sorted(places)]


def _print(figures: Figures) -> None:
    headers = ("run", "killed after s", "while", "ended as", "settled after s", "good ones read back", "faults")
    print(tabulate([_row(blow) for blow in figures.blows], headers, floatfmt=".2f"))
    print()
    print(tabulate(_by_step(figures), ("run", "step", "lasts s", "kills", "faults", "slowest settled s"), "github"))
    print(
        f"\n{len(figures.blows)} kills, {len(figures.faults)} faults, {len(figures.good)} good backups, "
        f"slowest settled after {max(blow.settled for blow in figures.blows):.1f} s, "
        f"a ready instance {'survived all' if figures.survived else 'WAS LOST'}, the last backup is {figures.last}"
    )


def _by_step(figures: Figures) -> Iterator[tuple[object, ...]]:
    """Yield a row for each step: what was never hit has its row, too."""
    for act, steps in figures.steps.items():
        for step in dict.fromkeys((*steps.lasts, *steps.hit)):
            blows = [blow for blow in figures.blows if (blow.act, blow.step) == (act, step)]
            faults, slowest = sum(len(blow.faults) for blow in blows), max((blow.settled for blow in blows), default=0)
            yield act, step, f"{steps.lasts.get(step, 0):.3f}", len(blows), faults, f"{slowest:.1f}"


def _row(blow: Blow) -> tuple[object, ...]:
    run, faults = f"{blow.act} {blow.run}", "; ".join(blow.faults) or "none"
    return run, blow.seconds, blow.step, blow.state, blow.settled, blow.checked, faults


def _line(blow: Blow) -> str:
    faults = "; ".join(blow.faults) or "clean"
    return f"{blow.act} {blow.run}: killed at {blow.seconds:.2f} s, {blow.step}; {blow.state}; {faults}"


if __name__ == "__main__":
    sys.exit(main())
