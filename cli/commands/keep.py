"""`keep`, `release` and `why`: what a person wants kept, and what retention says of one backup."""

from argparse import Namespace
from collections.abc import Sequence
from datetime import timedelta

from cli import documents, exits, pages, words
from cli.commands.browse import MOST_ASKED
from cli.screen import Screen, table
from cli.session import me, opened, until
from core.bootstrap import Core
from core.errors import UsageError
from core.model.backup import Backup, BackupState
from core.model.expiry import MOST_RUNS
from core.model.verdict import Lock, Reason, Verdict
from core.services.retention import Leaving, deleted_from

AHEAD = timedelta(days=100)
"""How far `why` looks for the time at which a backup would go."""


def keep(given: Namespace, screen: Screen) -> int:
    """Place a hold and say what is kept until when."""
    missing = UsageError("A hold needs a reason.", hint='Add one: --why "the audit".')
    with opened(given) as core:
        found = core.find_backup(given.id)
        at = until(core, given.until) if given.until is not None else None
        reason = screen.reason(given.why, "Why: ", missing)
        was, kept = _was(core, found), core.time.keep_backup(found.id, me(), reason, at)
        verdict = core.time.retention.why(kept)
    held = pages.held(kept.hold) if kept.hold else ""
    instead = f" It takes the place of a hold {was}." if was else ""
    screen.say(f"Backup {kept.id} of {kept.source} is held {held}.{instead}", _document(kept, verdict))
    _remark(screen, kept)
    return exits.GOOD


def release(given: Namespace, screen: Screen) -> int:
    """Take a hold away and say what the policy makes of it."""
    with opened(given) as core:
        found = core.find_backup(given.id)
        was, released = _was(core, found), core.time.release_backup(found.id, me())
        verdict, grace = core.time.retention.why(released), core.time.retention.grace_seconds
    then = f"The policy keeps it: {verdict.says}." if verdict.keep else _goes(released, verdict, grace)
    before = f" It was held {was}." if was else ""
    screen.say(f"Backup {released.id} of {released.source} is released.{before} {then}", _document(released, verdict))
    _remark(screen, released)
    return exits.GOOD


def why(given: Namespace, screen: Screen) -> int:
    """Print the verdict on a backup, all that keeps it, and when it would go."""
    with opened(given) as core:
        backup, retention = core.find_backup(given.id), core.time.retention
        verdict, reasons = retention.why(backup), retention.every_reason(backup)
        policy = retention.policy(backup.source)
        many = core.catalog.retained.count_stored(backup.source) > MOST_ASKED
        leaving = None if many else _leaving(core, backup)
        unseen = _unseen(core, backup)
    grace = retention.grace_seconds
    head = (
        f"Backup {backup.id} of {backup.source}, taken {words.moment(backup.taken_at)}, {_said(backup, verdict, grace)}"
    )
    parts = [
        head,
        table(("reason", "until"), [_row(reason) for reason in reasons]),
        "" if many else _ahead(backup, verdict, leaving, unseen),
        f"What is kept of {backup.source}: {', '.join(policy.rules)} (policy {policy.name}).",
    ]
    document = {
        "backup": documents.backup(backup, verdict),
        "besides": [documents.reason(reason) for reason in reasons if reason not in verdict.reasons],
        "policy": {"name": policy.name, "rules": list(policy.rules)},
        "leaves_at": documents.moment(leaving.at) if leaving and not leaving.held_back else None,
    }
    screen.say("\n\n".join(part for part in parts if part), document)
    return exits.GOOD


def _was(core: Core, backup: Backup) -> str:
    """Return the hold on a backup that is in force in words, "" where there is none."""
    return pages.held(backup.hold) if backup.hold and backup.hold.holds(core.clock.now()) else ""


def _document(backup: Backup, verdict: Verdict) -> documents.Document:
    return {"backup": documents.backup(backup, verdict), "in_manifest": not backup.unsaved}


def _remark(screen: Screen, backup: Backup) -> None:
    """Say what is not as it should be beside the hold itself."""
    if backup.state is BackupState.DAMAGED and backup.failure:
        screen.remark(f"Warning: it is damaged. {backup.failure.message}")
    elif backup.unsaved:
        screen.remark(
            f"The vault {backup.vault} could not be written: its manifest does not say so yet. It holds all the same, "
            "and a running bot writes it when the vault is back."
        )


def _leaving(core: Core, backup: Backup) -> Leaving | None:
    found = core.time.retention.leaving(backup.source, core.clock.now() + AHEAD)
    return next((one for one in found if one.backup.id == backup.id), None)


def _said(backup: Backup, verdict: Verdict, grace: float) -> str:
    """Return the verdict in a sentence."""
    if not verdict.keep:
        return f"is not kept. {_goes(backup, verdict, grace)}"
    until_then = f" until {words.moment(verdict.kept_until)}" if verdict.kept_until else ""
    return f"is kept{until_then}."


def _goes(backup: Backup, verdict: Verdict, grace: float) -> str:
    if backup.state is BackupState.PRUNED:
        return f"Its bytes were deleted {words.moment(backup.pruned_at)}: {verdict.says}."
    if backup.expired_at is None:
        return (
            f"It is let go next: {verdict.says}. Its bytes stay {words.duration(grace)} more: safehold keep saves it."
        )
    gone_from = words.moment(deleted_from(backup, grace))
    return f"Its bytes are deleted from {gone_from} on: {verdict.says}. Until then safehold keep saves it."


def _row(reason: Reason) -> Sequence[str]:
    named = f" [{reason.by.value}]" if reason.by else ""
    return f"{reason.says}{named}", words.moment(reason.until) if reason.until else ""


def _ahead(backup: Backup, verdict: Verdict, leaving: Leaving | None, unseen: str) -> str:
    """Say when it would go, as far as that can be seen."""
    if leaving and leaving.held_back:
        source = backup.source
        return f"Most of {source} would go with it, so it goes only after a yes: safehold let-go {source}."
    if not verdict.keep or backup.state not in {BackupState.GOOD, BackupState.DAMAGED, BackupState.EXPIRED}:
        return ""
    if backup.hold and Lock.HOLD in {reason.by for reason in verdict.reasons}:
        sooner = f"Sooner: safehold release {backup.id}"
        then = sooner if verdict.by_hold_alone else "Releasing it frees nothing: what else keeps it lasts as long."
        if backup.hold.until is None:
            return then
        ends = f"It stays until {words.moment(backup.hold.until)} at least."
        return f"{ends} {_foretold(verdict, leaving, unseen)} {then}"
    return _foretold(verdict, leaving, unseen)


def _foretold(verdict: Verdict, leaving: Leaving | None, unseen: str) -> str:
    if leaving:
        at = words.moment(leaving.at)
        return f"If backups go on as scheduled, its bytes are deleted from {at} on: {leaving.why}."
    if verdict.kept_until:
        return f"It is let go {'then' if verdict.until_the_clock else 'with the first good backup after that'}."
    return unseen


def _unseen(core: Core, backup: Backup) -> str:
    """Return what is said of a backup of which the look ahead does not see that it goes."""
    if not core.time.retention.scheduled(backup.source):
        return "No backup is scheduled: what waits for a newer good one goes with the next that is taken."
    if seen := core.time.retention.foreseen(backup.source, core.clock.now() + AHEAD):
        seen_until = f"Looked ahead until {words.moment(seen)}, which is {MOST_RUNS} runs"
        return f"{seen_until}: by the schedule it does not go by then."
    return f"By the schedule it does not go in the next {AHEAD.days} days."
