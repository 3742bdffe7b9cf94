"""Who a person is, and who is in a Slack user group, asked at the click."""

import logging
import threading
from dataclasses import dataclass, field
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from core.errors import UnavailableError
from core.model.person import Door, Person
from core.ports import Clock, Groups

SECONDS_REMEMBERED = 60.0
"""For drawing: Slack answers about 20 questions for the members of a group a minute, for the whole app."""
SECONDS_WAITED = 2.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SlackGroups:
    """The user groups of a workspace. Nothing is remembered: who left a group has lost its rights."""

    client: WebClient

    def members(self, group: str) -> frozenset[str]:
        """Return the user ids in a group.

        Raises:
            UnavailableError: Slack can't be asked.

        """
        try:
            found = self.client.usergroups_users_list(usergroup=group)
        except (SlackClientError, OSError) as error:
            logger.warning("user group %s could not be read: %s", group, error)
            raise UnavailableError(
                "Slack can't say now who is in the user group that holds this right.",
                hint="Nothing was changed. Try again in a moment.",
            ) from error
        return frozenset(found.get("users") or ())


@dataclass(slots=True)
class RememberedGroups:
    """Groups as they were up to a minute ago: to draw with, never to decide by.

    A group that could not be read is not asked about again for as long. Threads may share it: while one of them asks,
    the others wait a little for what it hears.
    """

    groups: Groups
    clock: Clock
    _asked_at: dict[str, float] = field(default_factory=dict)
    _last: dict[str, frozenset[str]] = field(default_factory=dict)
    _failed: set[str] = field(default_factory=set)
    _asking: dict[str, threading.Lock] = field(default_factory=dict)

    def fresh(self, group: str) -> bool:
        """Say whether Slack need not be asked about a group now."""
        asked_at = self._asked_at.get(group)
        return asked_at is not None and self.clock.monotonic() - asked_at < SECONDS_REMEMBERED

    def known(self, group: str) -> frozenset[str] | None:
        """Return the user ids in a group, None where Slack can't be asked."""
        asking = self._asking.setdefault(group, threading.Lock())
        if not self.fresh(group) and asking.acquire(timeout=SECONDS_WAITED):
            try:
                self._ask(group)
            finally:
                asking.release()
        return None if group in self._failed else self._last.get(group)

    def _ask(self, group: str) -> None:
        if self.fresh(group):  # another thread has just asked
            return
        try:
            self._last[group] = self.groups.members(group)
            self._failed.discard(group)
        except UnavailableError as error:
            logger.info("drawing with what was last known: %s", error)
            self._failed.add(group)
        self._asked_at[group] = self.clock.monotonic()

    def members(self, group: str) -> frozenset[str]:
        """Return the user ids in a group, as last known where Slack can't be asked; empty where they never were."""
        self.known(group)
        return self._last.get(group, frozenset())


def person_of(body: dict[str, Any]) -> Person:
    """Return who sent an envelope: a command, a click, a submitted view or an event."""
    user = body.get("user")
    if isinstance(user, dict):
        return Person(str(user["id"]), str(user.get("username") or user.get("name") or user["id"]), Door.SLACK)
    if "user_id" in body:
        return Person(str(body["user_id"]), str(body.get("user_name") or body["user_id"]), Door.SLACK)
    event = body.get("event", {})
    return Person(str(event.get("user", "")), str(event.get("user", "")), Door.SLACK)
