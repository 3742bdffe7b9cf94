"""Who may do what: the rights of safehold.toml, with groups read freshly at each decision."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from core.catalog import Catalog
from core.config import AccessConfig
from core.errors import NotAllowed
from core.model.person import Door, Person
from core.ports import Clock, Groups

EVERYONE = "everyone"
LONGEST_SUBJECT = 100
"""Characters of what somebody without a right typed that go into the audit record."""

Note = Callable[[Person, str, str, NotAllowed], None]
"""Keeps a refusal: whom, which act on which subject, as the audit record calls them, and why."""


class Verb(StrEnum):
    """What a right is given for."""

    BACKUP = "backup"
    VERIFY = "verify"
    DOWNLOAD = "download"
    RESTORE = "restore"
    APPROVE = "approve"
    DESTROY = "destroy"
    CANCEL = "cancel"
    KEEP = "keep"
    RETAIN = "retain"


_LIST_OF = {Verb.VERIFY: "backup", Verb.CANCEL: "backup", Verb.KEEP: "backup"}
"""Verbs that share another verb's list: who may take a backup may also check one, stop it or have it kept."""

_WORDS = {
    Verb.BACKUP: "back up",
    Verb.APPROVE: "approve restores",
    Verb.CANCEL: "cancel what others began",
    Verb.KEEP: "keep backups",
    Verb.RETAIN: "change schedules or what is kept",
}
"""Verbs that a sentence says differently."""


@dataclass(frozen=True, slots=True)
class Access:
    """Answers whether a person has a right.

    Somebody at the command line who can write the catalog could do anything to it anyway, so the operating
    system's own rights stand for every right there but one: approving. That needs a place in `approve`
    ("os:login"), or the recorded break-glass.
    """

    config: AccessConfig
    groups: Groups
    note: Note

    def may(self, person: Person, verb: Verb) -> bool:
        """Say whether the person has the right, by id, by group or as everyone.

        Raises:
            UnavailableError: a group had to be asked and could not be.

        """
        if person.door is Door.SYSTEM:
            return True
        if person.door is Door.COMMAND_LINE and verb is not Verb.APPROVE:
            return True
        allowed = self.allowed(verb)
        if EVERYONE in allowed or person.id in allowed:
            return True
        return any(person.id in self.groups.members(entry) for entry in allowed if entry.startswith("S"))

    def require(self, person: Person, verb: Verb, subject: str, act: str = "") -> None:
        """Let the person pass; a refusal is noted, of the verb unless the record calls the act something else.

        Raises:
            NotAllowed: the right is missing.
            UnavailableError: a group could not be asked.

        """
        if not self.may(person, verb):
            said = f"You don't have the right to {_WORDS.get(verb, verb.value)} here."
            hint = f"Ask one of those who have it, or your administrator to add you to access.{self._name(verb)}."
            self.refuse(person, act or verb.value, subject, NotAllowed(said, hint=hint))

    def refuse(self, person: Person, act: str, subject: str, why: NotAllowed) -> NoReturn:
        """Note a refusal and raise it. Not within a write, which would take the note back."""
        self.note(person, act, subject, why)
        raise why

    def allowed(self, verb: Verb) -> tuple[str, ...]:
        """Return the configured ids, groups or "everyone" for a verb."""
        entries: tuple[str, ...] = getattr(self.config, self._name(verb))
        return entries

    @staticmethod
    def _name(verb: Verb) -> str:
        return _LIST_OF.get(verb, verb.value)


def noted_in(catalog: Catalog, clock: Clock) -> Note:
    """Return what puts refusals into the audit record of a catalog."""

    def note(person: Person, act: str, subject: str, why: NotAllowed) -> None:
        detail = {"why": why.message}
        catalog.audit.append(clock.now(), person, act, subject[:LONGEST_SUBJECT], f"refused: {why.code}", detail)

    return note
