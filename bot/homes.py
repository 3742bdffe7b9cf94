"""The dashboards: drawn when somebody opens one, and again whenever something changes, beside the messages.

Lists that people have clicked in are drawn by the same thread.
"""

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot.access import RememberedGroups
from bot.blocks.home import Ahead, home
from bot.following import Following
from bot.offered import Offers
from core.bootstrap import Core
from core.errors import SafeholdError
from core.model.backup import Backup
from core.model.instance import Instance
from core.model.person import Door, Person
from core.model.restore import Restore
from core.services.browse import Browse, Dashboard

SECONDS_BETWEEN_LOOKS = 0.3
SECONDS_BETWEEN_DRAWINGS = 1.5
"""A dashboard is drawn again at most this often for one person."""
SECONDS_BETWEEN_STEPS = 15.0
"""How often it is drawn where nothing but the progress of a run has changed."""
SECONDS_BETWEEN_TRIES = 10.0
KEPT = timedelta(days=1)
"""For so long after it was opened, a dashboard follows what happens."""
HOMES = 100
OPENED = "slack homes opened"

logger = logging.getLogger(__name__)
Record = Backup | Restore | Instance


@dataclass(slots=True)
class Homes:
    """A thread that draws the dashboards that people have open, and the lists in which they have clicked.

    Each process draws what was opened through it; what changes is drawn by the one that leads.
    """

    core: Core
    client: WebClient
    leads: Callable[[], bool]
    offers: Offers = field(init=False)
    following: Following = field(init=False)
    _due: dict[str, float] = field(default_factory=dict)
    _drawn_at: dict[str, float] = field(default_factory=dict)
    _running: dict[str, Record] = field(default_factory=dict)
    _revision: int = -1
    _browse: Browse | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _woken: threading.Event = field(default_factory=threading.Event)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        """Make what it works with."""
        self.offers = Offers(self.core, RememberedGroups(self.core.access.groups, self.core.clock))
        self.following = Following(self.core, self.client, self.offers)

    def start(self) -> None:
        """Begin to draw."""
        self._thread = threading.Thread(target=self._run, name="dashboards", daemon=True)
        self._thread.start()

    def stop(self, timeout_seconds: float = 1.0) -> None:
        """Stop drawing."""
        self._stopped.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(timeout_seconds)

    def wake(self) -> None:
        """Look for changes now instead of in a moment."""
        self._woken.set()

    def opened(self, user: str) -> None:
        """Draw this person's dashboard, now and after every change."""
        with self._lock:
            self._due[user] = 0.0
            self._drawn_at.pop(user, None)
        marks, now = self.core.catalog.marks, self.core.clock.now()
        with self.core.catalog.write():
            known = {**_read(marks.get(OPENED), now), user: now}
            latest = sorted(known, key=lambda one: known[one])[-HOMES:]
            marks.put(OPENED, json.dumps({one: known[one].isoformat() for one in latest}))
        self.wake()

    def tick(self) -> None:
        """Look for changes once and draw what is due now."""
        if self.leads():
            self._look()
        else:
            self._revision = -1
        self._draw()
        self.following.tick()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self.tick()
            except Exception:
                # It must outlive a full disk or a fault of ours: people look at it for days.
                logger.exception("the dashboards stumbled and go on")
            self._woken.wait(SECONDS_BETWEEN_LOOKS)
            self._woken.clear()

    def _look(self) -> None:
        if self._revision < 0:
            # From now on this process draws for all, so whatever they see may be old.
            self._revision = self.core.catalog.revision()
            self._schedule(SECONDS_BETWEEN_DRAWINGS)
            return
        changes = self.core.changes(self._revision)
        self._revision = changes.revision
        records: tuple[Record, ...] = (*changes.backups, *changes.restores, *changes.instances)
        if records:
            # Each record is compared, so that all are remembered.
            news = [self._is_news(record) for record in records]
            self._schedule(SECONDS_BETWEEN_DRAWINGS if any(news) or changes.notices else SECONDS_BETWEEN_STEPS)
        elif changes.notices:
            self._schedule(SECONDS_BETWEEN_DRAWINGS)

    def _is_news(self, record: Record) -> bool:
        """Say whether more than the progress of a run has changed."""
        key = f"{type(record).__name__} {record.name if isinstance(record, Instance) else record.id}"
        bare = replace(record, step=None, revision=0)
        before = self._running.pop(key, None)
        if record.step is None:
            return True
        self._running[key] = bare
        return bare != before

    def _schedule(self, seconds: float) -> None:
        opened = self._opened()
        with self._lock:
            self._drawn_at = {user: at for user, at in self._drawn_at.items() if user in opened}
            for user in opened:
                at = self._drawn_at.get(user, -seconds) + seconds
                self._due[user] = min(self._due.get(user, at), at)

    def _opened(self) -> dict[str, datetime]:
        return _read(self.core.catalog.marks.get(OPENED), self.core.clock.now())

    def _draw(self) -> None:
        now = self.core.clock.monotonic()
        with self._lock:
            users = [user for user, due in self._due.items() if due <= now]
        for user in users:
            if self._stopped.is_set():
                return
            with self._lock:
                self._due.pop(user, None)
                self._drawn_at[user] = now
            if not self._publish(user) and user in self._opened():
                with self._lock:
                    self._due.setdefault(user, now + SECONDS_BETWEEN_TRIES)

    def _publish(self, user: str) -> bool:
        reader = Person(user, user, Door.SLACK)
        try:
            shown, now = self._drawing().dashboard(reader), self.core.clock.now()
            view = home(shown, user, now, len(self.core.config.sources), self._ahead(shown))
            self.client.views_publish(user_id=user, view=self.offers.view(reader, view))
        except (SafeholdError, SlackClientError, OSError) as error:
            logger.warning("the dashboard of %s could not be drawn: %s", user, error)
            return False
        return True

    def _ahead(self, shown: Dashboard) -> Ahead:
        time = self.core.time
        dues = {status.source.name: time.schedules.next_due(status.source.name) for status in shown.sources}
        return Ahead(dues, time.retention.freeze())

    def _drawing(self) -> Browse:
        """Return what is drawn from: groups may be a minute old there, which no decision is made by."""
        if self._browse is None:
            access = replace(self.core.access, groups=self.offers.groups)
            self._browse = replace(self.core.browse, access=access)
        return self._browse


def _read(kept: str | None, now: datetime) -> dict[str, datetime]:
    """Return who opened a dashboard lately, and when; what an older Safehold kept had no times."""
    found = json.loads(kept or "{}")
    if isinstance(found, list):
        return dict.fromkeys(found, now)
    opened = {user: datetime.fromisoformat(at) for user, at in found.items()}
    return {user: at for user, at in opened.items() if now - at < KEPT}
