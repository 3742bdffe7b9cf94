"""Every name that Slack sends back to us: commands, actions, blocks, views, events."""

from enum import StrEnum


class Command(StrEnum):
    """Slash commands."""

    BACKUPS = "/backups"


class Event(StrEnum):
    """Events of the Events API."""

    HOME_OPENED = "app_home_opened"


class Action(StrEnum):
    """The `action_id` of every button and menu."""

    BACK_UP_NOW = "back_up_now"
    CHOOSE_SOURCE = "choose_source"
    OPTIONS = "options"
    CLOSE = "close"
    NEWER = "newer"
    OLDER = "older"
    DETAILS = "details"
    LIST = "list"
    DOWNLOAD = "download"
    OPEN_LINK = "open_link"
    RESTORE = "restore"
    LIFETIME = "lifetime"
    VERIFY = "verify"
    RETRY = "retry"
    CANCEL = "cancel"
    KEEP = "keep"
    RELEASE = "release"
    WHY_KEPT = "why_kept"
    POLICY = "policy"
    SOONER = "sooner"
    LATER = "later"
    BACK = "back"
    THAW = "thaw"
    LET_GO = "let_go"
    SCHEDULE = "schedule"
    CHANGE_SCHEDULE = "change_schedule"
    EDIT_SCHEDULE = "edit_schedule"
    RESET_SCHEDULE = "reset_schedule"
    APPROVE = "approve"
    DENY = "deny"
    EXTEND = "extend"
    DESTROY = "destroy"
    SOURCE = "source"
    NOTE = "note"
    REASON = "reason"
    UNTIL = "until"
    DAILY = "daily"
    AT = "at"
    ZONE = "zone"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    WEEKLY_AT = "weekly_at"
    MONTHLY_AT = "monthly_at"
    WINDOW = "window"
    CRON = "cron"


class Block(StrEnum):
    """The `block_id` of every input: where an error of a modal is shown."""

    SOURCE = "source"
    NOTE = "note"
    LIFETIME = "lifetime"
    REASON = "reason"
    UNTIL = "until"
    DAILY = "daily"
    AT = "at"
    ZONE = "zone"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    WEEKLY_AT = "weekly_at"
    MONTHLY_AT = "monthly_at"
    WINDOW = "window"
    CRON = "cron"


class View(StrEnum):
    """The `callback_id` of every modal."""

    BACK_UP = "back_up"
    RESTORE = "restore"
    DENY = "deny"
    KEEP = "keep"
    SCHEDULE = "schedule"
    SCHEDULE_RUNS = "schedule_runs"
    LIST = "list"
    NOTICE = "notice"
    LOADING = "loading"


class Slot(StrEnum):
    """Which of a subject's Slack messages one is."""

    MAIN = "main"
    OUTCOME = "outcome"
    REQUEST = "request"
    PROGRESS = "progress"
    TAKEN = "taken"


METADATA_EVENT = "safehold_message"
"""The `event_type` of the metadata by which our own messages are found again in a channel's history."""
