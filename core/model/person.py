"""Who acts, and through which door."""

from dataclasses import dataclass
from enum import StrEnum


class Door(StrEnum):
    """The way a request came in."""

    SLACK = "slack"
    COMMAND_LINE = "command-line"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who asks or decides.

    `id` is a Slack user id ("U0123ABC") or an operating-system login ("os:anna"); rights are given to ids.
    `name` is for display outside Slack only.
    """

    id: str
    name: str
    door: Door

    @property
    def said(self) -> str:
        """Return who it is in words: a login alone would be nobody whom people in Slack know."""
        name = self.name or self.id
        return f"{name} on the command line" if self.door is Door.COMMAND_LINE else name


SYSTEM = Person(id="safehold", name="Safehold", door=Door.SYSTEM)


def person_fields(person: Person) -> dict[str, str]:
    """Return what is stored and told of a person, as JSON."""
    return {"id": person.id, "name": person.name, "door": person.door.value}
