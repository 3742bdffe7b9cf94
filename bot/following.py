"""The lists that people have clicked in: drawn again, as each stands, when what is under way in it goes on or ends."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.blocks.listing import ListPlace
from bot.blocks.parts import modal
from bot.ids import View
from bot.lists import Drawing, Row, draw_list, row_of
from bot.offered import Offers
from bot.response_url import SECONDS_GOOD, USES, respond
from core.bootstrap import Core
from core.errors import SafeholdError
from core.model.backup import Backup
from core.model.freeze import Freeze
from core.model.person import Door, Person

LISTS = 500
STEPS = 2
"""So many uses of a response_url go to progress: the others are for the click itself, the end, and a last word."""
SECONDS_BETWEEN_STEPS = 3.0
SECONDS_BETWEEN_TRIES = 10.0
SECONDS_FOLLOWED = SECONDS_GOOD - 60
SECONDS_TO_DRAW = 3

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Where a person sees a list: in a message, reached by the response_url of a click in it, or in a modal.

    `key` tells it from others; without `url` it is the id of the modal.
    """

    key: str
    person: str
    url: str = ""


@dataclass(slots=True)
class Followed:
    """A list as it was drawn last. `since` is when its click came, `left` how often it may still be drawn by that.

    `seen` has what has changed of `rows` since, `begun` what the person has begun and it does not show yet;
    `refrozen` says that it names another freeze than is in force.
    """

    sheet: Sheet
    place: ListPlace
    news: str
    rows: Mapping[str, Row]
    revision: int
    at: datetime
    freeze: Freeze | None
    since: float
    drawn_at: float
    left: int = USES - 1
    turns: int = STEPS
    seen: dict[str, Row] = field(default_factory=dict)
    begun: dict[str, Row] = field(default_factory=dict)
    refrozen: bool = False
    rests_until: float = 0.0
    drawing: threading.Lock = field(default_factory=threading.Lock)

    @property
    def under_way(self) -> bool:
        """Say whether it shows something as under way."""
        return any(row.step is not None for row in self.rows.values())

    @property
    def going(self) -> int:
        """Return how much of that is so still."""
        return sum(row.step is not None and self.seen.get(key, row).step is not None for key, row in self.rows.items())

    @property
    def ends_later(self) -> bool:
        """Say whether an end is still to come that it has to tell, also of what it does not show yet."""
        return bool(self.going) or any(row.step is not None for row in self.begun.values())

    @property
    def news_came(self) -> bool:
        """Say whether more has changed than the step of something."""
        moved = bool(self.begun) or self.refrozen
        return moved or any(row.step is None and row != self.rows[key] for key, row in self.seen.items())

    def note(self, backups: Iterable[Backup], revision: int, freeze: Freeze | None) -> None:
        """Take in what has changed until a revision, and the freeze in force."""
        for backup in backups:
            if backup.id in self.rows:
                self.seen[backup.id] = row_of(backup)
            elif self._would_show(backup):
                self.begun[backup.id] = row_of(backup)
        self.refrozen = freeze != self.freeze
        self.revision = revision

    def _would_show(self, backup: Backup) -> bool:
        own = backup.requested_by.id == self.sheet.person and backup.requested_at > self.at
        first = not (self.place.older_than or self.place.newer_than)
        return own and first and self.place.source in {"", backup.source}

    def due(self, now: float) -> bool:
        """Say whether it is to be drawn now. The end of the last thing under way stays affordable, and a last word."""
        if now < self.rests_until:
            return False
        if self.news_came:
            return self.left > (2 if self.ends_later else 1)
        moved = any(row != self.rows[key] for key, row in self.seen.items())
        rested = now - self.drawn_at >= SECONDS_BETWEEN_STEPS
        return moved and rested and self.turns > 0 and self.left > 1 + max(1, self.going)

    def drew(self, drawing: Drawing, now: float) -> None:
        """Take in how it stands now."""
        if not self.news_came:
            self.turns -= 1
        self.place, self.rows, self.at, self.freeze = drawing.place, drawing.rows, drawing.at, drawing.freeze
        self.seen, self.begun, self.refrozen, self.drawn_at = {}, {}, False, now


