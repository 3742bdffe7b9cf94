"""What people ordered that concerns others: freezes and their ends, and holds that somebody else had placed."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.blocks.notice_parts import Said, moment, someone, worded
from bot.blocks.parts import button
from bot.blocks.text import code, person, quoted, when
from bot.ids import Action
from core.model.notice import Notice


def frozen(notice: Notice, _folded: Sequence[Notice]) -> Said:
    """Return that nothing goes for a while, and whose freeze this one takes the place of."""
    facts, until = notice.fields, moment(notice.fields, "until") or notice.at
    instead = f"It takes the place of the one that {_had_placed(facts['of'])}.\n" if facts.get("of") else ""
    text = (
        f"*Incident freeze until {when(until)}* by {person(someone(facts))}: {quoted(str(facts.get('reason', '')))}\n"
        f"{instead}Until then nothing of any source is let go or deleted. Backups are taken as always."
    )
    return worded(text)


def thawed(notice: Notice, _folded: Sequence[Notice]) -> Said:
    """Return that retention goes on, and whose freeze was ended."""
    facts, who = notice.fields, person(someone(notice.fields))
    whose = f", which {_had_placed(facts['of'])}" if facts.get("of") else ""
    reason = quoted(str(facts.get("reason", "")))
    text = (
        f"*The incident freeze was ended by {who}*{whose}{f': {reason}' if reason else '.'}\nThe policies let go again."
    )
    return worded(f"{text} Keep what you still need: *Keep* on its row.")


def hold(notice: Notice, _folded: Sequence[Notice]) -> Said:
    """Return that somebody released or replaced another's hold; the mention is how the holder learns it."""
    facts, key = notice.fields, str(notice.fields.get("backup_id", ""))
    taken, was, now = moment(facts, "taken_at") or notice.at, dict(facts.get("was") or {}), facts.get("now")
    step = "The policy decides again: *Keep* holds it anew."
    if now:
        until = moment(now, "until")
        step = f"Now it is held {f'until {when(until)}' if until else 'without end'}{_reason(now)}"
    act = f"*{person(someone(facts))} {'replaced' if now else 'released'} a hold*"
    which = f"the backup of {code(notice.about)} of {when(taken)}"
    return worded(
        f"{act} on {which}, which {_had_placed(was)}{_reason(was)}\n{step}",
        [button("Keep", Action.KEEP, key), button("Why kept", Action.WHY_KEPT, key)],
    )


def _had_placed(facts: Mapping[str, Any]) -> str:
    until = moment(facts, "until")
    return f"{person(someone(facts))} had placed {f'until {when(until)}' if until else 'without end'}"


def _reason(facts: Mapping[str, Any]) -> str:
    reason = quoted(str(facts.get("reason", "")))
    return f": {reason}" if reason else "."
