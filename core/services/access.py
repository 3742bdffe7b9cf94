"""Who may do what: the rights of safehold.toml, with groups read freshly at each decision."""

from dataclasses import dataclass
from enum import StrEnum

from core.config import AccessConfig
from core.errors import NotAllowed
from core.model.person import Door, Person
from core.ports import Groups

EVERYONE = "everyone"


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

    def require(self, person: Person, verb: Verb) -> None:
        """Let the person pass.

        Raises:
            NotAllowed: the right is missing.
            UnavailableError: a group could not be asked.

        """
        if not self.may(person, verb):
            raise NotAllowed(
                f"You don't have the right to {_WORDS.get(verb, verb.value)} here.",
                hint=f"Ask one of those who have it, or your administrator to add you to access.{self._name(verb)}.",
            )

    def allowed(self, verb: Verb) -> tuple[str, ...]:
        """Return the configured ids, groups or "everyone" for a verb."""
        entries: tuple[str, ...] = getattr(self.config, self._name(verb))
        return entries

    @staticmethod
    def _name(verb: Verb) -> str:
        return _LIST_OF.get(verb, verb.value)
