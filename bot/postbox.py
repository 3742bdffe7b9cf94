"""Brings one message at a time to where it should stand, at the pace that Slack allows, and never twice."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.blocks.parts import Json, plain
from bot.ids import METADATA_EVENT
from bot.projections import Draft
from core.catalog import Catalog
from core.catalog.messages import Message
from core.ports import Clock

SECONDS_BETWEEN_MESSAGES = 1.0
"""Slack allows about one message a second in a channel, edits counted."""
LONGEST_PAUSE = 30.0
GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "is_inactive"})
UNSHOWABLE = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long"})
_CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{5,}")

logger = logging.getLogger(__name__)


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
    _ids: dict[str, str] = field(default_factory=dict)
    _unsent: set[tuple[str, str]] = field(default_factory=set)

    def stands(self, draft: Draft) -> bool:
        """Say whether the message says this already."""
        message = self.catalog.messages.get(draft.subject, draft.slot)
        return message is not None and bool(message.ts) and message.digest == draft.digest

    def posted(self, subject: str, slot: str) -> bool:
        """Say whether there is such a message, or was about to be."""
        return self.catalog.messages.get(subject, slot) is not None

    def deliver(self, draft: Draft) -> bool:
        """Bring the message to where it should stand; False where that has to wait: call again later."""
        if self.clock.monotonic() < self._due.get(draft.channel, 0.0):
            return False
        try:
            done = self._bring(draft)
        except SlackApiError as error:
            return self._refused(draft, error)
        except (SlackClientError, OSError) as error:
            self._pause(draft.channel, f"Slack can't be reached: {error}")
            return False
        self._pauses.pop(draft.channel, None)
        return done

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
        fresh = self.catalog.messages.intend(draft.subject, draft.slot, draft.channel)
        key = (draft.subject, str(draft.slot))
        if not fresh and key not in self._unsent:
            # We died, or lost the answer, between the intention and the record: it may stand already.
            found = self._look(draft, root)
            if found is not None:
                self._keep(draft, *found, "")
                return False
        self._unsent.discard(key)
        self._post(draft, root, draft.blocks)
        return True

    def _post(self, draft: Draft, root: Message | None, blocks: list[Json]) -> None:
        self._spend(draft.channel)
        answer = self.client.chat_postMessage(
            channel=root.channel if root else draft.channel,
            thread_ts=root.ts if root else None,
            text=draft.text,
            blocks=blocks,
            metadata={
                "event_type": METADATA_EVENT,
                "event_payload": {"subject": draft.subject, "slot": str(draft.slot)},
            },
            unfurl_links=False,
            unfurl_media=False,
        )
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
        self.catalog.messages.put(draft.subject, draft.slot, channel, ts, 0, digest)

    def _spend(self, channel: str) -> None:
        self._due[channel] = self.clock.monotonic() + self.seconds_between_messages

    def _refused(self, draft: Draft, error: SlackApiError) -> bool:
        """Take Slack's no: wait, give a message up that somebody deleted, or show it without its blocks."""
        self._unsent.add((draft.subject, str(draft.slot)))
        code = str(error.response.get("error", ""))
        if error.response.status_code == 429 or code == "ratelimited":  # noqa: PLR2004 - Too Many Requests
            seconds = float(error.response.headers.get("Retry-After", 1))
            self._due[draft.channel] = self.clock.monotonic() + seconds
            return False
        message = self.catalog.messages.get(draft.subject, draft.slot)
        if code in GONE | UNSHOWABLE and message is not None and message.ts:
            logger.warning("message of %s can't be edited: %s", draft.subject, code)
            self._keep(draft, message.channel, message.ts, draft.digest)
            return True
        if code in UNSHOWABLE:
            logger.error("Slack refused the blocks of %s: %s", draft.subject, error.response.get("response_metadata"))
            return self._post_words(draft)
        self._pause(draft.channel, f"Slack refused a message to {draft.channel}: {code}")
        return False

    def _post_words(self, draft: Draft) -> bool:
        try:
            self._post(draft, self._root(draft), [{"type": "section", "text": plain(draft.text, 2_000)}])
        except (SlackClientError, OSError) as error:
            self._pause(draft.channel, f"Slack refused {draft.subject} without its blocks too: {error}")
            return False
        return True

    def _pause(self, channel: str, why: str) -> None:
        pause = min(self._pauses.get(channel, 0.5) * 2, LONGEST_PAUSE)
        self._pauses[channel], self._due[channel] = pause, self.clock.monotonic() + pause
        logger.warning("%s; trying again in %.0f s", why, pause)
