"""Submitted modals: acknowledged at once, worked on beside, answered in the same modal when the work is done.

Slack waits three seconds for an acknowledgement, and who may do a thing is asked of Slack itself.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from slack_bolt import Ack
from slack_sdk.errors import SlackClientError

from bot.blocks import answers
from bot.blocks.answers import Answer
from bot.blocks.parts import Json
from bot.blocks.text import cut
from bot.call import Call
from bot.deliveries import Deliveries
from core.errors import BusyError, SafeholdError, UnavailableError, UsageError
from core.services.access import Verb
from core.services.hold_backup import HeldByAnother

Work = Callable[[Call], Answer]
Check = Callable[[Call], None]
Explain = Callable[[Call, Exception, Verb | None], list[Json]]
SECONDS_UNTIL_SHOWN = 0.5
"""An acknowledgement is on its way for a moment, and Slack draws what it hears last: answers wait until it is there."""
ERROR_LENGTH = 300
REMEMBERED = 256

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Form:
    """What is done with a submitted modal.

    `checks`, by input, look at what was typed, ask nobody and raise UsageError: it is shown below that input.
    """

    work: Work
    checks: Mapping[str, Check]
    verb: Verb

    def errors(self, call: Call) -> dict[str, str]:
        """Return what is wrong with each input, nothing where all of them are right."""
        found = {}
        for block, check in self.checks.items():
            try:
                check(call)
            except UsageError as error:
                found[block] = cut(str(error), ERROR_LENGTH)
        return found


@dataclass(slots=True)
class _Memory:
    """Which submissions are worked on, and what was answered to the latest ones."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    working: set[str] = field(default_factory=set)
    answered: OrderedDict[str, Answer] = field(default_factory=OrderedDict)

    def keep(self, key: str, answer: Answer) -> None:
        with self.lock:
            self.working.discard(key)
            self.answered[key] = answer
            while len(self.answered) > REMEMBERED:
                self.answered.popitem(last=False)

    def look(self, key: str) -> tuple[bool, Answer | None]:
        with self.lock:
            return key in self.working, self.answered.get(key)


@dataclass(frozen=True, slots=True)
class Submissions:
    """Answers submitted modals. `explain` says what an exception means to a person."""

    pool: ThreadPoolExecutor
    deliveries: Deliveries
    explain: Explain
    memory: _Memory = field(default_factory=_Memory)

    def take(self, ack: Ack, call: Call, form: Form) -> None:
        """Acknowledge: with an error below each input that is wrong, else with a modal that asks to wait."""
        if errors := form.errors(call):
            ack(response_action="errors", errors=errors)
            return
        ack(response_action="update", view=answers.loading(_title(call.view)))
        self.pool.submit(self._answer, call, form, time.monotonic() + SECONDS_UNTIL_SHOWN)

    def _answer(self, call: Call, form: Form, visible: float) -> None:
        try:
            answer = self._worked(call, form) or self._known(call, visible)
            if answer is not None:
                _wait_until(visible)
                _show(call, answer)
        except Exception:
            logger.exception("the answer could not be delivered")

    def _worked(self, call: Call, form: Form) -> Answer | None:
        """Do the work and return its answer, or None where this submission was taken up before."""
        key = _key(call.view)
        try:
            if not self.deliveries.claim(key):
                return None
            with self.memory.lock:
                self.memory.working.add(key)
            answer = form.work(call)
        except Exception as error:  # noqa: BLE001 - the boundary: whatever it is, the person is told
            answer = self._failed(call, error, form.verb)
        self.memory.keep(key, answer)
        return answer

    def _known(self, call: Call, visible: float) -> Answer | None:
        """Return what became of a submission that came before; None while it is worked on: that will answer."""
        _wait_until(visible)
        working, answer = self.memory.look(_key(call.view))
        return None if working else answer or answers.sent_before()

    def _failed(self, call: Call, error: Exception, verb: Verb) -> Answer:
        blocks = self.explain(call, error, call.right or verb)
        text = str(error) if isinstance(error, SafeholdError) else "Safehold"
        if isinstance(error, (UsageError, BusyError, UnavailableError, HeldByAnother)):
            return Answer(answers.asked_again(call.view, blocks), blocks, text)
        return Answer(answers.notice("Safehold", blocks), blocks, text)


def _show(call: Call, answer: Answer) -> None:
    try:
        shown = call.update(call.view["id"], answer.view)
    except (SlackClientError, OSError) as error:
        logger.warning("the modal could not be drawn: %s", error)
        shown = False
    if not shown:
        call.write(answer.blocks, answer.text)


def _title(view: Json) -> str:
    return str(view.get("title", {}).get("text") or "Safehold")


def _key(view: Json) -> str:
    # With the hash: a modal that asks again is another one, the same one delivered twice is not.
    return f"view {view.get('id', '')} {view.get('hash', '')}"


def _wait_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
