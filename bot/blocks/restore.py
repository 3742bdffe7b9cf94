"""A restore: the modal with its plan, the approvers' message, the channel's message, and what goes in the threads."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.blocks.instance import buttons as instance_buttons
from bot.blocks.instance import ready
from bot.blocks.parts import Json, actions, asks, button, context, line_input, menu, modal, option, section
from bot.blocks.text import (
    about,
    age,
    clock_time,
    code,
    counts,
    cut,
    cut_markup,
    duration,
    escape,
    holders,
    old,
    person,
    quoted,
    size,
    step,
    when,
)
from bot.ids import Action, Block, View
from core.errors import Stale
from core.model.instance import Instance, InstanceState
from core.model.place import Needs
from core.model.plan import RestorePlan
from core.model.restore import Decision, Restore, RestoreState

LIFETIMES = {"1 hour": 3_600, "4 hours": 14_400, "12 hours": 43_200, "1 day": 86_400}
SAYING = 700
HOLDING = 300
"""How much of what a backup holds stands before the rest of a plan, all of which is to be read."""

Counts = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class ModalPlan:
    """What an open restore modal remembers: which plan its reader sees."""

    backup_id: str
    instance: str
    digest: str
    lifetime_seconds: int

    def text(self) -> str:
        """Return it as a view's private metadata."""
        return json.dumps([self.backup_id, self.instance, self.digest, self.lifetime_seconds], ensure_ascii=False)

    @classmethod
    def read(cls, text: str) -> "ModalPlan":
        """Return it from a view's private metadata.

        Raises:
            Stale: the view is of another version of Safehold.

        """
        try:
            backup, instance, digest, lifetime = json.loads(text)
            return cls(str(backup), str(instance), str(digest), int(lifetime))
        except (ValueError, TypeError) as error:
            raise Stale("This form is of an older Safehold.", hint="Close it and press Restore again.") from error


@dataclass(frozen=True, slots=True)
class Beside:
    """What is shown beside a plan and is no part of it.

    What the backup holds, what is free where the instance would run, who may approve and how many of them have to:
    0 where nobody has to.
    """

    counts: Counts
    free: Needs
    approvers: tuple[str, ...]
    approvals: int


def plan_modal(plan: RestorePlan, beside: Beside, now: datetime) -> Json:
    """Return the modal that shows a plan and asks for a reason."""
    number = "one" if beside.approvals == 1 else str(beside.approvals)
    approval = f"Needs: approval by {number} of {holders(beside.approvers)}, not yourself."
    needs = approval if beside.approvals else "Begins at once."
    told = [
        f"*Backup* {_taken(plan, beside.counts, age(taken_at(plan), now))}",
        f"*New instance* {code(plan.instance)}\n*On* {escape(cut(plan.where, 300))}",
        f"{code(plan.source)} itself is not touched. {needs}",
        _takes(plan, beside.free),
    ]
    choices = dict(LIFETIMES)
    if plan.lifetime_seconds not in choices.values():
        choices[duration(plan.lifetime_seconds)] = plan.lifetime_seconds
    options = [option(label, str(seconds)) for label, seconds in choices.items()]
    chosen = option(*next((label, str(s)) for label, s in choices.items() if s == plan.lifetime_seconds))
    lives = asks(Block.LIFETIME, "Lives for", menu(Action.LIFETIME, "How long", options, chosen), acts=True)
    reason = asks(Block.REASON, "Reason", line_input(Action.REASON, "What is it needed for?"))
    remembered = ModalPlan(plan.backup_id, plan.instance, plan.digest, plan.lifetime_seconds)
    return modal(
        View.RESTORE,
        f"Restore {plan.source}",
        [*(section(text) for text in told), lives, reason, context(f"Plan {code(plan.short)}")],
        submit="Ask for approval" if beside.approvals else "Restore",
        metadata=remembered.text(),
    )


def deny_modal(restore_id: str, source: str) -> Json:
    """Return the modal that asks why a restore is turned down."""
    reason = asks(Block.REASON, "Reason", line_input(Action.REASON, "What should they do instead?"), optional=True)
    text = f"The restore of {code(source)} will not happen. Who asked for it reads your reason."
    return modal(View.DENY, "Deny a restore", [section(text), reason], submit="Deny", metadata=restore_id)


def request(restore: Restore, approvers: tuple[str, ...], held: Counts) -> tuple[list[Json], str]:
    """Return the message in the approvers' channel: the plan with its buttons, later what was decided.

    `held` is what the backup holds.
    """
    plan = restore.plan
    title = f"{person(restore.requested_by)} asks to restore {code(plan.source)}."
    stays = f"for {duration(plan.lifetime_seconds)}. {code(plan.source)} is not touched."
    told = [
        f"*Backup* {_taken(plan, held, f'{old(taken_at(plan), restore.requested_at)} when this was asked')}",
        f"*Into* a new instance, {code(plan.instance)}, on {escape(cut(plan.where, 300))}, {stays}",
        f"*Reason* {quoted(restore.reason)}",
    ]
    given = sum(decision.approved for decision in restore.decisions)
    missing = restore.approvals_needed - given
    ending = f"Waits for {missing} of {holders(approvers)} · until {when(restore.expires_at)}"
    blocks = [section(title), section("\n".join(told))]
    if restore.state is RestoreState.WAITING:
        said = "\n".join([*map(_decided, restore.decisions), ending])
        blocks += [section(said), *actions(decision_buttons(restore))]
    else:
        ending = decided(restore)
        blocks += [section(ending), *actions(_ask_again(restore))]
    return [*blocks, context(f"Plan {code(plan.short)} · {code(restore.id)}")], f"{title} {ending}"


