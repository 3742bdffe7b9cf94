"""`restore`, `approvals`, `approve` and `deny`: ask for a new instance, and decide on it."""

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager

from cli import background, documents, exits, pages, words
from cli.follow import Run, follow
from cli.screen import Screen, facts, table
from cli.session import me, opened
from core.bootstrap import Core
from core.errors import NotAllowed, OwnRequest, UsageError
from core.model.plan import RestorePlan
from core.model.restore import Restore, RestoreState

_GLASS = '--break-glass "why"; it is recorded, and told in Slack.'


def restore(given: Namespace, screen: Screen) -> int:
    """Plan a restore and ask for it, or only show the plan."""
    with opened(given) as core:
        plan = core.plan_restore(given.id, me(), given.lifetime, given.provisioner)
        shown = facts(pages.plan(plan, core.plan_restore.room(plan)))
        if given.dry_run:
            screen.say(f"{shown}\nNothing was done.", {"plan": documents.plan(plan)})
            return exits.GOOD
        if not screen.json:
            screen.remark(shown)
        missing = UsageError("A restore needs a reason.", hint='Add one: --reason "check the cleanup".')
        given.reason = screen.reason(given.reason, "Reason: ", missing)
        if given.no_wait and not core.config.access.approval_required:
            return _say_begun(screen, core, _in_background(core, given, plan))
        return _requested(core, screen, core.request_restore(plan, given.reason, me()))


def approvals(given: Namespace, screen: Screen) -> int:
    """Print the restores that wait for a decision."""
    with opened(given) as core:
        waiting = core.dashboard(me()).waiting
    rows = [
        (
            restore.id,
            restore.plan.source,
            restore.plan.backup_id,
            restore.requested_by.name,
            restore.reason,
            f"{sum(d.approved for d in restore.decisions)} of {restore.approvals_needed}",
            words.moment(restore.expires_at),
            restore.plan.short,
        )
        for restore in waiting
    ]
    headers = ("id", "source", "backup", "asked by", "reason", "approved", "until", "plan")
    text = table(headers, rows) if rows else "No restore waits for a decision."
    screen.say(text, {"approvals": [documents.restore(restore) for restore in waiting]})
    return exits.GOOD


def approve(given: Namespace, screen: Screen) -> int:
    """Approve a restore; once it is approved enough, bring its instance up and wait for it."""
    with opened(given) as core:
        waiting = core.catalog.restores.find(given.id)
        if given.no_wait:
            begun = background.begin(core, given, lambda: _moved(core, waiting))
            _show(screen, waiting)
            return _say_begun(screen, core, begun)
        with _saying_who_may(core, f"Where nobody of them can be reached: {_GLASS}"):
            decided = core.decide_restore(
                waiting.id,
                me(),
                approve=True,
                reason=given.break_glass or "",
                plan_hash=given.plan or waiting.plan_hash,
                break_glass=given.break_glass is not None,
            )
        _show(screen, waiting)
        return _requested(core, screen, decided)


def deny(given: Namespace, screen: Screen) -> int:
    """Deny a restore."""
    with opened(given) as core, _saying_who_may(core):
        denied = core.decide_restore(given.id, me(), approve=False, reason=given.reason)
    screen.say(f"Restore {denied.id} of {denied.plan.source} is denied.", {"restore": documents.restore(denied)})
    return exits.GOOD


@contextmanager
def _saying_who_may(core: Core, else_do: str = "") -> Iterator[None]:
    """Add to a refusal who may decide."""
    try:
        yield
    except (OwnRequest, NotAllowed) as refusal:
        named = (words.holder(entry, core.catalog.audit.name_of(entry)) for entry in core.approvers())
        who = ", ".join(named) or "nobody yet"
        raise type(refusal)(
            refusal.message, hint=f"{refusal.hint} Those who may: {who}. {else_do}".strip()
        ) from refusal


def _show(screen: Screen, waiting: Restore) -> None:
    if not screen.json:
        screen.remark(facts(pages.restore(waiting)))


def _requested(core: Core, screen: Screen, asked: Restore) -> int:
    """Say that it waits, or follow it to its end."""
    if asked.state is RestoreState.WAITING:
        have = sum(decision.approved for decision in asked.decisions)
        screen.say(
            f"Restore {asked.id} waits for approval, {have} of {asked.approvals_needed}, "
            f"until {words.moment(asked.expires_at)}.\n"
            f"Somebody else approves it in Slack, or with: safehold approve {asked.id}\n"
            f"Where nobody who may can be reached: {_GLASS}",
            {"restore": documents.restore(asked)},
        )
        return exits.GOOD
    screen.remark(f"Restore initiated: {asked.plan.instance} is provisioning.")
    run = Run(
        f"Restore of {asked.plan.source}",
        asked.id,
        read=lambda: core.catalog.restores.get(asked.id),
        over=lambda record: not record.state.open,
        step=lambda record: record.step,
        cancel=lambda: core.cancel_run(asked.id, me()),
    )
    return _ended(core, screen, follow(core, screen, run))


def _ended(core: Core, screen: Screen, ended: Restore) -> int:
    document = {"restore": documents.restore(ended)}
    if ended.state is not RestoreState.READY:
        if ended.failure is None:
            screen.say(f"Restore {ended.id} is {ended.state.value}.", document)
            return exits.BROKEN
        screen.failed(ended.failure, document)
        return exits.failed(ended.failure)
    instance = core.catalog.instances.get(ended.plan.instance)
    same = pages.compared(instance)
    held = words.counts(instance.counts)
    lines = (
        f"{instance.name} is ready. {instance.endpoint}  took {words.duration(instance.seconds)}",
        f"Compared with the backup: {', '.join(filter(None, (same, held)))}." if same or held else "",
        f"Lives until {words.moment(instance.lease_ends_at)}. Longer: safehold extend {instance.name}",
        f"Remove it: safehold destroy {instance.name}",
    )
    screen.say("\n".join(filter(None, lines)), {**document, "instance": documents.instance(instance)})
    return exits.GOOD


def _in_background(core: Core, given: Namespace, plan: RestorePlan) -> Restore:
    before = core.catalog.revision()

    def begun() -> Restore | None:
        mine = (r for r in core.changes(before).restores if r.plan.backup_id == plan.backup_id)
        return next(mine, None)

    return background.begin(core, given, begun)


def _moved(core: Core, waiting: Restore) -> Restore | None:
    current = core.catalog.restores.get(waiting.id)
    return current if len(current.decisions) > len(waiting.decisions) else None


def _say_begun(screen: Screen, core: Core, begun: Restore) -> int:
    if begun.state is RestoreState.WAITING:
        return _requested(core, screen, begun)
    name = begun.plan.instance
    screen.say(
        f"Restore initiated: {name} is provisioning in the background. See: safehold show {name}",
        {"restore": documents.restore(begun)},
    )
    return exits.GOOD
