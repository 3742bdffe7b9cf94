"""Freeze and thaw: while people look into an incident, nothing of any source is let go or deleted."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.catalog import Catalog
from core.errors import NotAllowed, RefusedError, Stale, UsageError
from core.model.freeze import Freeze
from core.model.notice import Notice, NoticeKind
from core.model.person import Person, person_fields
from core.model.until_typed import require_to_come
from core.ports import Clock
from core.services.access import Access, Verb
from core.services.text import checked_text

LONGEST = timedelta(days=366)
FROZEN_LONGER = "Nothing was changed. Freeze until a later time, or end that freeze first: thaw."


class FrozenLonger(RefusedError):
    """A freeze in force ends later than the one that was asked for."""

    def __init__(self, before: Freeze, until: datetime) -> None:
        """Say it in the zone of `until`."""
        ends = f"{before.until.astimezone(until.tzinfo):%Y-%m-%d %H:%M} {until.tzinfo}"
        why = f' ("{before.reason}")' if before.reason else ""
        said = f"{before.person.said} has frozen retention until {ends}{why}, which is later."
        super().__init__(said, hint=FROZEN_LONGER)
        self.before = before


@dataclass(frozen=True, slots=True)
class FreezeRetention:
    """Freeze all retention until a time, instead of a freeze that is in force and ends no later."""

    catalog: Catalog
    access: Access
    clock: Clock

    def __call__(self, person: Person, until: datetime, reason: str = "") -> Freeze:
        """Put it in force at once.

        Raises:
            NotAllowed.
            UsageError: the time is past, or more than a year away, or the reason can't be shown.
            FrozenLonger: a freeze in force ends later: only a thaw makes it shorter, so that nobody does by mistake.

        """
        self.require_right(person)
        now = self.clock.now()
        require_to_come(until, now, days=7)
        if until > now + LONGEST:
            hint = f"Name a time up to {now + timedelta(days=365):%Y-%m-%d}, and freeze again when it ends."
            raise UsageError("A freeze lasts a year at most.", hint=hint)
        freeze = Freeze(person, checked_text(reason, "reason"), now, until.astimezone(UTC))
        with self.catalog.write():
            before = self.catalog.freezes.active(now)
            if before is not None and before.until > until:
                raise FrozenLonger(before, until)
            self.catalog.freezes.place(freeze)
            detail = {"until": freeze.until.isoformat(), "reason": freeze.reason, **_whose(before, person)}
            self.catalog.audit.append(now, person, "freeze", "retention", "frozen", detail)
            self.catalog.notices.tell(_told(NoticeKind.FROZEN, freeze, person, now, before))
        return freeze

    def require_right(self, person: Person) -> None:
        """Let the person pass, before anything is asked.

        Raises:
            NotAllowed: the right is missing; what can be done without it is said.

        """
        if self.access.may(person, Verb.RETAIN):
            return
        instead = (
            "Keep the backups that matter, one by one: that you may. " if self.access.may(person, Verb.KEEP) else ""
        )
        hint = f"{instead}To freeze it, ask one of those who may."
        self.access.refuse(person, "freeze", "retention", NotAllowed("You may not freeze retention.", hint=hint))


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
        self.access.require(person, Verb.RETAIN, "retention", "thaw")
        now = self.clock.now()
        with self.catalog.write():
            lifted = self.catalog.freezes.lift(person, now)
            if lifted is None:
                raise Stale("Retention is not frozen.", hint="Nothing was changed.")
            detail = {"reason": lifted.reason, **_whose(lifted, person)}
            self.catalog.audit.append(now, person, "thaw", "retention", "thawed", detail)
            self.catalog.notices.tell(_told(NoticeKind.THAWED, lifted, person, now, lifted))
        return lifted


def _whose(before: Freeze | None, person: Person) -> dict[str, str]:
    """Return what the record says of somebody else's freeze that this person ends or replaces."""
    return {"of": before.person.id} if before is not None and before.person.id != person.id else {}


def _told(kind: NoticeKind, freeze: Freeze, person: Person, now: datetime, before: Freeze | None) -> Notice:
    fields: dict[str, object] = {
        "person": person_fields(person),
        "reason": freeze.reason,
        "until": freeze.until.isoformat(),
    }
    if before is not None and before.person.id != person.id:
        fields["of"] = {"person": person_fields(before.person), "until": before.until.isoformat()}
    return Notice(kind, "", freeze.placed_at.isoformat(), now, fields)
