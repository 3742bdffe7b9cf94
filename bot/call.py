"""One interaction: what was asked, by whom, and the ways to answer."""

import logging
from dataclasses import dataclass
from typing import Any, Protocol

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.access import person_of
from bot.blocks.answers import notice
from bot.blocks.parts import Json, modal
from bot.following import Followed, Following, Sheet
from bot.ids import View
from bot.offered import Offers
from bot.response_url import remove, respond
from core.bootstrap import Core
from core.model.person import Person
from core.services.access import Verb as Right

GONE = frozenset({"not_found", "view_not_found"})
"""What Slack says of a view that its reader has closed or submitted."""
OVERTAKEN = "hash_conflict"

logger = logging.getLogger(__name__)


class Board(Protocol):
    """What listeners ask of the message board."""

    @property
    def offers(self) -> Offers:
        """Return what decides which buttons stand in what one person alone sees."""
        ...

    @property
    def following(self) -> Following:
        """Return what draws the lists again that people have clicked in."""
        ...

    def wake(self) -> None:
        """Look for changes now."""
        ...

    def opened_home(self, user: str) -> None:
        """Show this person their dashboard, now and whenever something changes."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """What every listener works with. `public_url` is where people reach the web part, without a slash at its end."""

    core: Core
    client: WebClient
    board: Board
    public_url: str


@dataclass(slots=True)
class Call:
    """An envelope from Slack and the ways to answer it.

    `opened` is the id of a modal opened while answering, `right` what is asked for needs, once that is known,
    `redrawn` says that what was clicked shows something else by now, `followed` is how it was drawn before the click.
    """

    desk: Desk
    body: Json
    opened: str = ""
    right: Right | None = None
    redrawn: bool = False
    followed: Followed | None = None

    @property
    def core(self) -> Core:
        """Return what does the work."""
        return self.desk.core

    @property
    def person(self) -> Person:
        """Return who asks."""
        return person_of(self.body)

    @property
    def value(self) -> str:
        """Return the value of the button that was pressed, or of what was chosen in the menu."""
        action = self.body["actions"][0]
        chosen = action.get("selected_option")
        return str(chosen["value"] if chosen else action.get("value", ""))

    @property
    def view(self) -> Json:
        """Return the view that this came from, empty where it came from a message."""
        return self.body.get("view") or {}

    @property
    def in_modal(self) -> bool:
        """Say whether this came from a modal."""
        return self.view.get("type") == "modal"

    @property
    def from_list(self) -> bool:
        """Say whether this came from something that only the person sees and that can be drawn again."""
        return self.in_modal or bool(self.body.get("container", {}).get("is_ephemeral"))

    @property
    def sheet(self) -> Sheet | None:
        """Return what was clicked, where it can be drawn again later too."""
        if self.in_modal:
            return Sheet(self.view["id"], self.person.id)
        url, ts = self.body.get("response_url"), self.body.get("container", {}).get("message_ts")
        return Sheet(f"{self.person.id} {ts}", self.person.id, url) if self.from_list and url and ts else None

    def typed(self, block: str, action: str) -> str:
        """Return what stands in an input of the submitted view."""
        state = self.view.get("state", {}).get("values", {}).get(block, {}).get(action, {})
        chosen = state.get("selected_option")
        return str((chosen["value"] if chosen else state.get("value")) or "")

    def say(self, blocks: list[Json], text: str = "Safehold") -> None:
        """Answer this person alone: where they look if that can be, else in their messages from the app."""
        if self.opened:
            if not self._fills(notice("Safehold", blocks)):
                self.write(blocks, text)
        elif self.body.get("response_url"):
            self._respond(blocks, text, replace=False)
        elif not self._opens(notice("Safehold", blocks)):
            self.write(blocks, text)

    def write(self, blocks: list[Json], text: str) -> None:
        """Write to this person's messages from the app, which reaches them wherever they are by now."""
        if self.person.id:
            shown = self.desk.board.offers.message(self.person, blocks)
            self.desk.client.chat_postMessage(channel=self.person.id, text=text, blocks=shown)
        else:
            logger.warning("nowhere to say: %s", text)

    def redraw(self, blocks: list[Json], text: str = "Backups") -> None:
        """Put this in the place of the list that was clicked; where there is none, say it. `text` titles a modal."""
        self._come_to_rest()
        if self.in_modal:
            self.update(self.view["id"], modal(View.LIST, text, blocks))
        elif self.from_list:
            self._respond(blocks, text, replace=True)
        else:
            self.say(blocks, text)
        self.redrawn = True

    def replace(self, url: str, blocks: list[Json], text: str) -> None:
        """Put this in the place of what this person has clicked before; where Slack takes it no more, that stays."""
        try:
            refusal = respond(url, self.desk.board.offers.message(self.person, blocks), text, replace=True)
        except OSError as error:
            refusal = str(error)
        if refusal:
            logger.info("what was clicked before stays as it is: %s", refusal)

    def close(self) -> None:
        """Remove the message that only this person sees."""
        self._come_to_rest()
        remove(self.body["response_url"])
        self.redrawn = True

    def _come_to_rest(self) -> None:
        if self.followed is not None:
            # A drawing that is on its way must not come to stand over what is drawn now.
            with self.followed.drawing:
                pass

    def open(self, view: Json) -> None:
        """Open a modal, over the one that is open."""
        # The trigger dies after three seconds, which may not be spent on asking who is in a group.
        trigger, view = self.body["trigger_id"], self.desk.board.offers.view(self.person, view, ask=False)
        if self.in_modal and self.body.get("type") != "view_submission":
            answer = self.desk.client.views_push(trigger_id=trigger, view=view)
        else:
            answer = self.desk.client.views_open(trigger_id=trigger, view=view)
        opened: Any = answer["view"]
        self.opened = str(opened["id"])

    def fill(self, view: Json) -> None:
        """Put this view in the place of the modal that was opened while answering, if it still stands."""
        self.update(self.opened, view)

    def update(self, view_id: str, view: Json, *, drawn: str = "") -> bool:
        """Draw a view anew; False where it is gone. `drawn`: the hash of the only drawing that may be replaced."""
        try:
            shown = self.desk.board.offers.view(self.person, view)
            self.desk.client.views_update(view_id=view_id, view=shown, hash=drawn or None)
        except SlackApiError as error:
            refusal = error.response.get("error")
            if refusal in GONE or (drawn and refusal == OVERTAKEN):
                logger.info("view %s was not drawn: %s", view_id, refusal)
                return False
            raise
        return True

    def _fills(self, view: Json) -> bool:
        try:
            return self.update(self.opened, view)
        except (SlackClientError, OSError) as error:
            logger.warning("the modal could not be drawn: %s", error)
            return False

    def _opens(self, view: Json) -> bool:
        if not self.body.get("trigger_id"):
            return False
        try:
            self.open(view)
        except (SlackClientError, OSError) as error:
            logger.info("no modal could be opened: %s", error)
            return False
        return True

    def _respond(self, blocks: list[Json], text: str, *, replace: bool) -> None:
        blocks = self.desk.board.offers.message(self.person, blocks)
        refusal = respond(self.body["response_url"], blocks, text, replace=replace)
        if not refusal:
            return
        logger.warning("response_url answered %s", refusal)
        channel = self.body.get("channel_id") or self.body.get("channel", {}).get("id", "")
        try:
            self.desk.client.chat_postEphemeral(channel=channel, user=self.person.id, text=text, blocks=blocks)
        except SlackApiError as error:
            logger.warning("chat.postEphemeral answered %s", error.response.get("error"))
            self.write(blocks, text)
