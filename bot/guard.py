"""The one place where an exception becomes a message: every listener acknowledges first and nothing leaves it.

Bolt takes an acknowledgement back when its listener raises, and sends it when its listener returns: so work happens
beside the listener, and what can't be handed on is not acknowledged; Slack sends it again.
"""

import logging
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from slack_bolt import Ack, App
from slack_sdk.errors import SlackApiError

from bot.blocks import answers
from bot.blocks.orders import said_of_others
from bot.blocks.parts import Json
from bot.blocks.text import holders
from bot.call import Call, Desk
from bot.deliveries import Deliveries
from bot.ids import Action
from bot.submissions import Form, Submissions
from core.errors import NotAllowed, OwnRequest, SafeholdError, UnavailableError
from core.services.access import Verb

Work = Callable[[Call], None]
LATE = frozenset({"expired_trigger_id", "trigger_expired", "exchanged_trigger_id"})
ANSWERED_EACH_TIME = frozenset({Action.BACK_UP_NOW})
"""Its double click is known by the backup that the first half began, and each half is answered."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Guard:
    """Registers listeners with an app, each wrapped. `pool` does the work after the acknowledgement."""

    app: App
    desk: Desk
    pool: ThreadPoolExecutor
    deliveries: Deliveries

    def action(self, name: str, work: Work, verb: Verb | None = None, *, once: bool = False) -> None:
        """Register a button or a menu. `once`: a click delivered twice and a double click act once."""
        self.app.action(name)(self._listener(work, verb, once=once))

    def command(self, name: str, work: Work) -> None:
        """Register a slash command."""
        self.app.command(name)(self._listener(work, None, once=True))

    def event(self, name: str, work: Work) -> None:
        """Register an event."""
        self.app.event(name)(self._listener(work, None, once=False))

    def view(self, name: str, form: Form) -> None:
        """Register a submitted modal: what its work returns is the answer to it, and errors stand in the modal."""
        submissions = Submissions(self.pool, self.deliveries, self.explain)

        def listener(ack: Ack, body: Json) -> None:
            submissions.take(ack, Call(self.desk, body), form)

        self.app.view(name)(listener)

    def explain(self, call: Call, error: Exception, verb: Verb | None = None) -> list[Json]:
        """Return what an exception says to a person; one that is not ours gets a reference and is logged with it."""
        if isinstance(error, SlackApiError) and error.response.get("error") in LATE:
            error = UnavailableError("Slack took too long to pass this on.", hint="Press again.")
        if isinstance(error, OwnRequest):
            who = holders(call.core.approvers())
            return answers.said(f"You asked for this restore, so somebody else has to approve it: {who}.")
        if isinstance(error, SafeholdError):
            lacks = isinstance(error, NotAllowed) and verb is not None
            who_may = holders(call.core.access.allowed(verb)) if lacks and verb else ""
            return answers.refusal(error, who_may, said_of_others(error))
        reference = secrets.token_hex(4)
        logger.error("ref %s: %s", reference, type(error).__name__, exc_info=error)
        return answers.broken(reference)

    def _listener(self, work: Work, verb: Verb | None, *, once: bool) -> Callable[..., None]:
        # Written out instead of functools.wraps: Bolt reads the arguments to inject from the signature.
        def listener(ack: Ack, body: Json) -> None:
            ack()
            self.pool.submit(self._work, Call(self.desk, body), work, verb, once=once)

        return listener

    def _work(self, call: Call, work: Work, verb: Verb | None, *, once: bool) -> None:
        press = _press(call) if once else ""
        try:
            if once and not self.deliveries.claim(_key(call.body)):
                return
            if self.deliveries.claim_press(press, call.core.clock.now()):
                self._answer(call, work)
        except Exception as error:  # noqa: BLE001 - the boundary: whatever it is, the person is told
            try:
                self.deliveries.release_press(press)
            finally:
                self._tell(call, error, verb)

    def _answer(self, call: Call, work: Work) -> None:
        """Do the work; meanwhile nothing else draws the list in which somebody has clicked."""
        following, sheet = self.desk.board.following, call.sheet
        call.followed = following.take(sheet)
        try:
            work(call)
        finally:
            if call.followed is not None and sheet is not None and not call.redrawn:
                following.put_back(call.followed, sheet)

    def _tell(self, call: Call, error: Exception, verb: Verb | None) -> None:
        try:
            call.say(
                self.explain(call, error, call.right or verb),
                str(error) if isinstance(error, SafeholdError) else "Safehold",
            )
        except Exception:
            logger.exception("the answer could not be delivered")


def _key(body: Json) -> str:
    trigger = body.get("trigger_id") or ""
    return f"{body.get('type', 'command')} {trigger}" if trigger else ""


def _press(call: Call) -> str:
    if not call.body.get("actions"):
        return ""
    action = call.body["actions"][0]["action_id"]
    return f"{call.person.id} {action} {call.value}" if action not in ANSWERED_EACH_TIME else ""
