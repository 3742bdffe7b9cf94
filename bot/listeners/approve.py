"""Approve and deny: the decision of somebody else on exactly the plan that was shown."""

from bot.blocks import answers
from bot.blocks.answers import Answer
from bot.blocks.restore import deny_modal
from bot.blocks.text import code
from bot.call import Call
from bot.guard import Guard
from bot.ids import Action, Block, View
from bot.parse import Request
from bot.submissions import Form
from core.services.access import Verb
from core.services.text import checked_text


def register(guard: Guard) -> None:
    """Register the decisions."""
    guard.action(Action.APPROVE, press_approve, Verb.APPROVE, once=True)
    guard.action(Action.DENY, press_deny, Verb.APPROVE)
    guard.view(View.DENY, Form(submitted, {Block.REASON: check}, Verb.APPROVE))


def press_approve(call: Call) -> None:
    """Approve the plan beside the button; the message itself says so."""
    restore_id, _, plan_hash = call.value.partition(" ")
    call.core.decide_restore(restore_id, call.person, approve=True, plan_hash=plan_hash)
    call.desk.board.wake()


def press_deny(call: Call) -> None:
    """Ask for the reason."""
    restore_id = call.value.partition(" ")[0]
    restore = call.core.catalog.restores.get(restore_id)
    call.open(deny_modal(call.value, restore.plan.source))


def check(call: Call) -> None:
    """Look at the reason.

    Raises:
        UsageError: it can't be shown.

    """
    checked_text(call.typed(Block.REASON, Action.REASON), "reason")


def submitted(call: Call) -> Answer:
    """Deny with the reason from the modal."""
    restore_id, _, plan_hash = str(call.view["private_metadata"]).partition(" ")
    reason = call.typed(Block.REASON, Action.REASON)
    restore = call.core.decide_restore(restore_id, call.person, approve=False, reason=reason, plan_hash=plan_hash)
    call.desk.board.wake()
    return answers.denied(restore)


def decide(call: Call, request: Request, *, approve: bool) -> None:
    """Answer /backups approve and /backups deny."""
    restore = call.core.decide_restore(request.subject, call.person, approve=approve, reason=request.text)
    call.desk.board.wake()
    word = "Approved" if approve else "Denied"
    call.say(answers.said(f"{word}: {code(restore.id)} is {restore.state.value} now."))
