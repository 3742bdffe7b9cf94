"""Wakes schedules: what is due is recorded once and begun, what was missed made up for, what failed tried again."""

import heapq
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from core.catalog import Catalog
from core.errors import LeaseHeld, SafeholdError, UnavailableError, UnknownName
from core.model.backup import Backup, BackupState
from core.model.expected import MOST_COVERED, OPEN, ExpectedRun, ExpectedState
from core.model.notice import Notice, NoticeKind
from core.model.person import SYSTEM
from core.model.schedule import Backlog, Due, backlog, next_after
from core.model.schedule_change import ScheduleChange
from core.services.adapters import Adapters
from core.services.create_backup import CreateBackup
from core.services.held_schedules import HeldSchedules, both
from core.services.schedules import Schedules, started_late

GRACE_SECONDS = 900.0
"""A run that begins so late after its time or window is a catch-up, and said to be one."""
RETRIES = (timedelta(minutes=5), timedelta(minutes=20), timedelta(hours=1))
"""How long after each failure a scheduled run is tried again."""
REMEMBERED = timedelta(days=400)
"""How long settled runs stay on record, and as many as this has days stay in any case."""
RECENT = timedelta(days=1)
"""Since a pass that is no longer ago, another bot can have begun one run of a day at most."""
SINCE = "scheduled since"
TO_BEGIN = frozenset({ExpectedState.DUE, ExpectedState.RETRYING})
BEGUN = frozenset({ExpectedState.BEGUN})
TRIED_AGAIN = frozenset({BackupState.FAILED, BackupState.INTERRUPTED, BackupState.DAMAGED})

