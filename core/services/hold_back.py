"""Holds back: where most of what a source has would be let go at once, a person has to say yes first."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.catalog import Catalog
from core.errors import Stale
from core.model.backup import Backup
from core.model.notice import Notice, NoticeKind
from core.model.person import SYSTEM, Person
from core.model.policy import Policy
from core.model.verdict import Verdict
from core.ports import Clock
from core.services.access import Access, Verb
from core.services.adapters import Adapters

MOST_AT_ONCE = 10
MOST_OF_ALL = 0.5
"""More good backups than both at once go only after a yes: a clock was wrong, or a long freeze has ended. Fewer than
that go by themselves in normal life: each of several backups on demand lets the one before go, and when the bot was
down meanwhile they go together."""
MOST_AFTER_A_CHANGE = 1
"""Where the policy is another than the one by which they were kept until now, more than that are enough."""
ALLOWED_FOR = timedelta(hours=24)
REASONS = 3
CHANGED = "The policy is another than it was. "

Going = Sequence[tuple[Backup, Verdict]]


@dataclass(frozen=True, slots=True)
class HoldBack:
    """Says whether what would go of a source has to wait, tells it once, and knows whether somebody said yes."""

    catalog: Catalog

    def holds(self, policy: Policy, source: str, going: Going, good: int, now: datetime) -> bool:
        """Decide on the good backups that would go now, of all good ones; a part of the write in which they would.

        A yes is good for one time, and for exactly those that were shown to who said it.
        """
        shown, allowed = set_of(backup.id for backup, _ in going), self.allowed(source, now)
        changed = self.changed(source, policy)
        if not too_many(len(going), good, changed=changed) or allowed == shown:
            self.clear(source)
            return False
        held = self.waiting(source)
        if allowed or held.get("set") != shown:
            why = f"{CHANGED if changed else ''}{_why(verdict for _, verdict in going)}"
            facts = {"count": len(going), "of": good, "why": why, "set": shown}
            self.catalog.marks.put(_held(source), json.dumps({"at": held.get("at", now.isoformat()), **facts}))
            # A yes to others than these is void, and who said it is told.
            self.catalog.marks.put(_allowed(source), "")
            if allowed or not held:
                self._tell(source, {**facts, "changed": bool(allowed)}, now)
        return True

    def clear(self, source: str) -> None:
        """Take note that nothing of it has to wait any more: a yes is used up, and the next time is told again."""
        if self.catalog.marks.get(_held(source)):
            with self.catalog.write():
                self.catalog.marks.put(_held(source), "")
                self.catalog.marks.put(_allowed(source), "")

    def allowed(self, source: str, now: datetime) -> str:
        """Return the set that a yes in force was said to, "" where there is none."""
        until, _, shown = (self.catalog.marks.get(_allowed(source)) or "").partition(" ")
        # One that is in force for longer than that was said when the clock was ahead.
        in_force = bool(until) and timedelta() < datetime.fromisoformat(until) - now <= ALLOWED_FOR
        return shown if in_force else ""

    def changed(self, source: str, policy: Policy) -> bool:
        """Say whether the policy is another than the one by which the source was last judged to the end."""
        return (self.catalog.marks.get(_judged(source)) or _rules(policy)) != _rules(policy)

    def judged(self, source: str, policy: Policy) -> None:
        """Take note that a source was judged by a policy to the end: nothing is left that waits for a yes."""
        if self.catalog.marks.get(_judged(source)) != _rules(policy):
            self.catalog.marks.put(_judged(source), _rules(policy))

    def waiting(self, source: str) -> Mapping[str, Any]:
        """Return what is held back, {} if nothing is.

        Since when ("at"), how many ("count") of how many ("of"), "why", and which as one word ("set").
        """
        found: Mapping[str, Any] = json.loads(self.catalog.marks.get(_held(source)) or "{}")
        return found

    def _tell(self, source: str, facts: Mapping[str, Any], now: datetime) -> None:
        self.catalog.notices.tell(Notice(NoticeKind.HELD_BACK, source, now.isoformat(), now, facts))
        self.catalog.audit.append(now, SYSTEM, "expire", source, "held back", facts)


@dataclass(frozen=True, slots=True)
class AllowExpiry:
    """Say yes to what was shown to be held back of one source: it is let go once, within a day."""

    catalog: Catalog
    adapters: Adapters
    access: Access
    clock: Clock

    def __call__(self, source: str, person: Person, shown: str) -> datetime:
        """Return until when the yes is in force. What is let go can still be kept for as long as its bytes stay.

        `shown` is the "set" of what the person has seen (`HoldBack.waiting`).

        Raises:
            UnknownName, NotAllowed.
            Stale: nothing of it is held back, or others than were shown.

        """
        self.access.require(person, Verb.RETAIN, source, "allow-expiry")
        name, now = self.adapters.source(source).name, self.clock.now()
        until = now + ALLOWED_FOR
        with self.catalog.write():
            held = HoldBack(self.catalog).waiting(name)
            if not held:
                raise Stale(f"Nothing of {name} is held back.", hint="Nothing was changed.")
            if held.get("set") != shown:
                raise Stale(f"What is held back of {name} has changed since you looked.", hint="Look at it once more.")
            self.catalog.marks.put(_allowed(name), f"{until.isoformat()} {shown}")
            detail = {"until": until.isoformat(), "held back": held}
            self.catalog.audit.append(now, person, "allow-expiry", name, "allowed", detail)
        return until


def too_many(going: int, good: int, *, changed: bool) -> bool:
    """Say whether so many of all good backups may not go at once without a yes."""
    return going > (MOST_AFTER_A_CHANGE if changed else MOST_AT_ONCE) and going > good * MOST_OF_ALL


def _judged(source: str) -> str:
    return f"policy of {source}"


def _rules(policy: Policy) -> str:
    return ", ".join(policy.rules)


def _held(source: str) -> str:
    return f"held back {source}"


def _allowed(source: str) -> str:
    return f"expiry allowed {source}"


def set_of(ids: Iterable[str]) -> str:
    """Return which backups these are, as one word that no other set has."""
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()[:16]


def _why(verdicts: Iterable[Verdict]) -> str:
    counted = Counter(verdict.says for verdict in verdicts)
    named = [f"{says} ({count})" for says, count in counted.most_common(REASONS)]
    return f"The reasons: {', '.join(named)}{', and others' if len(counted) > REASONS else ''}."
