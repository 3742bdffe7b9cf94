"""Which schedule of a source holds since when: what an earlier one asked for until it was changed stays owed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import pairwise
from typing import Any

from core.catalog import Catalog
from core.model.schedule import MOST_COUNTED, Backlog, Due, backlog, next_after
from core.model.schedule_change import ScheduleChange
from core.model.schedule_words import to_fields
from core.services.schedules import Schedules

MARK = "schedules held"
MOST_HELD = 20
"""How many schedules of a source are kept: those that held since its newest run, which are one or two."""

CLOCK_AHEAD = timedelta(hours=1)
"""What was changed further in the future than that was by a wrong clock; less is another host's, or a long pass."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Held:
    """A schedule and since when it holds; `revision` is that of the change it came by, 0 as configured."""

    since: datetime
    fields: Mapping[str, Any]
    revision: int

    @classmethod
    def read(cls, row: Sequence[Any]) -> "Held":
        """Return what `row` gives."""
        return cls(datetime.fromisoformat(row[0]), row[1], row[2])

    def row(self) -> list[object]:
        """Return it as JSON can hold it."""
        return [self.since.isoformat(), self.fields, self.revision]


@dataclass(slots=True)
class HeldSchedules:
    """Keeps which schedule held when in a mark, until a newer run has settled what it asked for."""

    catalog: Catalog
    schedules: Schedules
    _aside: str = ""
    _known: dict[str, tuple[tuple[Held, ...], datetime, Backlog | None]] = field(default_factory=dict)

    def note(
        self,
        now: datetime,
        changes: Mapping[str, ScheduleChange],
        begins: Mapping[str, datetime],
        *,
        restarted: bool,
        keep: bool,
    ) -> dict[str, tuple[Held, ...]]:
        """See what was changed, in Slack, at a terminal or in the configuration; return what is not settled yet.

        The last of each source is the schedule of now.
        `begins` says since when the runs of each source count: its newest one. `restarted`: a process that has not
        looked yet. Without `keep`, as with a clock that is far behind, what is seen is remembered and not written.
        Quick enough to be part of a write.
        """
        kept = self.catalog.marks.get(MARK) or "{}"
        before = json.loads(kept if keep else self._aside or kept)
        held = {
            name: self._held(before.get(name), name, changes.get(name), now, begun, restarted=restarted)
            for name, begun in begins.items()
        }
        self._aside = json.dumps({name: [one.row() for one in ones] for name, ones in held.items()})
        if keep and self._aside != kept:
            self.catalog.marks.put(MARK, self._aside)
        return held

    def owed(self, held: Mapping[str, tuple[Held, ...]], begins: Mapping[str, datetime]) -> dict[str, Backlog]:
        """Return what the schedules before the one of now asked for and was not begun, of the sources that have any.

        What was counted before is not counted again: a run may cost milliseconds.
        """
        found = {}
        for name, ones in held.items():
            begun, before = begins[name], self._known.get(name)
            if before is None or before[:2] != (ones, begun):
                before = (ones, begun, reduce(both, self._each(name, ones, begun), None))
            found[name] = before
        self._known = found
        return {name: owed for name, (_, _, owed) in found.items() if owed}

    def _held(
        self,
        kept: Sequence[Sequence[Any]] | None,
        name: str,
        change: ScheduleChange | None,
        now: datetime,
        begun: datetime,
        *,
        restarted: bool,
    ) -> tuple[Held, ...]:
        configured = to_fields(self.schedules.configured(name))
        *earlier, last = [Held.read(row) for row in kept] if kept else [Held(_LONG_AGO, configured, 0)]
        revision = change.revision if change is not None else 0
        fields = change.fields if change is not None and change.fields is not None else configured
        # The same change, and another schedule all the same: it is the configuration that was changed meanwhile.
        at = change.changed_at if change is not None and revision != last.revision else now
        if fields != last.fields:
            earlier.append(last)
            last = Held(at, fields, revision)
        elif revision != last.revision:
            last = replace(last, revision=revision)
        if last.since > now:
            # The clock was ahead then. Taken for now, it would hide from a new process what was missed before. As it
            # is, it would hide what is missed once more before it comes again, so what counts instead is kept.
            wrong = restarted and last.since > now + CLOCK_AHEAD
            last = replace(last, since=_LONG_AGO if wrong else now)
        unsettled = [one for one in earlier if one.since < last.since]
        while len(unsettled) > 1 and unsettled[1].since <= begun:
            del unsettled[0]
        return (*unsettled[-MOST_HELD:], last) if last.since > begun else (last,)

    def _each(self, name: str, held: Sequence[Held], begun: datetime) -> Iterator[Backlog | None]:
        """Yield what each schedule before the one of now has asked for while it held."""
        for one, following in pairwise(held):
            start, until = max(begun, one.since), following.since
            old = self.schedules.by(name, one.fields)
            found = backlog(old, name, start, until) if start < until else None
            if found is not None and self._moved(name, found.newest, next_after(old, name, until), held[-1]):
                # As who changed it was shown: begun too, the day would have two.
                found = backlog(old, name, start, found.newest.at - _SECOND)
            yield found

    def _moved(self, name: str, due: Due, again: Due | None, now: Held) -> bool:
        """Say whether a run comes later that day by the schedule of now, with all its tiers, instead of then.

        `again` is what the schedule that asked for it would have asked for next: before that, nothing was moved.
        """
        coming = next_after(self.schedules.by(name, now.fields), name, now.since)
        if coming is None or coming.day != due.day or not coming.tiers >= due.tiers:
            return False
        return again is None or again.at > coming.at


def both(first: Backlog | None, then: Backlog | None) -> Backlog | None:
    """Return what two schedules have asked for, one after the other."""
    if first is None or then is None:
        return first or then
    count = min(first.count + then.count, MOST_COUNTED)
    return Backlog(then.newest, first.first_at, first.tiers | then.tiers, count)
