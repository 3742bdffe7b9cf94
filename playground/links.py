"""Trigger ids and response URLs: short rights that an interaction hands to the app."""

import secrets
from collections.abc import Callable

from playground.errors import SlackError
from playground.model import ResponseLink, Trigger

LINK_SECONDS = 30 * 60
LINK_USES = 5


class Links:
    """Hand out and take back triggers and response URLs by the clock."""

    def __init__(self, clock: Callable[[], float], trigger_seconds: float) -> None:
        self._clock = clock
        self._trigger_seconds = trigger_seconds
        self._triggers: dict[str, Trigger] = {}
        self._links: dict[str, ResponseLink] = {}

    def trigger(self, person: str, view_id: str = "") -> Trigger:
        """Hand out a trigger; `view_id` names the modal in which the person acted."""
        key = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**13)}.{secrets.token_hex(16)}"
        self._triggers[key] = Trigger(key, person, self._clock(), view_id)
        return self._triggers[key]

    def exchange(self, key: str) -> Trigger:
        """Use a trigger up. Raises invalid_, exchanged_ or expired_trigger_id."""
        trigger = self._triggers.get(key)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if self._clock() - trigger.at > self._trigger_seconds:
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return trigger

    def link(self, channel: str, person: str, message_ts: str = "", thread_ts: str = "") -> ResponseLink:
        """Hand out a response URL's id."""
        link = ResponseLink(secrets.token_urlsafe(18), channel, person, self._clock(), message_ts, thread_ts)
        self._links[link.id] = link
        return link

    def use(self, key: str) -> ResponseLink:
        """Take a link that is still good, without counting. Raises expired_url, used_url."""
        link = self._links.get(key)
        if link is None or self._clock() - link.at > LINK_SECONDS:
            raise SlackError("expired_url", status=404)
        if link.uses >= LINK_USES:
            raise SlackError("used_url", status=404)
        return link
