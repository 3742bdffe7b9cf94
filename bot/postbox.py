"""Brings one message at a time to where it should stand, at the pace that Slack allows, and never twice."""

import logging
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.blocks.parts import Json, plain
from bot.draft import Draft
from bot.ids import METADATA_EVENT
from bot.pictures import Pictures
from bot.refusals import Kind, code_of, kind_of, seconds_to_wait
from core.catalog import Catalog
from core.catalog.messages import Message
from core.ports import Clock

SECONDS_BETWEEN_MESSAGES = 1.0
"""Slack allows about one message a second in a channel, edits counted."""
SECONDS_IN_A_HURRY = 0.2
"""A short burst at the end of the process: Slack allows it, and nobody else would send these for now."""
LONGEST_PAUSE = 30.0
LONGEST_WAIT = 120.0
MOST_REFUSALS = 40
"""A little more than an hour of trying: as long as somebody may need to invite the bot to its channel."""
SECONDS_FOR_A_PICTURE = 2.0
"""Slack looks through a new file for a moment, in which it refuses messages that show it."""
NEVER_SENT = (ConnectionRefusedError, socket.gaierror)
"""Where a connection failed like this, nothing of the request has left."""
_CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{5,}")

logger = logging.getLogger(__name__)
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Refusal:
    """How often a message was refused in a row, when to try it again, what it said then, and when that was."""

    times: int = 0
    until: float = 0.0
    digest: str = ""
    at: float = 0.0


