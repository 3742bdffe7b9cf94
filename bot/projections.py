"""Which Slack messages show a record, and what they say now: the catalog is the truth, messages follow it."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from bot.blocks import backup as backups
from bot.blocks import restore as restores
from bot.blocks.answers import said, taken
from bot.blocks.parts import Json, markup
from bot.blocks.text import cut_markup
from bot.ids import Slot
from core.bootstrap import Core
from core.errors import UnknownName
from core.model.backup import Backup
from core.model.instance import Instance
from core.model.restore import Restore, RestoreState

CHARACTERS = 12_000
"""Slack refuses a message whose blocks hold about 13,200 characters (msg_blocks_too_long)."""
SHORTEST = 100
TEXT_CHARACTERS = 3_000
"""Slack refuses an edit whose words, which stand in notifications, are longer than 4,000 (msg_too_long)."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as it should stand now.

    `channel` is as configured, a name or an id. `thread` is the subject whose message, in slot `root`, it answers;
    "" where it stands in the channel. `since` is when its subject began: it can't have been posted before.
    `passing`: it only tells how far something is, so a later one may take its place.
    """

    subject: str
    slot: Slot
    channel: str
    blocks: list[Json]
    text: str
    since: datetime
    thread: str = ""
    root: Slot = Slot.MAIN
    passing: bool = False

    @property
    def digest(self) -> str:
        """Return a hash of what it says."""
        return hashlib.sha256(json.dumps([self.blocks, self.text], sort_keys=True).encode()).hexdigest()[:32]


def subject_of(record: Backup | Restore | Instance) -> str:
    """Return the subject that shows a record; an instance is shown by its restore's messages."""
    if isinstance(record, Backup):
        return f"backup:{record.id}"
    return f"restore:{record.id if isinstance(record, Restore) else record.restore_id}"


def drafts(core: Core, subject: str) -> tuple[Draft, ...]:
    """Return every message of a subject as it should stand now; none where the record is gone."""
    kind, _, key = subject.partition(":")
    try:
        if kind == "backup":
            return _of_backup(core, subject, core.catalog.backups.get(key))
        if kind == "restore":
            return _of_restore(core, subject, core.catalog.restores.get(key))
        return _of_download(core, subject, key)
    except UnknownName:
        return ()


def within_budget(blocks: list[Json], text: str) -> tuple[list[Json], str]:
    """Return blocks and words that Slack takes: where they are too long, the longest paragraphs are cut."""
    fitting = [*blocks]
    while (excess := _characters(fitting) - CHARACTERS + 1) > 0:
        place, longest = max(enumerate(map(_paragraph, fitting)), key=lambda pair: len(pair[1]))
        kept = max(len(longest) // 2, len(longest) - excess)
        if len(longest) <= SHORTEST:
            break
        fitting[place] = {**fitting[place], "text": markup(longest, kept)}
    return fitting, cut_markup(text, TEXT_CHARACTERS)


def _paragraph(block: Json) -> str:
    return str(block["text"]["text"]) if block["type"] == "section" else ""


def _characters(node: object) -> int:
    if isinstance(node, str):
        return len(node)
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return sum(map(_characters, children))


def _of_backup(core: Core, subject: str, backup: Backup) -> tuple[Draft, ...]:
    channel, since = core.config.slack.channel, backup.requested_at
    last_good = core.catalog.backups.newest_good(backup.source) if backup.failure else None
    passing = backup.step is not None
    main = Draft(
        subject, Slot.MAIN, channel, *within_budget(*backups.message(backup, last_good)), since, passing=passing
    )
    ended = backups.outcome(backup)
    if ended is None:
        return (main,)
    return main, Draft(subject, Slot.OUTCOME, channel, *within_budget(*ended), since, thread=subject)


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
    asked = restores.request(restore, core.approvers(), held, core.clock.now())
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
