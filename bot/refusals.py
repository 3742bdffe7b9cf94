"""What a refusal of Slack means for a message: whom it concerns, and whether trying again can help."""

from enum import Enum, auto
from http import HTTPStatus

from slack_sdk.errors import SlackApiError


class Kind(Enum):
    """Refusals by what to do about them.

    TOO_MANY: the channel waits. ACCOUNT: no message of this app is taken. GONE: this message can't be edited any
    more, nor posted as long as people change nothing. UNSHOWABLE: what it says is refused. BROKEN: Slack itself
    failed, and may have done what was asked. OTHER: this message is refused.
    """

    TOO_MANY = auto()
    ACCOUNT = auto()
    GONE = auto()
    UNSHOWABLE = auto()
    BROKEN = auto()
    OTHER = auto()


_CODES = {
    Kind.TOO_MANY: {"ratelimited", "rate_limited"},
    Kind.ACCOUNT: {
        "access_denied",
        "account_inactive",
        "invalid_auth",
        "missing_scope",
        "not_authed",
        "org_login_required",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
    },
    Kind.GONE: {
        "cant_update_message",
        "channel_not_found",
        "edit_window_closed",
        "is_archived",
        "is_inactive",
        "message_not_found",
        "not_in_channel",
        "restricted_action",
    },
    Kind.UNSHOWABLE: {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"},
    Kind.BROKEN: {"fatal_error", "internal_error", "request_timeout", "service_unavailable"},
}
_KINDS = {code: kind for kind, codes in _CODES.items() for code in codes}


def code_of(error: SlackApiError) -> str:
    """Return Slack's own word for it, or the HTTP status where it has none."""
    return str(error.response.get("error") or f"HTTP {error.response.status_code}")


def kind_of(error: SlackApiError) -> Kind:
    """Return what a refusal means."""
    if error.response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        return Kind.TOO_MANY
    if error.response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Kind.BROKEN
    return _KINDS.get(code_of(error), Kind.OTHER)


def seconds_to_wait(error: SlackApiError) -> float:
    """Return how long Slack wants to be left alone."""
    said = str(error.response.headers.get("Retry-After", ""))
    return float(said) if said.isdecimal() else 1.0
