"""Which Slack messages show a record, and what they say now: the catalog is the truth, messages follow it."""

from collections.abc import Sequence

from bot.blocks import backup as backups
from bot.blocks import restore as restores
from bot.blocks.answers import said, taken
from bot.draft import Draft, within_budget
from bot.ids import Slot
from bot.quiet import FAILED, TOLD, told
from core.bootstrap import Core
from core.errors import UnknownName
from core.model.backup import Backup, BackupState
from core.model.instance import Instance
from core.model.notice import NoticeKind
from core.model.restore import Restore, RestoreState
from core.services.adopt_manifests import GONE
from core.services.wake_schedules import tried_again


def subject_of(record: Backup | Restore | Instance) -> str:
    """Return the subject that shows a record; an instance is shown by its restore's messages."""
    if isinstance(record, Backup):
        return f"backup:{record.id}"
    return f"restore:{record.id if isinstance(record, Restore) else record.restore_id}"


def drafts(core: Core, subject: str, folded: Sequence[str] = ()) -> tuple[Draft, ...]:
    """Return every message of a subject as it should stand now; none where the record is gone.

    `folded` are the subjects that its first message tells of too, where it was not posted yet.
    """
    kind, _, key = subject.partition(":")
    try:
        if kind == "backup":
            return _of_backup(core, core.catalog.backups.get(key), folded)
        if kind == "restore":
            return _of_restore(core, subject, core.catalog.restores.get(key))
        return _of_download(core, subject, key)
    except UnknownName:
        return ()


def _of_backup(core: Core, backup: Backup, folded: Sequence[str]) -> tuple[Draft, ...]:
    subject, channel, since = subject_of(backup), core.config.slack.channel, backup.requested_at
    message, quiet, thread = core.catalog.messages.get(subject, Slot.MAIN), not told(backup), ""
    if message is not None and message.host:
        return ()
    if quiet and (message is None or not message.ts):
        thread = _failed_before(core, backup)
        if message is None and not thread:
            return ()
    if message is None and _told_before(core, backup):
        return ()
    if message is not None and message.ts:
        folded = core.catalog.messages.folded(message)
    earlier = [core.catalog.backups.get(one.partition(":")[2]) for one in folded]
    last_good = core.catalog.backups.newest_good(backup.source) if backup.failure else None
    again = tried_again(core.catalog.expected.of_backup(backup.id)) if backup.failure else None
    going = core.time.let_go_for(backup)
    shown = within_budget(*backups.message(backup, last_good, earlier, going, again))
    passing = backup.step is not None
    main = Draft(
        subject, Slot.MAIN, channel, *shown, since, thread, passing=passing, folded=tuple(folded), broadcast=True
    )
    ended = backups.outcome(backup)
    if ended is None or quiet:
        return (main,)
    return main, Draft(subject, Slot.OUTCOME, channel, *within_budget(*ended), since, thread=subject)


def _told_before(core: Core, backup: Backup) -> bool:
    """Say whether the catalog was made anew since: it was told then, though nobody knows any more by which message.

    What the notice of that tells, bytes that are not in the vaults, is not told once more either.
    """
    if backup.state in TOLD:
        return backup.failure is not None and backup.failure.message == GONE
    made = core.catalog.notices.newest("", NoticeKind.CATALOG)
    if made is None or made.fields.get("what") == "put back" or made.at > core.clock.now():
        return False
    return backup.finished_at is not None and backup.finished_at < made.at


def _failed_before(core: Core, backup: Backup) -> str:
    """Return the subject of the failed run, told of in a message that stands, that a scheduled one made up for."""
    if backup.state is not BackupState.GOOD:
        return ""
    before = core.catalog.backups.page(backup.source, older_than=backup.id, size=1).backups
    if not before or before[0].state not in FAILED:
        return ""
    failed = core.catalog.messages.get(subject_of(before[0]), Slot.MAIN)
    return failed.subject if failed is not None and failed.ts else ""


def _of_restore(core: Core, subject: str, restore: Restore) -> tuple[Draft, ...]:
    slack, since = core.config.slack, restore.requested_at
    name = restore.plan.instance
    # Two plans of one second may have named the same instance: only the restore that made it shows it.
    made = core.catalog.instances.get(name) if core.catalog.instances.taken(name) else None
    instance = made if made is not None and made.restore_id == restore.id else None
    passing = restore.state is RestoreState.RUNNING
    shown = within_budget(*restores.message(restore, instance))
    main = Draft(subject, Slot.MAIN, slack.channel, *shown, since, passing=passing)
    told: tuple[Draft, ...] = (main,)
    if ended := restores.outcome(restore, instance):
        told = main, Draft(subject, Slot.OUTCOME, slack.channel, *within_budget(*ended), since, subject)
    if restore.approvals_needed == 0:
        return told
    held = core.catalog.backups.get(restore.plan.backup_id).counts
    asked = restores.request(restore, core.approvers(), held)
    request = Draft(subject, Slot.REQUEST, slack.approvals_channel, *within_budget(*asked), since)
    reply = restores.progress(restore, instance)
    if reply is None:
        return request, *told
    progress = Draft(
        subject,
        Slot.PROGRESS,
        slack.approvals_channel,
        *within_budget(*reply),
        since,
        thread=subject,
        root=Slot.REQUEST,
        passing=passing,
    )
    return request, *told, progress


def _of_download(core: Core, subject: str, key: str) -> tuple[Draft, ...]:
    download = core.catalog.downloads.get(key)
    backup = core.catalog.backups.get(download.backup_id)
    if download.completed_at is None:
        return ()
    text = taken(download.requested_by, backup)
    channel, root = core.config.slack.channel, subject_of(backup)
    return (Draft(subject, Slot.TAKEN, channel, said(text), text, download.issued_at, thread=root),)
