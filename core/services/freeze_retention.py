"""Freeze and thaw: while people look into an incident, nothing of any source is let go or deleted."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.catalog import Catalog
from core.errors import Stale, UsageError
from core.model.freeze import Freeze
from core.model.notice import Notice, NoticeKind
from core.model.person import Person, person_fields
from core.model.until_typed import require_to_come
from core.ports import Clock
from core.services.access import Access, Verb
from core.services.text import checked_text

LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class FreezeRetention:
    """Freeze all retention until a time, instead of a freeze that is in force."""

    catalog: Catalog
    access: Access
    clock: Clock

    def __call__(self, person: Person, until: datetime, reason: str = "") -> Freeze:
        """Put it in force at once.

        Raises:
            NotAllowed.
            UsageError: the time is past, or more than a year away, or the reason can't be shown.

        """
        self.access.require(person, Verb.RETAIN)
        now = self.clock.now()
        require_to_come(until, now, days=7)
        if until > now + LONGEST:
            hint = f"Name a time up to {now + timedelta(days=365):%Y-%m-%d}, and freeze again when it ends."
            raise UsageError("A freeze lasts a year at most.", hint=hint)
        freeze = Freeze(person, checked_text(reason, "reason"), now, until.astimezone(UTC))
        with self.catalog.write():
            self.catalog.freezes.place(freeze)
            detail = {"until": freeze.until.isoformat(), "reason": freeze.reason}
            self.catalog.audit.append(now, person, "freeze", "retention", "frozen", detail)
            self.catalog.notices.tell(_told(NoticeKind.FROZEN, freeze, person, now))
        return freeze


@dataclass(frozen=True, slots=True)
class ThawRetention:
    """End a freeze before its time."""

    catalog: Catalog
    access: Access
    clock: Clock

    def __call__(self, person: Person) -> Freeze:
        """Let retention go on.

        Raises:
            NotAllowed.
            Stale: nothing is frozen.

        """
        self.access.require(person, Verb.RETAIN)
        now = self.clock.now()
        with self.catalog.write():
            lifted = self.catalog.freezes.lift(person, now)
            if lifted is None:
                raise Stale("Retention is not frozen.", hint="Nothing was changed.")
            self.catalog.audit.append(now, person, "thaw", "retention", "thawed", {"reason": lifted.reason})
            self.catalog.notices.tell(_told(NoticeKind.THAWED, lifted, person, now))
        return lifted


def _told(kind: NoticeKind, freeze: Freeze, person: Person, now: datetime) -> Notice:
    fields = {
        "person": person_fields(person),
        "reason": freeze.reason,
        "until": freeze.until.isoformat(),
    }
    return Notice(kind, "", freeze.placed_at.isoformat(), now, fields)
