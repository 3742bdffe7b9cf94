"""Who is in a user group."""

from typing import Protocol


class Groups(Protocol):
    """Who is in a user group, asked freshly at each decision."""

    def members(self, group: str) -> frozenset[str]:
        """Return the person ids in a group id ("S0123ABC").

        Raises:
            UnavailableError: the directory of groups can't be asked; nobody gets a right from it then.

        """
