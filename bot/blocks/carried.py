"""What travels in the value of a button, or in what a modal remembers, until somebody presses or submits it."""

import json
from dataclasses import asdict, dataclass
from typing import ClassVar, Self

from core.errors import Stale


@dataclass(frozen=True, slots=True)
class Carried:
    """Base of a dataclass of plain values. `WHAT` is shown and `HINT` says how to get a new one."""

    WHAT: ClassVar[str]
    HINT: ClassVar[str]

    def text(self) -> str:
        """Return it as the value of a button."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Self:
        """Return it from the value of a button.

        Raises:
            Stale: the button is of another version of Safehold.

        """
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError) as error:
            raise Stale(f"This {cls.WHAT} is of an older Safehold.", hint=cls.HINT) from error
