"""Restore: a modal that shows the plan and asks for a reason, and the request that comes of it."""

from dataclasses import replace

from bot.blocks import answers
from bot.blocks.answers import Answer
from bot.blocks.parts import Json
from bot.blocks.restore import Beside, ModalPlan, plan_modal
from bot.blocks.text import code
from bot.call import Call
from bot.guard import Guard
from bot.ids import Action, Block, View
from bot.submissions import Form
from core.errors import Stale
from core.model.plan import RestorePlan
from core.services.access import Verb
from core.services.text import checked_text


def register(guard: Guard) -> None:
    """Register what leads to a request for a restore."""
    guard.action(Action.RESTORE, lambda call: open_plan(call, call.value), Verb.RESTORE)
    guard.action(Action.LIFETIME, change_lifetime, Verb.RESTORE)
    guard.view(View.RESTORE, Form(submitted, {Block.REASON: check}, Verb.RESTORE))


def open_plan(call: Call, reference: str) -> None:
    """Open the modal at once, for its trigger dies after three seconds, then fill in the plan."""
    call.open(answers.loading("Restore"))
    call.fill(_modal(call, call.core.plan_restore(reference, call.person)))


def change_lifetime(call: Call) -> None:
    """Show the plan with the lifetime that was chosen; what was typed stays."""
    shown = ModalPlan.read(call.view["private_metadata"])
    plan = _plan(call, shown, int(call.value))
    # Only over the drawing that was clicked: one that was submitted meanwhile shows what became of it, and the
    # choice that is submitted counts, not the one that was drawn.
    call.update(call.view["id"], _modal(call, plan), drawn=call.view.get("hash", ""))


def check(call: Call) -> None:
    """Look at the reason.

    Raises:
        UsageError: there is none, or it can't be shown.

    """
    checked_text(call.typed(Block.REASON, Action.REASON), "reason", required=True)


def submitted(call: Call) -> Answer:
    """Ask for the restore that the modal shows, or show the plan as it is by now and have it looked at again."""
    shown = ModalPlan.read(call.view["private_metadata"])
    lifetime = int(call.typed(Block.LIFETIME, Action.LIFETIME) or shown.lifetime_seconds)
    plan = call.core.plan_restore(shown.backup_id, call.person, lifetime)
    if not _free(call, shown.instance):
        return _again(call, plan, f"{code(shown.instance)} was taken meanwhile, so the new instance has another name.")
    plan = replace(plan, instance=shown.instance)
    if replace(plan, lifetime_seconds=shown.lifetime_seconds).digest != shown.digest:
        return _again(call, plan, "The plan has changed since you opened this.")
    try:
        restore = call.core.request_restore(plan, call.typed(Block.REASON, Action.REASON), call.person)
    except Stale:
        if _free(call, shown.instance):
            raise
        plan = call.core.plan_restore(shown.backup_id, call.person, lifetime)
        return _again(call, plan, f"{code(shown.instance)} was taken meanwhile, so the new instance has another name.")
    call.desk.board.wake()
    return answers.asked(restore, call.core.approvers(), call.core.config.slack.channel)


def _plan(call: Call, shown: ModalPlan, lifetime: int) -> RestorePlan:
    """Plan again, under the name that was shown as long as nobody has it."""
    plan = call.core.plan_restore(shown.backup_id, call.person, lifetime)
    return replace(plan, instance=shown.instance) if _free(call, shown.instance) else plan


def _free(call: Call, name: str) -> bool:
    catalog = call.core.catalog
    planned = any(restore.plan.instance == name for restore in catalog.restores.open_ones())
    return not planned and not catalog.instances.taken(name)


def _again(call: Call, plan: RestorePlan, news: str) -> Answer:
    """Show the plan as it is by now, with what was typed: nothing is asked for under a plan that nobody saw."""
    reason = call.typed(Block.REASON, Action.REASON)
    view = _modal(call, plan, f"{news} Nothing was asked for: look at it again, then send it.", reason)
    blocks = answers.said(f"{news} Nothing was asked for: press Restore on the backup again.")
    return Answer(view, blocks, "The restore was not asked for")


def _modal(call: Call, plan: RestorePlan, news: str = "", reason: str = "") -> Json:
    core, access = call.core, call.core.config.access
    beside = Beside(
        counts=core.find_backup(plan.backup_id).counts,
        free=core.plan_restore.room(plan),
        approvers=core.approvers(),
        approvals=access.approvals_needed if access.approval_required else 0,
    )
    typed = {Block.REASON: {Action.REASON: {"value": reason}}}
    view = plan_modal(plan, beside, core.clock.now())
    return answers.asked_again({**view, "state": {"values": typed}}, answers.said(news)) if news else view