@dataclass(slots=True)
class Postbox:
    """Posts and edits messages. Used by one thread.

    `client` must not repeat requests by itself: a repeated post stands twice.
    """

    client: WebClient
    catalog: Catalog
    clock: Clock
    seconds_between_messages: float = SECONDS_BETWEEN_MESSAGES
    _due: dict[str, float] = field(default_factory=dict)
    _pauses: dict[str, float] = field(default_factory=dict)
    _refusals: dict[Key, Refusal] = field(default_factory=dict)
    _ids: dict[str, str] = field(default_factory=dict)
    _worked_at: float = float("-inf")
    _pictures: Pictures = field(init=False)

    def __post_init__(self) -> None:
        """Make what it works with."""
        self._pictures = Pictures(self.client)

    def settled(self, draft: Draft) -> bool:
        """Say whether nothing is left to do: the message says this already, or was given up with these words."""
        message = self.catalog.messages.get(draft.subject, draft.slot)
        if message is not None and message.ts and (message.digest == draft.digest or message.host):
            return True
        refusal = self._refusals.get(_key(draft), Refusal())
        return refusal.times >= MOST_REFUSALS and refusal.digest == draft.digest

    def posted(self, subject: str, slot: str) -> bool:
        """Say whether there is such a message."""
        message = self.catalog.messages.get(subject, slot)
        return message is not None and bool(message.ts)

    def gave_up(self, subject: str, slot: str) -> bool:
        """Say whether there will be no such message: it was refused too often."""
        refusal = self._refusals.get((subject, str(slot)), Refusal())
        return refusal.times >= MOST_REFUSALS and not self.posted(subject, slot)

    def waits(self, channel: str) -> bool:
        """Say whether nothing can be brought to a channel yet."""
        return self.clock.monotonic() < self._due.get(channel, 0.0)

    def hurry(self) -> None:
        """Send what is left in a burst: the process is about to end."""
        self.seconds_between_messages = min(self.seconds_between_messages, SECONDS_IN_A_HURRY)

    def deliver(self, draft: Draft) -> bool:
        """Bring the message to where it should stand; False where that has to wait: call again later."""
        now, refusal = self.clock.monotonic(), self._refusals.get(_key(draft), Refusal())
        if now < max(self._due.get(draft.channel, 0.0), refusal.until):
            return False
        try:
            done = self._bring(draft)
        except SlackApiError as error:
            return self._refused(draft, error)
        except (SlackClientError, OSError) as error:
            self._pause(draft.channel, f"Slack can't be reached: {error}")
            return False
        self._pauses.pop(draft.channel, None)
        self._refusals.pop(_key(draft), None)
        return done

    def set_back(self, draft: Draft, why: str, *, most: int = MOST_REFUSALS) -> None:
        """Let this message alone wait, longer each time; in the end give it up, until it has something new to say."""
        times, now = min(self._refusals.get(_key(draft), Refusal()).times + 1, most), self.clock.monotonic()
        wait = min(2.0 ** min(times - 1, 16), LONGEST_WAIT)
        self._refusals[_key(draft)] = Refusal(times, now + wait, draft.digest, now)
        said = f"trying it again in {wait:.0f} s" if times < MOST_REFUSALS else "given up"
        logger.warning("%s, %s in %s: %s; %s", draft.subject, draft.slot, draft.channel, why, said)

    def _bring(self, draft: Draft) -> bool:
        message = self.catalog.messages.get(draft.subject, draft.slot)
        if message is not None and message.ts:
            self._spend(draft.channel)
            self.client.chat_update(channel=message.channel, ts=message.ts, text=draft.text, blocks=draft.blocks)
            self._keep(draft, message.channel, message.ts, draft.digest)
            return True
        root = self._root(draft)
        if draft.thread and root is None:
            return False
        fresh = self.catalog.messages.intend(draft.subject, draft.slot, draft.channel, draft.folded)
        if not fresh:
            # We died, or lost the answer, between the intention and the record: it may stand already.
            found = self._look(draft, root)
            self._worked_at = self.clock.monotonic()
            if found is not None:
                self._keep(draft, *found, "")
            else:
                # Nothing stands, so what it tells of may have become more meanwhile: it begins anew.
                self._withdraw(draft)
            return False
        self._post(draft, root, self._pictures.drawn(draft))
        return True

    def _post(self, draft: Draft, root: Message | None, blocks: list[Json]) -> None:
        self._spend(draft.channel)
        try:
            answer = self.client.chat_postMessage(
                channel=root.channel if root else draft.channel,
                thread_ts=root.ts if root else None,
                reply_broadcast=True if root and draft.broadcast else None,
                text=draft.text,
                blocks=blocks,
                metadata={
                    "event_type": METADATA_EVENT,
                    "event_payload": {"subject": draft.subject, "slot": str(draft.slot)},
                },
                unfurl_links=False,
                unfurl_media=False,
            )
        except SlackApiError as error:
            if kind_of(error) is not Kind.BROKEN:
                # Slack said no to this very request, so nothing stands that would have to be looked for.
                self._withdraw(draft)
            raise
        except OSError as error:
            if isinstance(getattr(error, "reason", None), NEVER_SENT):
                self._withdraw(draft)
            raise
        self._keep(draft, str(answer["channel"]), str(answer["ts"]), draft.digest)

    def _root(self, draft: Draft) -> Message | None:
        if not draft.thread:
            return None
        root = self.catalog.messages.get(draft.thread, draft.root)
        return root if root is not None and root.ts else None

    def _look(self, draft: Draft, root: Message | None) -> tuple[str, str] | None:
        """Find a message of ours by its metadata. Returns its channel and ts."""
        channel = root.channel if root else self._id_of(draft.channel)
        wanted = {"subject": draft.subject, "slot": str(draft.slot)}
        for message in self._history(channel, root, f"{draft.since.timestamp() - 60:.6f}"):
            metadata = message.get("metadata") or {}
            if metadata.get("event_type") == METADATA_EVENT and metadata.get("event_payload") == wanted:
                return channel, str(message["ts"])
        return None

    def _history(self, channel: str, root: Message | None, oldest: str) -> Iterator[dict[str, Any]]:
        cursor = None
        while True:
            asked: dict[str, Any] = {"oldest": oldest, "limit": 200, "cursor": cursor, "include_all_metadata": True}
            if root is not None:
                answer = self.client.conversations_replies(channel=channel, ts=root.ts, **asked)
            else:
                answer = self.client.conversations_history(channel=channel, **asked)
            yield from answer.get("messages") or ()
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return

    def _id_of(self, channel: str) -> str:
        """Return a channel's id: only posting methods take names."""
        if _CHANNEL_ID.fullmatch(channel):
            return channel
        if channel not in self._ids:
            for page in self.client.conversations_list(
                types="public_channel,private_channel", exclude_archived=True, limit=200
            ):
                self._ids.update({f"#{found['name']}": found["id"] for found in page["channels"]})
        name = f"#{channel.lstrip('#')}"
        return self._ids.get(name, channel)

    def _keep(self, draft: Draft, channel: str, ts: str, digest: str) -> None:
        self._worked_at = self.clock.monotonic()
        self.catalog.messages.put(Message(draft.subject, draft.slot, channel, ts, 0, digest), draft.folded)

    def _withdraw(self, draft: Draft) -> None:
        self.catalog.messages.withdraw(draft.subject, draft.slot, draft.channel)

    def _spend(self, channel: str) -> None:
        self._due[channel] = self.clock.monotonic() + self.seconds_between_messages

    def _refused(self, draft: Draft, error: SlackApiError) -> bool:
        """Take Slack's no: wait, give a message up that can't be edited, or show it without its blocks."""
        kind, code = kind_of(error), code_of(error)
        if self._only_waits(draft, error):
            return False
        message = self.catalog.messages.get(draft.subject, draft.slot)
        if kind in {Kind.GONE, Kind.UNSHOWABLE} and message is not None and message.ts:
            logger.warning("the message of %s can't be edited and stays as it is: %s", draft.subject, code)
            self._keep(draft, message.channel, message.ts, draft.digest)
            return True
        if kind is Kind.UNSHOWABLE:
            logger.error("Slack refused the blocks of %s: %s", draft.subject, error.response.get("response_metadata"))
            return self._post_words(draft)
        waits_on = draft.patient and kind is Kind.GONE
        self.set_back(draft, f"Slack refused it: {code}", most=MOST_REFUSALS - waits_on)
        return False

    def _only_waits(self, draft: Draft, error: SlackApiError) -> bool:
        """Let the channel wait where the refusal says nothing of this message; say whether it was so."""
        kind, code, channel = kind_of(error), code_of(error), draft.channel
        if kind is Kind.TOO_MANY:
            self._due[channel] = self.clock.monotonic() + seconds_to_wait(error)
        elif kind is Kind.ACCOUNT:
            self._pause(channel, f"Slack refuses this app: {code}")
        elif kind is Kind.BROKEN and self._broken(draft):
            self._pause(channel, f"Slack does not work: {code}")
        elif kind is Kind.UNSHOWABLE and self._pictures.refused(draft):
            self._due[channel] = self.clock.monotonic() + SECONDS_FOR_A_PICTURE
        else:
            return False
        return True

    def _broken(self, draft: Draft) -> bool:
        """Say whether Slack as a whole is at fault, so that this message's turn doesn't count; else it is its own."""
        known, now = self._refusals.get(_key(draft)), self.clock.monotonic()
        if known is not None and known.at < self._worked_at:
            return False
        self._refusals[_key(draft)] = Refusal(known.times if known else 0, now, draft.digest, now)
        return True

    def _post_words(self, draft: Draft) -> bool:
        try:
            self._post(draft, self._root(draft), [{"type": "section", "text": plain(draft.text, 2_000)}])
        except (SlackClientError, OSError) as error:
            self.set_back(draft, f"Slack refused it without its blocks too: {error}")
            return False
        return True

    def _pause(self, channel: str, why: str) -> None:
        pause = min(self._pauses.get(channel, 0.5) * 2, LONGEST_PAUSE)
        self._pauses[channel], self._due[channel] = pause, self.clock.monotonic() + pause
        logger.warning("%s; trying again in %.0f s", why, pause)


def _key(draft: Draft) -> Key:
    return draft.subject, str(draft.slot)