_UNKNOWN = -1
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class WakeSchedules:
    """One pass begins what is due. Any process may do it, also two at once: the ledger holds each due time once.

    Between passes it remembers when each source is due next, so that a pass costs what is due, not what there is.
    """

    catalog: Catalog
    adapters: Adapters
    schedules: Schedules
    create: CreateBackup
    _held: HeldSchedules = field(init=False)
    _next: list[tuple[datetime, str]] = field(default_factory=list)
    _since: dict[str, datetime] = field(default_factory=dict)
    _owed: dict[str, Backlog] = field(default_factory=dict)
    _version: int = _UNKNOWN
    _first_at: datetime | None = None
    _behind: bool = False
    _woken_at: datetime | None = None

    def __post_init__(self) -> None:
        """Look at what held before."""
        self._held = HeldSchedules(self.catalog, self.schedules)

    def __call__(self, now: datetime) -> None:
        """Follow what was begun, then begin what is due."""
        for run in self.catalog.expected.to_see_to():
            self._each(run, now)
        self._plan(now)
        # A pass that ends half-way, as where the catalog can't be written, has the next one look at everything again.
        planned, self._version = self._version, _UNKNOWN
        while self._next and self._next[0][0] <= now:
            _, source = heapq.heappop(self._next)
            self._due(source, now)
            self._push(source, now, self.schedules.changes())
        self._version, self._woken_at = planned, now

    def stand_by(self) -> None:
        """Forget, where another bot leads, what was due: who leads again begins with the ledger, as after a start."""
        self._woken_at = None

    def _each(self, run: ExpectedRun, now: datetime) -> None:
        try:
            if run.state is ExpectedState.BEGUN:
                self._follow(run, now)
            elif run.state is ExpectedState.DUE or self._retry_due(run, now):
                self._begin(run)
        except UnknownName as error:
            # Its source was taken out of the configuration, or its backup's record is gone: nothing will come of it.
            logger.warning("the run of %s due %s is given up: %s", run.source, run.due_at, error)
            self.catalog.expected.move(run.source, run.due_at, OPEN, state=ExpectedState.GIVEN_UP)
        except SafeholdError as error:
            # One source in trouble must not keep the others waiting.
            logger.warning("the run of %s due %s waits: %s", run.source, run.due_at, error)

    # When what is due

    def _plan(self, now: datetime) -> None:
        """Look at every schedule again where one was changed, a process has just begun, or the clock was set."""
        version, behind = self.schedules.version(), self._is_behind(now)
        seen = (version, behind) == (self._version, self._behind)
        if seen and self._woken_at is not None and now >= self._woken_at:
            return
        self._version, self._behind = _UNKNOWN, behind
        changes = self.schedules.changes()
        self._since = self._begins(now, changes)
        self._next = []
        for source in self.adapters.sources:
            self._push(source, now, changes)
        self._version = version

    def _is_behind(self, now: datetime) -> bool:
        """Say whether it is before the audit record began: the clock is wrong for certain, as without a battery."""
        if self._first_at is None:
            self._first_at = next((entry.at for entry in self.catalog.audit.entries(limit=1)), None)
        return self._first_at is not None and now < self._first_at

    def _begins(self, now: datetime, changes: Mapping[str, ScheduleChange]) -> dict[str, datetime]:
        """Return since when each source's runs count: its newest one that is past, else since it is known here."""
        # What a clock that ran ahead left between the last pass and now would hide what has become due since. Where
        # the last pass is long ago, another bot may have led, and have left it.
        woken_at = self._woken_at or _LONG_AGO
        until = min(now, woken_at) if now - woken_at <= RECENT else now
        newest = self.catalog.expected.newest_by_source(self.adapters.sources, until)
        with self.catalog.write():
            known = self._known(now)
            if self._behind:
                # Or the record began ahead, and nothing is kept until then: what ran says more than this start.
                known = {name: newest.get(name, at) for name, at in known.items()}
            since = {name: max(at, newest.get(name, _LONG_AGO)) for name, at in known.items()}
            held = self._held.note(now, changes, since, restarted=self._woken_at is None, keep=not self._behind)
        # Not under the lock: ten thousand sources whose schedule was changed while nobody looked take seconds.
        self._owed = self._held.owed(held, since)
        return {name: max(at, held[name][-1].since) for name, at in since.items()}

    def _known(self, now: datetime) -> dict[str, datetime]:
        """Return since when each source is known here: where the clock was ahead then, since it was set back."""
        kept = json.loads(self.catalog.marks.get(SINCE) or "{}")
        known = {
            name: min(now, datetime.fromisoformat(kept.get(name, now.isoformat()))) for name in self.adapters.sources
        }
        after = {name: at.isoformat() for name, at in known.items()}
        # What a clock that is far behind says, such as that a source is known since 1970, would count for good.
        if after != kept and not self._behind:
            self.catalog.marks.put(SINCE, json.dumps(after))
        return known

    def _push(self, source: str, now: datetime, changes: Mapping[str, ScheduleChange]) -> None:
        since = min(self._since[source], now)
        owed = self._owed.get(source)
        due = owed.newest if owed else next_after(self.schedules.of(source, changes), source, since)
        if due is not None:
            heapq.heappush(self._next, (due.at, source))

    # What is due

    def _due(self, source: str, now: datetime) -> None:
        """Record the newest due time, with the tiers of all that nobody served, and begin one backup for them."""
        found = both(
            self._owed.pop(source, None), backlog(self.schedules.current(source), source, self._since[source], now)
        )
        if found is None:
            return
        newest, covers = found.newest, found.count - 1
        run = ExpectedRun(
            source=source,
            due_at=newest.at,
            day=newest.day,
            tiers=found.tiers,
            state=ExpectedState.DUE,
            noted_at=now,
            covers=covers,
            covers_since=found.first_at if covers else None,
        )
        self._since[source] = max(newest.at, self._since[source])
        with self.catalog.write():
            if not self.catalog.expected.note(run):
                return
            self._give_up_older(run)
            self.catalog.expected.thin(source, run.due_at - REMEMBERED, REMEMBERED.days)
            self._tell_late(run, newest, now)
        self._each(run, now)

    def _give_up_older(self, run: ExpectedRun) -> None:
        """Let a newer run take the place of one that is still tried again."""
        for older in self.catalog.expected.page(run.source, 5):
            if older.due_at < run.due_at:
                self.catalog.expected.move(older.source, older.due_at, TO_BEGIN, state=ExpectedState.GIVEN_UP)

    def _tell_late(self, run: ExpectedRun, due: Due, now: datetime) -> None:
        if not run.covers and not started_late(due, now, GRACE_SECONDS):
            return
        fields = {
            "due_at": run.due_at.isoformat(),
            "covers": run.covers,
            "covers_since": run.covers_since and run.covers_since.isoformat(),
            "backup_id": "",
        }
        self.catalog.notices.tell(Notice(NoticeKind.CAUGHT_UP, run.source, run.due_at.isoformat(), now, fields))

    # What becomes of it

    def _begin(self, run: ExpectedRun) -> None:
        """Begin its backup, or join the one that runs; the record of both is one write."""
        try:
            with self.catalog.write():
                # Another bot may have begun it since it was looked at, as where this process was paused in between.
                current = self.catalog.expected.move(run.source, run.due_at, TO_BEGIN, state=ExpectedState.BEGUN)
                if current is None:
                    return
                begun = self.create(run.source, SYSTEM, _note(run), tiers=run.tiers, due_at=run.due_at)
                changes = {"backup_id": begun.backup.id, "attempts": current.attempts + 1, "retry_at": None}
                self.catalog.expected.move(run.source, run.due_at, BEGUN, **changes)
        except (LeaseHeld, UnavailableError):
            # Something else holds the source, or the process is about to end: it stays due.
            logger.info("the run of %s due %s waits for its source", run.source, run.due_at)

    def _follow(self, run: ExpectedRun, now: datetime) -> None:
        backup = self.catalog.backups.get(run.backup_id)
        if backup.state.open:
            return
        self.catalog.expected.move(run.source, run.due_at, BEGUN, **_outcome(run, backup, now))

    def _retry_due(self, run: ExpectedRun, now: datetime) -> bool:
        # A time further away than any retry is one that a clock which ran ahead has left.
        return run.retry_at is None or run.retry_at <= now or run.retry_at - now > RETRIES[-1]


def tried_again(runs: Iterable[ExpectedRun]) -> timedelta | None:
    """Return how long after its end the failed backup of these runs is followed by another, None where it is not.

    A newer run that is due by then takes its place.
    """
    waits = [RETRIES[run.attempts - 1] for run in runs if run.state.open and 0 < run.attempts <= len(RETRIES)]
    return min(waits, default=None)


def _outcome(run: ExpectedRun, backup: Backup, now: datetime) -> dict[str, object]:
    if backup.state not in TRIED_AGAIN:
        given_up = backup.state is BackupState.CANCELLED
        return {"state": ExpectedState.GIVEN_UP if given_up else ExpectedState.DONE}
    if run.attempts > len(RETRIES):
        return {"state": ExpectedState.GIVEN_UP}
    return {"state": ExpectedState.RETRYING, "retry_at": now + RETRIES[run.attempts - 1]}


def _note(run: ExpectedRun) -> str:
    if run.attempts:
        return f"try {run.attempts + 1} of the run that was due {run.due_at:%Y-%m-%d %H:%M} UTC"
    if run.covers:
        at_least = "at least " if run.covers == MOST_COVERED else ""
        return f"catch-up for {at_least}{run.covers + 1} runs missed since {run.covers_since:%Y-%m-%d %H:%M} UTC"
    return ""
