"""Keep, Release and Why kept: what people order about one backup, and what retention says of it."""

from datetime import datetime, timedelta

from bot.blocks import answers, keeping
from bot.blocks.answers import Answer
from bot.call import Call
from bot.guard import Guard
from bot.ids import Action, Block, View
from bot.submissions import Form
from core.model.backup import Backup
from core.model.hold import Hold
from core.model.until_typed import parse_until
from core.model.verdict import Lock, Verdict
from core.model.wall_time import moment_of, zone_of
from core.services.access import Verb
from core.services.hold_backup import HeldByAnother, require_ahead
from core.services.text import checked_text

AHEAD = timedelta(days=100)
"""How far Why kept looks for the time at which a backup would go."""
MOST_ASKED = 2_000
"""Of a source that stores more it does not look ahead: each coming day asks for the verdict on all."""


def register(guard: Guard) -> None:
    """Register what keeps, releases and explains."""
    guard.action(Action.KEEP, lambda call: open_keep(call, call.value), Verb.KEEP)
    guard.action(Action.RELEASE, lambda call: release(call, call.value), Verb.KEEP, once=True)
    guard.action(Action.WHY_KEPT, lambda call: why(call, call.value))
    form = Form(submitted, {Block.UNTIL: check_until, Block.REASON: check_reason}, Verb.KEEP)
    guard.view(View.KEEP, form)


def open_keep(call: Call, reference: str) -> None:
    """Ask until when and why, if the person may keep and there is something to keep."""
    call.open(answers.loading("Keep a backup"))
    call.core.access.require(call.person, Verb.KEEP, reference)
    backup = call.core.find_backup(reference)
    verdict, zone = call.core.time.retention.why(backup), call.core.config.zone
    call.fill(keeping.keep_modal(backup, _in_force(call, backup), verdict, zone))


def check_until(call: Call) -> None:
    """Look at until when.

    Raises:
        UsageError: it is no time, past, or too far away.

    """
    require_ahead(_until(call), call.core.clock.now())


def check_reason(call: Call) -> None:
    """Look at the reason.

    Raises:
        UsageError: there is none, or it can't be shown.

    """
    checked_text(call.typed(Block.REASON, Action.REASON), "reason", required=True)


def submitted(call: Call) -> Answer:
    """Hold the backup that the modal shows."""
    reference, reason = str(call.view["private_metadata"]), call.typed(Block.REASON, Action.REASON)
    before = _in_force(call, call.core.find_backup(reference))
    try:
        backup = call.core.time.keep_backup(reference, call.person, reason, _until(call))
    except HeldByAnother:
        call.right = Verb.RETAIN
        raise
    call.desk.board.wake()
    return answers.begun(keeping.kept(backup, before, call.core.config.zone), "Held")


def release(call: Call, reference: str) -> None:
    """Take the hold away."""
    backup = call.core.find_backup(reference)
    before = _in_force(call, backup)
    try:
        after = call.core.time.release_backup(backup.id, call.person)
    except HeldByAnother:
        call.right = Verb.RETAIN
        raise
    call.desk.board.wake()
    retention = call.core.time.retention
    call.say(keeping.released(after, before, retention.why(after), retention.grace_seconds), "Released")


def why(call: Call, reference: str) -> None:
    """Say why a backup is kept, and when it would go."""
    backup, retention = call.core.find_backup(reference), call.core.time.retention
    verdict, reasons = retention.why(backup), retention.every_reason(backup)
    then = _then(call, backup, verdict)
    call.say(keeping.why(backup, verdict, reasons, retention.policy(backup.source), then), "Why kept")


def until_typed(call: Call, text: str) -> datetime:
    """Return the moment that somebody means, in the team's zone, whose clock counts.

    Raises:
        UsageError: it is none.

    """
    zone = zone_of(call.core.config.zone)
    at = parse_until(text, call.core.clock.now(), lambda wall: moment_of(zone, wall))
    return at.astimezone(zone)


def _in_force(call: Call, backup: Backup) -> Hold | None:
    """Return the hold on a backup that has not ended."""
    return backup.hold if backup.hold and backup.hold.holds(call.core.clock.now()) else None


def _until(call: Call) -> datetime | None:
    typed = call.typed(Block.UNTIL, Action.UNTIL).strip()
    return until_typed(call, typed) if typed else None


def _then(call: Call, backup: Backup, verdict: Verdict) -> str:
    """Say when it would go, as far as that can be seen."""
    if backup.state not in keeping.KEEPABLE:
        return ""
    if verdict.keep and Lock.HOLD in {reason.by for reason in verdict.reasons}:
        alone = verdict.by_hold_alone
        sooner = "Sooner: *Release*." if alone else "Releasing it frees nothing: what else keeps it lasts as long."
        return f"{_foretold(call, backup, verdict)} {sooner}" if verdict.kept_until else sooner
    return _foretold(call, backup, verdict)


def _foretold(call: Call, backup: Backup, verdict: Verdict) -> str:
    core, retention = call.core, call.core.time.retention
    if core.catalog.retained.stores_more_than(backup.source, MOST_ASKED):
        return ""
    until, scheduled = core.clock.now() + AHEAD, retention.scheduled(backup.source)
    leaving = retention.leaving(backup.source, until)
    found = next((one for one in leaving if one.backup.id == backup.id), None)
    if found is None:
        return keeping.stays(verdict, AHEAD.days, retention.foreseen(backup.source, until), scheduled=scheduled)
    return keeping.goes(found, kept=verdict.keep)
