"""The daily digest: how every source stands, those in trouble first, what failed, what goes, and what is stored."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.blocks.notice_parts import Said, day_of, moment, not_delivered
from bot.blocks.parts import Json, button, context, header, section
from bot.blocks.text import age, change, code, cut, duration, escape, many, size, when
from bot.draft import Picture, Series
from bot.ids import Action
from core.model.notice import Notice

ROWS = 20
FAILURES = 10
FAILURE = 200
TITLE = "Sizes of the newest good backups, at most 14 of each"
Facts = Mapping[str, Any]


def digest(notice: Notice, folded: Sequence[Notice]) -> Said:
    """Return the digest. Its absence is an alarm, so it comes also where nothing happened."""
    facts = notice.fields
    sources: list[Facts] = list(facts.get("sources", ()))[:ROWS]
    troubled, fine = _parted(sources)
    more = int(facts.get("more", 0))
    standing = _standing(len(sources) + more, len(troubled))
    blocks = [header(f"Backups, {day_of(notice)}"), section(standing)]
    failed = _last_failures(facts)
    rows = [[_row(one, failed.get(str(one.get("name"))), notice.at) for one in part] for part in (troubled, fine)]
    blocks += [section("\n".join(part)) for part in rows if part]
    if more:
        blocks.append(context(f"… and {more} more in good order: `/backups list` with a source's name shows any."))
    picture = _picture(sources, len(blocks))
    blocks += _failures(facts)
    blocks += [context(line) for line in (*_rest(facts), not_delivered(folded, "digest")) if line]
    return Said(blocks, f"{standing} {_stored(facts)}", picture)


def _parted(sources: Iterable[Facts]) -> tuple[list[Facts], list[Facts]]:
    troubled: list[Facts] = []
    fine: list[Facts] = []
    for one in sources:
        (troubled if one.get("overdue") or one.get("failures") else fine).append(one)
    return troubled, fine


def _standing(count: int, troubled: int) -> str:
    if not count:
        return "No source is configured. Add one to `safehold.toml`."
    if not troubled:
        return f"*{'The only source is' if count == 1 else f'All {count} sources are'} in good order.*"
    return f"*{troubled} of {many(count, 'source')} {'needs' if troubled == 1 else 'need'} a look.*"


def _last_failures(facts: Facts) -> Mapping[str, datetime]:
    """Return when each source failed last, of those that are named; the newest come first."""
    listed = [(str(one.get("source", "")), moment(one, "at")) for one in facts.get("failures", ())]
    return {source: at for source, at in reversed(listed) if at is not None}


def _row(one: Facts, failed_at: datetime | None, now: datetime) -> str:
    newest, following, goal = moment(one, "newest_good_at"), moment(one, "next_due_at"), one.get("goal_seconds")
    sizes = [int(value) for value in one.get("sizes", ())]
    failures = int(one.get("failures", 0))
    failing = failed_at is not None and (newest is None or failed_at > newest)
    state = "*overdue*" if one.get("overdue") else "*failing*" if failing else "good"
    which = "newest" if state == "good" else "newest good"
    if newest is None:
        told = [f"{state}, no good backup yet"]
    else:
        bound = f" (goal {duration(float(goal))})" if goal and one.get("overdue") else ""
        told = [f"{state}, {which} {age(newest, now)}{bound}", f"{size(int(one.get('size', 0)))}{_trend(sizes)}"]
    if failures:
        told.append(f"{many(failures, 'failure')}")
    told.append(f"next {when(following)}" if following else "no schedule")
    return f"{code(str(one.get('name', '')))} · {' · '.join(told)}"


def _trend(sizes: Sequence[int]) -> str:
    went = change(sizes)
    return f" ({went})" if went else ""


def _picture(sources: Iterable[Facts], place: int) -> Picture | None:
    """Return the plot of sizes; none where no source has two to compare."""
    series = tuple(Series(str(one.get("name", "")), tuple(int(v) for v in one.get("sizes", ()))) for one in sources)
    if not any(len(one.values) > 1 for one in series):
        return None
    return Picture(place, TITLE, f"{TITLE}. {' '.join(map(_in_words, series))}", series)


def _in_words(one: Series) -> str:
    if not one.values:
        return f"{one.name}: none yet."
    if len(one.values) == 1:
        return f"{one.name}: {size(one.values[0])}."
    first, last, went = size(one.values[0]), size(one.values[-1]), change(one.values)
    return f"{one.name}: {first} to {last} over {len(one.values)} backups{f', {went}' if went else ''}."


def _failures(facts: Facts) -> list[Json]:
    listed = list(facts.get("failures", ()))[:FAILURES]
    blocks = []
    for one in listed:
        at, source = moment(one, "at"), code(str(one.get("source", "")))
        said = escape(cut(str(one.get("message", "")), FAILURE))
        text = f"{source} failed{f' {when(at)}' if at else ''}: {said}"
        blocks.append(section(text, button("Options", Action.DETAILS, str(one.get("id", "")))))
    return blocks


def _rest(facts: Facts) -> Iterable[str]:
    """Yield what stands in small print."""
    expiring, frozen, copied = (
        int(facts.get("expiring", 0)),
        moment(facts, "frozen_until"),
        moment(facts, "catalog_copied_at"),
    )
    if frozen:
        yield f"*Incident freeze until {when(frozen)}*: nothing is let go or deleted."
    elif expiring:
        yield f"{many(expiring, 'backup')} will be deleted within a day; the evening post names them."
    yield f"{_stored(facts)} {f'The catalog was copied into the vaults {when(copied)}.' if copied else ''}".strip()


def _stored(facts: Facts) -> str:
    free = ", ".join(
        f"{size(int(count))} free in the vault {code(name)}"
        if count is not None
        else f"the vault {code(name)} can't be reached"
        for name, count in sorted(dict(facts.get("free", {})).items())
    )
    return f"{size(int(facts.get('storage_bytes', 0)))} stored{f', {free}' if free else ''}."
