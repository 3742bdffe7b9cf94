"""/backups: each verb is what its button does."""

from collections.abc import Callable

from bot.call import Call
from bot.guard import Guard
from bot.ids import Command
from bot.listeners import approve, browse, create, download, instances, keep, policy, restore, schedule
from bot.parse import Request, Verb, parse
from core.services.access import Verb as Right

ANSWERS: dict[Verb, Callable[[Call, Request], None]] = {
    Verb.LIST: browse.show_list,
    Verb.NOW: create.now,
    Verb.SHOW: browse.show,
    Verb.DOWNLOAD: lambda call, request: download.download(call, request.subject),
    Verb.RESTORE: lambda call, request: restore.open_plan(call, request.subject),
    Verb.VERIFY: lambda call, request: create.verify(call, request.subject),
    Verb.WHY: lambda call, request: keep.why(call, request.subject),
    Verb.KEEP: lambda call, request: keep.open_keep(call, request.subject),
    Verb.RELEASE: lambda call, request: keep.release(call, request.subject),
    Verb.POLICY: policy.show_policy,
    Verb.SCHEDULE: schedule.show_schedule,
    Verb.LET_GO: policy.ask_let_go,
    Verb.FREEZE: policy.freeze,
    Verb.THAW: lambda call, _request: policy.thaw(call),
    Verb.APPROVE: lambda call, request: approve.decide(call, request, approve=True),
    Verb.DENY: lambda call, request: approve.decide(call, request, approve=False),
    Verb.INSTANCES: instances.show_instances,
    Verb.EXTEND: lambda call, request: instances.extend(call, request.subject, request.seconds),
    Verb.DESTROY: lambda call, request: instances.destroy(call, request.subject),
    Verb.CANCEL: lambda call, request: create.cancel(call, request.subject),
    Verb.HELP: browse.usage,
}

RIGHTS = {
    Verb.NOW: Right.BACKUP,
    Verb.DOWNLOAD: Right.DOWNLOAD,
    Verb.RESTORE: Right.RESTORE,
    Verb.VERIFY: Right.VERIFY,
    Verb.KEEP: Right.KEEP,
    Verb.RELEASE: Right.KEEP,
    Verb.FREEZE: Right.RETAIN,
    Verb.THAW: Right.RETAIN,
    Verb.APPROVE: Right.APPROVE,
    Verb.DENY: Right.APPROVE,
    Verb.EXTEND: Right.DESTROY,
    Verb.DESTROY: Right.DESTROY,
    Verb.CANCEL: Right.CANCEL,
}
"""What each verb needs: a refusal names those who have it."""


def register(guard: Guard) -> None:
    """Register the command."""
    guard.command(Command.BACKUPS, answer)


def answer(call: Call) -> None:
    """Read what was typed and answer it."""
    request = parse(str(call.body.get("text") or ""))
    call.right = RIGHTS.get(request.verb)
    ANSWERS[request.verb](call, request)
