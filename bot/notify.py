"""The message board: watches the catalog and keeps every Slack message and dashboard showing what it says."""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from slack_sdk import WebClient

from bot.bulletin import Bulletin
from bot.draft import Draft
from bot.following import Following
from bot.homes import Homes
from bot.offered import Offers
from bot.postbox import Postbox
from bot.projections import drafts, subject_of
from bot.quiet import Folds, failures_together
from core.bootstrap import Core
from core.errors import BusyError, UnavailableError
from core.model.notice import NoticeKind
from core.model.transfer import Download
from core.services.lead import Lead
from core.services.thin_catalog import TOLD_UNTIL

SECONDS_BETWEEN_LOOKS = 0.3

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class MessageBoard:
    """A thread that projects records to messages, and one for the dashboards, so that neither waits for the other.

    What could not be delivered is tried again. Up to which revision everything was shown is kept in the catalog, so
    that a restart shows what was missed. Of several bots on one catalog only one speaks.
    """

    core: Core
    client: WebClient
    postbox: Postbox
    _due: dict[str, None] = field(default_factory=dict)
    _revision: int = 0
    _kept_revision: int = 0
    _lead: Lead = field(init=False)
    _homes: Homes = field(init=False)
    _bulletin: Bulletin = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _woken: threading.Event = field(default_factory=threading.Event)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        """Make what it works with."""
        self._lead = self.core.lead
        self._homes = Homes(self.core, self.client, lambda: self._lead.held)
        self._bulletin = Bulletin(self.core, self.postbox)

    @property
    def offers(self) -> Offers:
        """Return what decides which buttons stand in what one person alone sees."""
        return self._homes.offers

    @property
    def following(self) -> Following:
        """Return what draws the lists again that people have clicked in."""
        return self._homes.following

    def start(self) -> None:
        """Begin to watch: from where the last process left off, or from now on in a new catalog."""
        self.resume()
        self._thread = threading.Thread(target=self._run, name="message board", daemon=True)
        self._thread.start()
        self._homes.start()

    def finish(self, timeout_seconds: float) -> bool:
        """Deliver everything that happened until now, in a hurry; say whether that was done in time."""
        self.postbox.hurry()
        deadline = time.monotonic() + timeout_seconds
        while self._lead.held and not self._shown():
            if time.monotonic() > deadline:
                return False
            self.wake()
            self._stopped.wait(0.05)
        return True

    def stop(self, timeout_seconds: float = 1.0) -> None:
        """Stop watching. What was not delivered is delivered after the next start, or by who takes over."""
        self._stopped.set()
        self._woken.set()
        self._homes.stop(timeout_seconds / 2)
        if self._thread is not None:
            self._thread.join(timeout_seconds)
            if self._thread.is_alive():
                # A request is under way: who takes over must not look before it has ended, so the place runs out.
                return
        self._lead.release()

    def wake(self) -> None:
        """Look for changes now instead of in a moment."""
        self._woken.set()
        self._homes.wake()

    def opened_home(self, user: str) -> None:
        """Draw this person's dashboard, now and after every change."""
        self._homes.opened(user)

    def took(self, download: Download) -> None:
        """Tell the backup's thread who has taken it."""
        with self._lock:
            self._due[f"download:{download.id}"] = None
        self.wake()

    def resume(self) -> None:
        """Read where the last process left off."""
        kept = self.core.catalog.marks.get(TOLD_UNTIL)
        self._revision = self._kept_revision = int(kept) if kept else self._beginning()
        if kept is None:
            self.core.catalog.marks.put(TOLD_UNTIL, str(self._revision))

    def _beginning(self) -> int:
        """Return where to begin in a catalog that no board knows: now, or where it was made anew of a lost one."""
        rebuilt = self.core.catalog.notices.newest("", NoticeKind.CATALOG)
        return rebuilt.revision - 1 if rebuilt is not None else self.core.catalog.revision()

    def tick(self) -> None:
        """Look for changes once and deliver what is due now, unless another bot does."""
        led = self._lead.held
        if not self._lead.hold():
            return
        if not led:
            self.resume()
        self._look()
        self._deliver()
        if not self._due and not self._bulletin and self._revision != self._kept_revision:
            self.core.catalog.marks.put(TOLD_UNTIL, str(self._revision))
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

    def _shown(self) -> bool:
        """Say whether Slack shows everything that is recorded."""
        return not self._due and not self._bulletin and self._kept_revision >= self.core.catalog.revision()

    def _look(self) -> None:
        changes = self.core.changes(self._revision)
        with self._lock:
            self._due.update(dict.fromkeys(map(subject_of, changes.backups)))
            self._due.update(dict.fromkeys(map(subject_of, changes.restores)))
            self._due.update(dict.fromkeys(map(subject_of, changes.instances)))
        self._bulletin.add(changes.notices)
        self._revision = changes.revision

    def _deliver(self) -> None:
        with self._lock:
            subjects = dict(self._due)
        # Only restores are told in another channel too: while this one waits, nothing else needs to be looked at.
        closed = self.postbox.waits(self.core.config.slack.channel)
        open_ones = [subject for subject in subjects if not closed or subject.startswith("restore:")]
        folds = failures_together(self.core, open_ones)
        head = None if closed else self._bulletin.head()
        waiting = [(self._rank(head), head.since, head)] if head is not None else []
        for subject in open_ones:
            if subject in folds.folded:
                continue
            undone = self._undone(subject, subjects, folds)
            waiting += [(self._rank(draft), draft.since, draft) for draft in undone]
            if not undone:
                self._done(subject)
        # New messages first, results before progress; within these the oldest first.
        for _, _, draft in sorted(waiting, key=lambda one: one[:2]):
            if self._stopped.is_set() or not self._lead.hold():
                return
            self._bring(draft)

    def _undone(self, subject: str, subjects: Mapping[str, None], folds: Folds) -> list[Draft]:
        """Return what of a subject does not stand yet; nothing of one that can't be shown."""
        try:
            standing = drafts(self.core, subject, folds.by_host.get(subject, ()))
            undone = [draft for draft in standing if not self.postbox.settled(draft)]
            return [draft for draft in undone if not self._orphaned(draft, subjects)]
        except (BusyError, UnavailableError):
            raise
        except Exception:
            # A fault of ours with one record must not keep the others waiting, now or after a restart.
            logger.exception("%s can't be shown; it is tried again when it changes", subject)
            return []

    def _bring(self, draft: Draft) -> None:
        try:
            self.postbox.deliver(draft)
        except (BusyError, UnavailableError):
            raise
        except Exception as error:
            logger.exception("%s could not be delivered", draft.subject)
            self.postbox.set_back(draft, type(error).__name__)

    def _done(self, subject: str) -> None:
        with self._lock:
            self._due.pop(subject, None)

    def _orphaned(self, draft: Draft, subjects: Mapping[str, None]) -> bool:
        """Say whether it would answer a message that was never posted and will not be."""
        if not draft.thread or self.postbox.posted(draft.thread, draft.root):
            return False
        return draft.thread not in subjects or self.postbox.gave_up(draft.thread, draft.root)

    def _rank(self, draft: Draft) -> int:
        if not self.postbox.posted(draft.subject, draft.slot):
            return 0
        return 2 if draft.passing else 1
