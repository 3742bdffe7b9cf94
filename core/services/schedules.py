"""The schedule of each source as it stands now: what the configuration says, or what somebody changed it to."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.catalog import Catalog
from core.errors import Stale, UsageError
from core.model.notice import Notice, NoticeKind
from core.model.person import Person, person_fields
from core.model.schedule import Due, Schedule, next_after, upcoming
from core.model.schedule_change import ScheduleChange
from core.model.schedule_told import (
    describe,
    ended_warning,
    goal_warning,
    often_warning,
    skipped_warning,
    stopped_warning,
    window_warning,
)
from core.model.schedule_words import from_fields, to_fields
from core.ports import Clock
from core.services.access import Access, Verb
from core.services.adapters import Adapters

SHOWN = 5
"""How many coming runs are shown before a schedule is saved, beside the next of each tier."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Schedules:
    """Answers when backups are due, and takes changes. Reads the catalog again only where a schedule was changed."""

    catalog: Catalog
    adapters: Adapters
    access: Access
    clock: Clock
    _version: int = -1
    _changed: dict[str, ScheduleChange] = field(default_factory=dict)

    def version(self) -> int:
        """Return a number that grows with every change."""
        return self.catalog.schedules.version()

    def current(self, source: str) -> Schedule:
        """Return the schedule of a source.

        Raises:
            UnknownName: the source.

        """
        return self.of(source, self.changes())

    def of(self, source: str, changes: Mapping[str, ScheduleChange]) -> Schedule:
        """Return the schedule of a source by changes that were asked for before: who looks at many asks once.

        Raises:
            UnknownName: the source.

        """
        change = changes.get(source)
        return self.by(source, change.fields if change is not None else None)

    def by(self, source: str, fields: Mapping[str, Any] | None) -> Schedule:
        """Return the schedule of these fields, the configured one without any.

        Raises:
            UnknownName: the source.

        """
        configured = self.configured(source)
        if fields is None:
            return configured
        try:
            return from_fields(fields)
        except UsageError as error:
            # A zone that this machine does not know must not keep this source, or any other, from its backups.
            logger.warning("the schedule that was set for %s can't be used, the configured one is: %s", source, error)
            return configured

    def changed(self, source: str) -> ScheduleChange | None:
        """Return the newest change of a source's schedule, None where it is as configured and always was."""
        return self.changes().get(source)

    def changes(self) -> Mapping[str, ScheduleChange]:
        """Return the newest change of every source that has one."""
        version = self.version()
        if version != self._version:
            self._changed = {change.source: change for change in self.catalog.schedules.all()}
            self._version = version
        return self._changed

    def history(self, source: str, limit: int = 5) -> tuple[Notice, ...]:
        """Return the newest changes of a source's schedule, each as it was told."""
        return self.catalog.notices.recent(source, NoticeKind.SCHEDULE, limit)

    def next_due(self, source: str) -> Due | None:
        """Return what is due next, None where the schedule is off."""
        return next_after(self.current(source), source, self.clock.now())

    def preview(self, source: str, schedule: Schedule, count: int = SHOWN) -> tuple[Due, ...]:
        """Return the next runs of a schedule that may not be saved yet, and the next of each tier."""
        return upcoming(schedule, source, self.clock.now(), count)

    def warnings(self, source: str, schedule: Schedule) -> tuple[str, ...]:
        """Return where a schedule that may not be saved yet does not fit the one before, the goal or the last run."""
        now, before = self.clock.now(), self.current(source)
        said = (
            stopped_warning(before, schedule, source, now),
            ended_warning(before, schedule),
            skipped_warning(before, schedule, source, now),
            goal_warning(schedule, source, self.adapters.source(source).goal_seconds, now),
            often_warning(schedule, source, now),
            window_warning(schedule, self.last_took(source)),
        )
        return tuple(filter(None, said))

    def last_took(self, source: str) -> float:
        """Return how many seconds the newest good backup worked, 0 where there is none."""
        newest = self.catalog.backups.newest_good(source)
        return sum(newest.timings.values()) if newest else 0.0

    def change(self, source: str, schedule: Schedule, person: Person, seen: int | None = None) -> ScheduleChange:
        """Save a schedule over the configured one; it holds from now on.

        `seen` is the revision of the change that the person looked at, 0 where there was none; None: whatever it is.

        Raises:
            UnknownName, NotAllowed.
            Stale: somebody else has changed it since it was seen.

        """
        return self._save(source, to_fields(schedule), person, lambda: schedule, seen)

    def configured(self, source: str) -> Schedule:
        """Return what the configuration says of a source, whatever was set over it.

        Raises:
            UnknownName: the source.

        """
        return self.adapters.source(source).schedule

    def reset(self, source: str, person: Person, seen: int | None = None) -> ScheduleChange:
        """Let the configured schedule hold again; `seen` as in `change`.

        Raises:
            UnknownName, NotAllowed.
            UsageError: it does already.
            Stale: somebody else has changed it since it was seen.

        """
        change = self.changed(source)
        if change is None or change.fields is None:
            raise UsageError(f"The schedule of {source} is as configured.", hint="Nothing was changed.")
        return self._save(source, None, person, lambda: self.configured(source), seen)

    def _save(
        self,
        source: str,
        fields: dict[str, object] | None,
        person: Person,
        made: Callable[[], Schedule],
        seen: int | None = None,
    ) -> ScheduleChange:
        self.access.require(person, Verb.RETAIN, source, "schedule")
        self.adapters.source(source)
        now, schedule = self.clock.now(), made()
        says = describe(schedule)
        with self.catalog.write():
            _require_seen(self.catalog.schedules.get(source), seen)
            saved = self.catalog.schedules.put(ScheduleChange(source, fields, person, now))
            self.catalog.audit.append(now, person, "schedule", source, says, {"fields": fields})
            self.catalog.notices.tell(
                Notice(
                    NoticeKind.SCHEDULE,
                    source,
                    now.isoformat(),
                    now,
                    {
                        "person": person_fields(person),
                        "says": says,
                        "next": [due.at.isoformat() for due in self.preview(source, schedule)],
                    },
                )
            )
        return saved


def _require_seen(newest: ScheduleChange | None, seen: int | None) -> None:
    if seen is not None and newest is not None and newest.revision != seen:
        raise Stale(
            f"The schedule of {newest.source} was changed meanwhile by {newest.changed_by.said}.",
            hint="Nothing was saved. Look at it again.",
        )


def started_late(due: Due, begun_at: datetime, grace_seconds: float) -> bool:
    """Say whether a run begins after its window, or its time with a grace, is over."""
    return (begun_at - (due.start_by or due.at)).total_seconds() > grace_seconds
