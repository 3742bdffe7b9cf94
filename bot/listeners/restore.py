"""Restore: a modal that shows the plan and asks for a reason, and the request that comes of it."""

from dataclasses import replace

from bot.blocks import answers
from bot.blocks.parts import Json
from bot.blocks.restore import ModalPlan, plan_modal
from bot.call import Call
from bot.guard import Guard
from bot.ids import Action, Block, View
from core.errors import PlanChanged
from core.model.plan import RestorePlan
from core.services.access import Verb


def register(guard: Guard) -> None:
    """Register what leads to a request for a restore."""
    guard.action(Action.RESTORE, lambda call: open_plan(call, call.value), Verb.RESTORE)
    guard.action(Action.LIFETIME, change_lifetime, Verb.RESTORE)
    guard.view(View.RESTORE, submitted, Verb.RESTORE)


def open_plan(call: Call, reference: str) -> None:
    """Open the modal at once, for its trigger dies after three seconds, then fill in the plan."""
    call.open(answers.loading("Restore"))
    call.fill(_modal(call, call.core.plan_restore(reference, call.person)))


def change_lifetime(call: Call) -> None:
    """Show the plan with the lifetime that was chosen; what was typed stays."""
    shown = ModalPlan.read(call.view["private_metadata"])
    plan = _plan(call, shown, int(call.value))
    # Without the view's hash: the choice that is submitted counts, whichever drawing of it arrives last.
    call.desk.client.views_update(view_id=call.view["id"], view=_modal(call, plan))


def submitted(call: Call) -> Json | None:
    """Ask for the restore that the modal shows.

    Raises:
        PlanChanged: what would be done is not what was shown.

    """
    shown = ModalPlan.read(call.view["private_metadata"])
    lifetime = int(call.typed(Block.LIFETIME, Action.LIFETIME) or shown.lifetime_seconds)
    plan = _plan(call, shown, lifetime)
    if _plan_as_shown(plan, shown).digest != shown.digest:
        raise PlanChanged("The plan has changed since you opened this.", hint="Close it and press Restore again.")
    call.core.request_restore(plan, call.typed(Block.REASON, Action.REASON), call.person)
    call.desk.board.wake()
    return None


def _plan(call: Call, shown: ModalPlan, lifetime: int) -> RestorePlan:
    """Plan again, under the name that was shown as long as nobody has it."""
    plan = call.core.plan_restore(shown.backup_id, call.person, lifetime)
    return plan if call.core.catalog.instances.taken(shown.instance) else replace(plan, instance=shown.instance)


def _plan_as_shown(plan: RestorePlan, shown: ModalPlan) -> RestorePlan:
    """Return the plan with the lifetime that the modal was drawn with: choosing another is no change of ours."""
    return replace(plan, lifetime_seconds=shown.lifetime_seconds, instance=shown.instance)


def _modal(call: Call, plan: RestorePlan) -> Json:
    required = call.core.config.access.approval_required
    return plan_modal(plan, call.core.approvers() if required else None, call.core.clock.now())