@dataclass(slots=True)
class Following:
    """Every process follows the lists that were clicked through it; where it ends, they stand still.

    Clicks come in any thread, `tick` is called by one.
    """

    core: Core
    client: WebClient
    offers: Offers
    _lists: OrderedDict[str, Followed] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def drew(self, sheet: Sheet, drawing: Drawing, news: str = "") -> None:
        """Follow a list from what a click has just drawn. `news` stands above its rows while something goes on."""
        now = self.core.clock.monotonic()
        drawn = Followed(
            sheet, drawing.place, news, drawing.rows, drawing.revision, drawing.at, drawing.freeze, now, now
        )
        with self._lock:
            self._keep(drawn)

    def take(self, sheet: Sheet | None) -> Followed | None:
        """Stop following the list in which somebody clicks: it is theirs to draw. None where it was not followed.

        A drawing of it may be on its way still, under its lock.
        """
        if sheet is None:
            return None
        with self._lock:
            return self._lists.pop(sheet.key, None)

    def put_back(self, taken: Followed, sheet: Sheet) -> None:
        """Follow a list again that a click has left as it was, by that click's response_url; it has been answered."""
        taken.sheet, taken.since = sheet, self.core.clock.monotonic()
        taken.left, taken.turns = USES - 1, STEPS
        with self._lock:
            # A later click may have drawn it meanwhile: what that drew is what the person sees.
            if sheet.key not in self._lists:
                self._keep(taken)

    def tick(self) -> None:
        """Look for changes once and draw what is due now."""
        with self._lock:
            lists = tuple(self._lists.values())
        if not lists:
            return
        changes = self.core.changes(min(followed.revision for followed in lists))
        freeze = self.core.time.retention.freeze()
        now = self.core.clock.monotonic()
        for followed in lists:
            followed.note(changes.backups, max(followed.revision, changes.revision), freeze)
            over = now - followed.since >= SECONDS_FOLLOWED
            if over or followed.due(now):
                self._draw(followed, now, over=over)

    def _keep(self, followed: Followed) -> None:
        self._lists[followed.sheet.key] = followed
        self._lists.move_to_end(followed.sheet.key)
        while len(self._lists) > LISTS:
            self._lists.popitem(last=False)

    def _draw(self, followed: Followed, now: float, *, over: bool) -> None:
        with followed.drawing:
            with self._lock:
                if self._lists.get(followed.sheet.key) is not followed:
                    return
            try:
                ended = not self._drawn(followed, now, over=over) or over
            except (SafeholdError, SlackClientError, OSError) as error:
                logger.info("a list could not be drawn again: %s", error)
                followed.rests_until, ended = now + SECONDS_BETWEEN_TRIES, over
            except Exception:
                logger.exception("a list can't be drawn again")
                ended = True
            if ended:
                with self._lock:
                    self._lists.pop(followed.sheet.key, None)

    def _drawn(self, followed: Followed, now: float, *, over: bool) -> bool:
        """Draw a list; False where Slack no longer takes it. Where its time is over, it says that it stands still."""
        if over and not followed.under_way:
            return True
        news = followed.news if followed.going else ""
        drawing = draw_list(self.core, followed.place, news, follows=not over)
        followed.left -= 1
        if refusal := self._send(followed.sheet, drawing):
            logger.info("a list is no longer followed: %s", refusal)
            return False
        followed.drew(drawing, now)
        return True

    def _send(self, sheet: Sheet, drawing: Drawing) -> str:
        """Show it; return what Slack says where it does not take it."""
        reader = Person(sheet.person, sheet.person, Door.SLACK)
        if sheet.url:
            blocks = self.offers.message(reader, drawing.blocks)
            return respond(sheet.url, blocks, "Backups", replace=True, seconds=SECONDS_TO_DRAW)
        try:
            view = self.offers.view(reader, modal(View.LIST, "Backups", drawing.blocks))
            self.client.views_update(view_id=sheet.key, view=view)
        except SlackApiError as error:
            return str(error.response.get("error"))
        return ""
