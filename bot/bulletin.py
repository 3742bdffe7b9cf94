"""The notices that wait to be told: one after the other in their order, those that are alike folded into the newest."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.blocks import notice as notices
from bot.draft import Draft, within_budget
from bot.ids import Slot
from bot.postbox import Postbox
from core.bootstrap import Core
from core.errors import BusyError, UnavailableError
from core.model.backup import Backup
from core.model.notice import Notice, NoticeKind

AGE = frozenset({NoticeKind.OVERDUE, NoticeKind.RECOVERED})
"""Told of one story: where both wait, the newest alone says how it stands."""
MOST_SOURCES = 5
"""When more sources than this have the same to tell, one message tells it of all."""
APART = frozenset({NoticeKind.CATALOG, NoticeKind.HOLD, NoticeKind.FROZEN, NoticeKind.THAWED})
"""Each of these is a story of its own."""

logger = logging.getLogger(__name__)


def subject_of(notice: Notice) -> str:
    """Return the subject that shows a notice."""
    return f"notice:{notice.seq}"


def groups(waiting: Iterable[Notice], hosts: Mapping[int, object]) -> list[tuple[Notice, ...]]:
    """Return what is told together, the newest last, in the order of the newest.

    `hosts` says into which one, itself perhaps, each was folded for which a message was begun: that stays as it is.
    """
    found: dict[object, list[Notice]] = {}
    for notice in sorted(waiting, key=lambda one: one.seq):
        family = "age" if notice.kind in AGE else notice.kind.value
        apart = notice.seq if notice.kind in APART else 0
        key = hosts.get(notice.seq, (family, notice.about, apart))
        found.setdefault(key, []).append(notice)
    told = [tuple(alike) for key, alike in found.items() if isinstance(key, int)]
    for kind in NoticeKind:
        alike = [tuple(one) for key, one in found.items() if not isinstance(key, int) and one[-1].kind is kind]
        told += alike if len(alike) <= MOST_SOURCES or kind in APART else [_together(alike)]
    return sorted(told, key=lambda alike: alike[-1].seq)


def _together(groups: Iterable[tuple[Notice, ...]]) -> tuple[Notice, ...]:
    return tuple(sorted((one for alike in groups for one in alike), key=lambda one: one.seq))


@dataclass(slots=True)
class Bulletin:
    """What waits. Each is told once: its message, or that it was folded into one, is on record. Used by one thread."""

    core: Core
    postbox: Postbox
    _waiting: dict[int, Notice] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Say whether something waits."""
        return bool(self._waiting)

    def add(self, told: Iterable[Notice]) -> None:
        """Take in what is not told yet."""
        self._waiting.update({one.seq: one for one in told if not self.postbox.posted(subject_of(one), Slot.MAIN)})

    def head(self) -> Draft | None:
        """Return what is to be told next; nothing else is told before it stands, or is given up."""
        hosts = {}
        for notice in tuple(self._waiting.values()):
            message = self.core.catalog.messages.get(subject_of(notice), Slot.MAIN)
            if message is not None and message.ts:
                del self._waiting[notice.seq]
            elif message is not None:
                hosts[notice.seq] = int((message.host or message.subject).partition(":")[2])
        for alike in groups(self._waiting.values(), hosts):
            draft = self._draft(alike)
            if draft is not None and not self.postbox.settled(draft):
                return draft
            for notice in alike:
                del self._waiting[notice.seq]
        return None

    def _draft(self, alike: Sequence[Notice]) -> Draft | None:
        *folded, notice = alike
        try:
            thread = self._thread(notice, folded)
            said = notices.message(notice, folded, self._failed(notice))
            blocks, text = within_budget(said.blocks, said.text)
        except (BusyError, UnavailableError):
            raise
        except Exception:
            # A fault of ours with one notice must not keep the others waiting.
            logger.exception("%s can't be shown", subject_of(notice))
            return None
        return Draft(
            subject_of(notice),
            Slot.MAIN,
            self.core.config.slack.channel,
            blocks,
            text,
            folded[0].at if folded else notice.at,
            thread=thread,
            folded=tuple(map(subject_of, folded)),
            patient=True,
            broadcast=True,
            picture=said.picture,
        )

    def _thread(self, notice: Notice, folded: Sequence[Notice]) -> str:
        """Return whose message it answers: that a source has recovered, that it was overdue, where that stands."""
        if notice.kind is not NoticeKind.RECOVERED or folded:
            return ""
        alarm = self.core.catalog.notices.newest(notice.about, NoticeKind.OVERDUE)
        if alarm is None or alarm.seq > notice.seq or not self.postbox.posted(subject_of(alarm), Slot.MAIN):
            return ""
        return subject_of(alarm)

    def _failed(self, notice: Notice) -> Backup | None:
        """Return the failed try that a notice of an overdue source speaks of."""
        if notice.kind is not NoticeKind.OVERDUE:
            return None
        newest = self.core.catalog.backups.newest(notice.about)
        return newest if newest is not None and newest.failure is not None else None
