"""Refusals because of what somebody else ordered, with a mention and in each reader's own time: core knows neither."""

from bot.blocks.text import person, quoted, when
from core.errors import SafeholdError
from core.services.freeze_retention import FROZEN_LONGER, FrozenLonger
from core.services.hold_backup import MAY_EXTEND, HeldByAnother


def said_of_others(error: SafeholdError) -> str:
    """Return as markup what the error says of somebody else's hold or freeze; "" where it is about none."""
    if isinstance(error, HeldByAnother):
        until = f"until {when(error.hold.until)}" if error.hold.until else "without end"
        why = f": {quoted(error.hold.reason)}" if error.hold.reason else ""
        return f"You may not shorten or release the hold of {person(error.hold.person)}, {until}{why}. {MAY_EXTEND}"
    if isinstance(error, FrozenLonger):
        why = f" ({quoted(error.before.reason)})" if error.before.reason else ""
        ends = when(error.before.until)
        return f"{person(error.before.person)} has frozen retention until {ends}{why}, which is later. {FROZEN_LONGER}"
    return ""
