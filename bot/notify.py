"""The message board: watches the catalog and keeps every Slack message and dashboard showing what it says."""

import json
import logging
import threading
from dataclasses import dataclass, field

from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot.blocks.home import home
from bot.postbox import Postbox
from bot.projections import Draft, drafts, subject_of
from core.bootstrap import Core
from core.errors import SafeholdError
from core.model.person import Door, Person
from core.model.transfer import Download

SECONDS_BETWEEN_LOOKS = 0.3
SECONDS_BETWEEN_DRAWINGS = 1.5
"""A dashboard is drawn again at most this often for one person."""
SECONDS_BETWEEN_TRIES = 10.0
HOMES = 100
REVISION = "slack board revision"
OPENED = "slack homes opened"

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class MessageBoard:
    """A thread that projects records to messages. What could not be delivered is tried again until it is.

    Up to which revision everything was shown is kept in the catalog, so that a restart shows what was missed.
    """

    core: Core
    client: WebClient
    postbox: Postbox
    _due: dict[str, None] = field(default_factory=dict)
    _homes: dict[str, float] = field(default_factory=dict)
    _drawn_at: dict[str, float] = field(default_factory=dict)
    _opened: list[str] = field(default_factory=list)
    _revision: int = 0
    _kept_revision: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _woken: threading.Event = field(default_factory=threading.Event)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to watch: from where the last process left off, or from now on in a new catalog."""
        self.resume()
        self._thread = threading.Thread(target=self._run, name="message board", daemon=True)
        self._thread.start()

    def stop(self, timeout_seconds: float = 2.0) -> None:
        """Stop watching. What was not delivered is delivered after the next start."""
        self._stopped.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(timeout_seconds)

    def wake(self) -> None:
        """Look for changes now instead of in a moment."""
        self._woken.set()

    def opened_home(self, user: str) -> None:
        """Draw this person's dashboard, now and after every change."""
        with self._lock:
            self._opened = [*(one for one in self._opened if one != user), user][-HOMES:]
            kept = json.dumps(self._opened)
            self._homes[user] = 0.0
            self._drawn_at.pop(user, None)
        self.core.catalog.marks.put(OPENED, kept)
        self.wake()

    def took(self, download: Download) -> None:
        """Tell the backup's thread who has taken it."""
        with self._lock:
            self._due[f"download:{download.id}"] = None
        self.wake()

    def resume(self) -> None:
        """Read where the last process left off."""
        marks = self.core.catalog.marks
        kept = marks.get(REVISION)
        self._revision = self._kept_revision = int(kept) if kept else self.core.catalog.revision()
        with self._lock:
            self._opened = json.loads(marks.get(OPENED) or "[]")
            self._homes = dict.fromkeys(self._opened, 0.0)
        if kept is None:
            marks.put(REVISION, str(self._revision))

    def tick(self) -> None:
        """Look for changes once and deliver what is due now."""
        self._look()
        self._deliver()
        self._draw()
        if not self._due and self._revision != self._kept_revision:
            self.core.catalog.marks.put(REVISION, str(self._revision))
            self._kept_revision = self._revision

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self.tick()
            except Exception:
                # The board must outlive a full disk or a fault of ours: people wait for its messages.
                logger.exception("the message board stumbled and goes on")
            self._woken.wait(SECONDS_BETWEEN_LOOKS)
            self._woken.clear()

    def _look(self) -> None:
        changes = self.core.changes(self._revision)
        changed = dict.fromkeys(map(subject_of, changes.backups))
        changed |= dict.fromkeys(map(subject_of, changes.restores)) | dict.fromkeys(map(subject_of, changes.instances))
        with self._lock:
            self._due.update(changed)
            if changed:
                self._homes = dict.fromkeys(self._opened, 0.0) | self._homes
        self._revision = changes.revision

    def _deliver(self) -> None:
        with self._lock:
            subjects = tuple(self._due)
        waiting: list[tuple[int, Draft]] = []
        for subject in subjects:
            undone = [draft for draft in drafts(self.core, subject) if not self.postbox.stands(draft)]
            undone = [draft for draft in undone if not self._orphaned(draft, subjects)]
            waiting += [(self._rank(draft), draft) for draft in undone]
            if not undone:
                self._done(subject)
        # New messages first, results before progress; within these in the order of their subjects.
        for _, draft in sorted(waiting, key=lambda pair: pair[0]):
            if self._stopped.is_set():
                return
            self.postbox.deliver(draft)

    def _done(self, subject: str) -> None:
        with self._lock:
            self._due.pop(subject, None)

    def _orphaned(self, draft: Draft, subjects: tuple[str, ...]) -> bool:
        """Say whether it would answer a message that was never posted and will not be."""
        return bool(draft.thread) and draft.thread not in subjects and not self.postbox.posted(draft.thread, draft.root)

    def _rank(self, draft: Draft) -> int:
        if not self.postbox.posted(draft.subject, draft.slot):
            return 0
        return 2 if draft.passing else 1

    def _draw(self) -> None:
        now = self.core.clock.monotonic()
        with self._lock:
            drawn = self._drawn_at
            users = [
                u for u, due in self._homes.items() if max(due, drawn.get(u, 0.0) + SECONDS_BETWEEN_DRAWINGS) <= now
            ]
        for user in users:
            with self._lock:
                self._homes.pop(user, None)
                self._drawn_at[user] = now
            if not self._publish(user):
                with self._lock:
                    self._homes[user] = now + SECONDS_BETWEEN_TRIES

    def _publish(self, user: str) -> bool:
        reader = Person(user, user, Door.SLACK)
        try:
            view = home(self.core.dashboard(reader), user, self.core.clock.now())
            self.client.views_publish(user_id=user, view=view)
        except (SafeholdError, SlackClientError, OSError) as error:
            logger.warning("the dashboard of %s could not be drawn: %s", user, error)
            return False
        return True
