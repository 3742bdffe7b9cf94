"""The dashboard: a person's App Home."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.blocks import backup as backups
from bot.blocks import instance as instances
from bot.blocks.keeping import frozen
from bot.blocks.listing import coming, standing
from bot.blocks.parts import VIEW_BLOCKS, Json, actions, button, context, header, section
from bot.blocks.restore import decision_buttons, taken_at
from bot.blocks.text import code, cut, escape, many, person, quoted, size, when
from bot.ids import Action
from core.model.backup import Backup, BackupState
from core.model.freeze import Freeze
from core.model.instance import Instance
from core.model.restore import Restore
from core.model.schedule import Due
from core.services.browse import Dashboard, SourceStatus

SOURCES = 20
WAITING = 10


@dataclass(frozen=True, slots=True)
class Ahead:
    """What is to come: the next run of each source that is shown, None where it has none; and a freeze in force."""

    dues: Mapping[str, Due | None] = field(default_factory=dict)
    freeze: Freeze | None = None


def home(dashboard: Dashboard, reader: str, now: datetime, configured: int = 0, ahead: Ahead | None = None) -> Json:
    """Return the view to publish. `reader` is the user id of who sees it, `configured` how many sources there are."""
    ahead = ahead or Ahead()
    only = dashboard.sources[0].source.name if len(dashboard.sources) == 1 else ""
    blocks = [
        header("Safehold"),
        *actions([button("Back up now", Action.BACK_UP_NOW, only, style="primary")]),
        *([frozen(ahead.freeze)] if ahead.freeze else []),
        header("Sources"),
    ]
    listed = dashboard.sources[:SOURCES]
    blocks += [section(_source(s, now, ahead), button("Options", Action.LIST, s.source.name)) for s in listed]
    missing = max(configured, len(dashboard.sources)) - len(listed)
    if missing > 0:
        blocks.append(context(f"… and {missing} more: `/backups list` with a source's name shows any."))
    if not dashboard.sources:
        blocks.append(section("No source is configured. Add one to `safehold.toml`."))
    blocks += _waiting(dashboard, reader)
    blocks += [header("Instances"), *_instances(dashboard)]
    lately = [record for record in dashboard.lately if record not in dashboard.instances]
    if lately:
        blocks += [header("Lately"), *(context(_lately(record)) for record in lately)]
    return {"type": "home", "blocks": blocks[:VIEW_BLOCKS]}


def _source(status: SourceStatus, now: datetime, ahead: Ahead) -> str:
    kept = f"{many(status.count, 'backup')}, {size(status.size_bytes)}"
    newest, trouble, name = status.newest, "", status.source.name
    following = f" {coming(ahead.dues[name])}" if name in ahead.dues else ""
    if newest is not None and newest.state.open:
        trouble = " · a backup is *pending*"
    elif newest is not None and newest.state is not BackupState.GOOD and newest.failure is not None:
        trouble = f"\nLast try {newest.state.value}: {escape(cut(newest.failure.message, 200))}"
    return f"{code(name)} · {standing(status, now)}{following}\n{escape(status.title)} · {kept}{trouble}"


def _waiting(dashboard: Dashboard, reader: str) -> list[Json]:
    if not dashboard.waiting:
        return []
    theirs = dashboard.decides and any(restore.requested_by.id != reader for restore in dashboard.waiting)
    blocks = [header("Waiting for you" if theirs else "Waiting for a decision")]
    for restore in dashboard.waiting[:WAITING]:
        who, until = person(restore.requested_by), when(restore.expires_at)
        taken = f"{when(taken_at(restore.plan))}, {size(restore.plan.archive_size)}"
        asked = f"asked for by {who} {quoted(restore.reason)}, until {until}"
        text = f"Restore of {code(restore.plan.source)}, backup of {taken}, {asked}"
        blocks += [
            section(f"{text} · plan {code(restore.plan.short)} · {code(restore.id)}"),
            *actions(_buttons(restore, dashboard, reader)),
        ]
    if len(dashboard.waiting) > WAITING:
        blocks.append(context(f"… and {len(dashboard.waiting) - WAITING} more: the approvers' channel has them all."))
    return blocks


def _buttons(restore: Restore, dashboard: Dashboard, reader: str) -> list[Json]:
    if restore.requested_by.id == reader:
        return [button("Cancel", Action.CANCEL, restore.id)]
    return decision_buttons(restore) if dashboard.decides else []


def _instances(dashboard: Dashboard) -> list[Json]:
    # The list's own header is left out: the dashboard has one.
    return instances.listing(dashboard.instances)[1:]


def _lately(record: Backup | Restore | Instance) -> str:
    if isinstance(record, Backup):
        return backups.row(record, with_source=True)
    if isinstance(record, Instance):
        return f"{instances.line(record)} · made {when(record.created_at)}"
    return f"Restore of {code(record.plan.source)} {record.state.value} · {when(record.requested_at)}"