def taken_at(plan: RestorePlan) -> datetime:
    """Return when the backup of a plan was taken."""
    return datetime.fromisoformat(plan.taken_at)


def decision_buttons(restore: Restore) -> list[Json]:
    """Return Approve and Deny, bound to the plan that is shown beside them."""
    value = f"{restore.id} {restore.plan_hash}"
    return [
        button("Approve", Action.APPROVE, value, style="primary"),
        button("Deny", Action.DENY, value, style="danger"),
    ]


def decided(restore: Restore) -> str:
    """Return in one line what became of a request."""
    said = " ".join(_decided(decision) for decision in restore.decisions)
    match restore.state:
        case RestoreState.DENIED:
            return f"{said} Nothing was restored."
        case RestoreState.EXPIRED:
            return f"Expired {when(restore.expires_at)} without a decision."
        case RestoreState.VOID:
            why = restore.failure.message if restore.failure else "Void: the plan no longer fits. Nothing was restored."
            return escape(cut(why, SAYING))
        case RestoreState.CANCELLED if restore.started_at is None:
            return f"Withdrawn by {person(restore.requested_by)}. Nothing was restored."
        case _:
            return f"{said} Restore initiated.".strip()


def progress(restore: Restore, instance: Instance | None) -> tuple[list[Json], str] | None:
    """Return the reply in the request's thread: how far it is, then the result."""
    if restore.started_at is None or restore.state is RestoreState.WAITING:
        return None
    text = result(restore, instance)
    return [section(text)], text


def message(restore: Restore, instance: Instance | None) -> tuple[list[Json], str]:
    """Return the restore's message in the channel, for who asked for it."""
    name, who = f"Restore of {code(restore.plan.source)}", person(restore.requested_by)
    if restore.state is RestoreState.WAITING:
        text = f"{name} asked for by {who}. It waits for approval until {when(restore.expires_at)}."
        return [section(text), *actions([button("Cancel", Action.CANCEL, restore.id)])], text
    if restore.state in {RestoreState.DENIED, RestoreState.EXPIRED, RestoreState.VOID}:
        text = f"{name} asked for by {who}: {decided(restore)}"
        return [section(text), *actions(_ask_again(restore))], text
    began = f"Restore initiated: {name[0].lower()}{name[1:]} for {who}."
    head = f"{name} for {who} is done." if restore.state is RestoreState.READY else began
    text = f"{head}\n{result(restore, instance)}"
    if restore.state is RestoreState.READY and instance is not None:
        return [section(text), *actions(instance_buttons(instance))], text
    return [section(text), *actions(_stop(restore))], text


def outcome(restore: Restore, instance: Instance | None) -> tuple[list[Json], str] | None:
    """Return the reply that tells who asked how it ended; edits of a message reach nobody's notifications."""
    if restore.state.open:
        return None
    who, name = person(restore.requested_by), f"restore of {code(restore.plan.source)}"
    if restore.state is RestoreState.READY:
        endpoint = f": {code(cut(instance.endpoint, 300))}" if instance is not None and instance.endpoint else "."
        text = f"{who} your {name} is ready{endpoint}"
    elif restore.state in {RestoreState.DENIED, RestoreState.EXPIRED, RestoreState.VOID}:
        text = f"{who} your {name}: {decided(restore)}"
    else:
        text = f"{who} your {name}: {result(restore, instance)}"
    return [section(text)], text


def result(restore: Restore, instance: Instance | None) -> str:
    """Return how a restore stands or ended."""
    name = code(restore.plan.instance)
    if restore.state is RestoreState.READY and instance is not None:
        return ready(instance)
    if restore.state.open:
        return f"{name} is *{InstanceState.PROVISIONING.value}*: {step(restore.step)}"
    if restore.state is RestoreState.CANCELLED:
        return f"{name} was cancelled. What it had made is removed."
    said = f"{name}: {restore.state.value}."
    if restore.failure is not None:
        failure = restore.failure
        during = f" while {escape(failure.step)}" if failure.step else ""
        saying = escape(cut(f"{failure.message} {failure.hint}".strip(), SAYING))
        said = f"{name} {restore.state.value}{during}: {saying} ref {code(failure.reference)}"
    return said


def _stop(restore: Restore) -> list[Json]:
    return [button("Cancel", Action.CANCEL, restore.id)] if restore.state.open else []


def _ask_again(restore: Restore) -> list[Json]:
    expired = restore.state is RestoreState.EXPIRED
    return [button("Ask again", Action.RESTORE, restore.plan.backup_id)] if expired else []


def _decided(decision: Decision) -> str:
    word = "Approved" if decision.approved else "Denied"
    glass = " (break-glass)" if decision.break_glass else ""
    reason = f": {quoted(decision.reason)}" if decision.reason else ""
    return f"{word} by {person(decision.person)}{glass} at {clock_time(decision.decided_at)}{reason}."


def _takes(plan: RestorePlan, free: Needs) -> str:
    """Return what the new instance takes, beside what is free for it."""
    disk = f"{about(plan.disk_bytes)} of disk ({about(free.disk_bytes)} free)"
    memory = f" and {about(plan.memory_bytes)} of memory ({about(free.memory_bytes)} free)" if plan.memory_bytes else ""
    return f"Needs about {disk}{memory}."


def _taken(plan: RestorePlan, held: Counts, aged: str) -> str:
    """Return which backup is restored. `aged` says how old it is: what stands for hours must name the time it means."""
    proven = f"proven {when(datetime.fromisoformat(plan.proven_at))}" if plan.proven_at else escape(plan.proof)
    holds = f" ({cut_markup(counts(held), HOLDING)})" if held else ""
    stored = f"{size(plan.archive_size)} · {proven}{holds}"
    return f"{when(taken_at(plan))} · {aged} · {stored}\n{code(plan.backup_id)}"
