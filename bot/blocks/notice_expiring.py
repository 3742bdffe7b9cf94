"""The evening post: what will be deleted tonight and why, each with a way to keep it; and what was deleted."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.blocks.notice_parts import Said, day_of, moment, not_delivered
from bot.blocks.parts import Json, actions, button, context, section
from bot.blocks.text import code, cut, escape, many, quoted, size, when
from bot.ids import Action
from core.model.notice import Notice

ROWS = 20
WHY = 300


def expiring(notice: Notice, folded: Sequence[Notice]) -> Said:
    """Return the evening post. Each row has its buttons; what one person keeps stays for all."""
    facts = notice.fields
    listed, more, bytes_ = list(facts.get("backups", ()))[:ROWS], int(facts.get("more", 0)), int(facts.get("bytes", 0))
    from_then = moment(facts, "prune_at")
    begin = f"from {when(from_then)} on" if from_then else "tonight"
    text = f"*{many(len(listed) + more, 'backup')} will be deleted* {begin}, {size(bytes_)}. *Keep* saves one."
    blocks = [section(text)]
    for row in listed:
        key = str(row.get("id", ""))
        buttons = [button("Keep", Action.KEEP, key), button("Why kept", Action.WHY_KEPT, key)]
        blocks += [section(_row(row)), *actions(buttons)]
    if more:
        blocks.append(context(f"… and {more} more: `/backups policy` with a source's name shows what goes next."))
    if missed := not_delivered(folded, "evening post"):
        blocks.append(context(missed))
    return Said(blocks, text)


def pruned(notice: Notice, folded: Sequence[Notice]) -> Said:
    """Return what was deleted, days that nobody was told of included."""
    count = sum(int(one.fields.get("count", 0)) for one in (*folded, notice))
    bytes_ = sum(int(one.fields.get("bytes", 0)) for one in (*folded, notice))
    since = f" since {day_of(folded[0])}" if folded else ""
    text = f"*{many(count, 'backup')} deleted*{since}, {size(bytes_)} in all. Their records stay."
    rows = [row for one in (notice, *reversed(folded)) for row in one.fields.get("backups", ())]
    blocks: list[Json] = [section(text)]
    if rows:
        blocks.append(section("\n".join(f"• {_row(row)}" for row in rows[:10])))
    if count > len(rows[:10]):
        blocks.append(context(f"… and {count - len(rows[:10])} more."))
    return Said(blocks, text)


def _row(row: Mapping[str, Any]) -> str:
    taken, tiers = moment(row, "taken_at"), ", ".join(map(str, row.get("tiers", ())))
    about = [
        code(str(row.get("source", ""))),
        when(taken) if taken else "",
        f"{escape(tiers)} {quoted(str(row.get('note', '')))}".strip(),
        size(int(row.get("size", 0))),
        escape(str(row.get("known_as", ""))),
    ]
    why = escape(cut(str(row.get("why", "")), WHY))
    return f"{' · '.join(part for part in about if part)}{f'. {why[:1].upper()}{why[1:]}' if why else ''}"
