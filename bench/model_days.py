"""Judges the ledger of expected runs by a calendar alone: one run on each day, or one that makes up for it."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bench.model_rules import exists

DAY = timedelta(days=1)
SUNDAY = 7


@dataclass
class Diary:
    """What one source's schedule did, day by day, since it was set."""

    source: str
    zone: ZoneInfo
    since: datetime
    ran: set[date] = field(default_factory=set)
    covered: dict[date, date] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    days: int = 0
    awake: bool = False
    life: int = 0
    farthest: date = date.min
    passed_over: int = 0

    def __post_init__(self) -> None:
        """Begin."""
        self.changed(self.since, ())

    def changed(self, now: datetime, recorded: Iterable[str]) -> None:
        """Begin anew with another schedule: whether it runs on this day depends on its time.

        `recorded` are the due times in the ledger: they are of the schedule before.
        """
        self.known.update(recorded)
        self.ran, self.covered, self.checked, self.woken_at = set(), {}, self._day(now), now

    def set_back(self, now: datetime) -> None:
        """Let the days from now on pass again, as after a clock that was ahead: each may have another run by then.

        By another schedule, that is: the ledger holds each due time once, however often it comes.
        """
        self.ran = {day for day in self.ran if day < self._day(now)}

    def woken(self, db: sqlite3.Connection, now: datetime, life: int) -> str:
        """Judge the ledger after a wake of the so many'th process; return what is wrong."""
        today, text = self._day(now), now.isoformat(timespec="microseconds")
        asleep = life != self.life or now - self.woken_at > DAY
        if now < self.woken_at or not self.awake:
            # Whether it runs on this day is not known: its time may be over.
            self.checked = min(self.checked, today) if self.awake else today
        self.woken_at, self.awake = now, True
        # What was recorded while the clock was ahead, in a wake that was killed, is of a schedule that may be over.
        ahead = "select due_at from expected where source = ? and due_at > ?"
        self.known.update(due_at for (due_at,) in db.execute(ahead, (self.source, text)))
        newest = "select due_at, day, tiers, covers from expected where source = ? and due_at <= ? order by due_at desc"
        found = db.execute(f"{newest} limit 5", (self.source, text)).fetchall()
        faults = [self._ran(*one) for one in found[::-1] if one[0] not in self.known]
        missed = self._missed(db, today, asleep=asleep)
        self.life, self.farthest = life, max(self.farthest, today)
        return next(filter(None, [*faults, missed]), "")

    def _ran(self, due_at: str, text: str, tiers: str, covers: int) -> str:
        self.known.add(due_at)
        day = date.fromisoformat(text)
        if self._day(datetime.fromisoformat(due_at)) != day:
            return f"the run of {self.source} due {due_at} is not on {day}"
        if day in self.ran:
            return f"{self.source} ran twice on {day}"
        made_up, before = [day], day
        while len(made_up) <= covers:
            before -= DAY
            if exists(before, self.zone):
                made_up.append(before)
        wanted = {"daily"}
        wanted |= {"weekly"} if any(one.isoweekday() == SUNDAY for one in made_up) else set()
        wanted |= {"monthly"} if any(one.day == 1 for one in made_up) else set()
        if set(json.loads(tiers)) != wanted:
            return f"the run of {self.source} on {day}, for {covers} more, has tiers {tiers}"
        self.ran.add(day)
        self.covered |= dict.fromkeys(made_up[1:], day)
        self.days += 1
        return ""

    def _missed(self, db: sqlite3.Connection, today: date, *, asleep: bool) -> str:
        """Return which day before today had no run, and none that made up for it.

        Where the clock was set back, who wakes after a restart or a leap finds days in the ledger that were run when it
        was ahead, by whichever schedule: what was missed before them is only counted.
        """
        while self.checked < today - DAY:
            self.checked += DAY
            day = self.checked
            # What a run made up for while the clock was ahead is to come again, unless it was down until past that run.
            if day in self.ran or self.covered.get(day, date.max) <= today or not exists(day, self.zone):
                continue
            if asleep and day <= self.farthest:
                self.passed_over += 1
                continue
            any_run = "select 1 from expected where source = ? and day = ?"
            if not db.execute(any_run, (self.source, day.isoformat())).fetchone():
                return f"{self.source} did not run on {day}"
        return ""

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()
