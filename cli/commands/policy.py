"""`policy`: what is kept, in words, and what goes next."""

from argparse import Namespace
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cli import documents, exits, pages, words
from cli.screen import Screen, table
from cli.session import me, opened, source_named
from core.bootstrap import Core
from core.errors import UsageError
from core.model.expiry import MOST_RUNS
from core.model.policy import Policy
from core.services.hold_back import HoldBack
from core.services.living import NO_BOT, bot_runs
from core.services.retention import Leaving

AHEAD = timedelta(days=35)
"""How far it looks: a month, so that each weekly one is seen to go."""
MOST_SOURCES = 50
_COLUMNS = ("source", "id", "taken", "tiers", "size", "proof", "note", "deleted from", "why")


def policy(given: Namespace, screen: Screen) -> int:
    """Print the policy of one source or of each, and a page of what goes next."""
    with opened(given) as core:
        sources, retention = _sources(core, given.source), core.time.retention
        until, frozen = core.clock.now() + AHEAD, retention.freeze()
        leaving = [one for source in sources for one in retention.leaving(source, until)]
        policies = {source: retention.policy(source) for source in sources}
        foreseen = {source: seen for source in sources if (seen := retention.foreseen(source, until))}
        unscheduled = [source for source in sources if not retention.scheduled(source)]
        alone = not bot_runs(core.catalog, core.clock.now())
        held = {source: facts for source in sources if (facts := HoldBack(core.catalog).waiting(source))}
    leaving.sort(key=lambda one: (one.at, one.backup.id))
    first = (given.page - 1) * given.limit
    shown = leaving[first : first + given.limit]
    words_of = ["\n  ".join((_title(source, kept), *kept.rules)) for source, kept in policies.items()]
    grace = f"What is let go keeps its bytes {words.duration(retention.grace_seconds)} more; safehold keep saves it."
    waits = [f"{_held_back(name, facts)} If that is meant: safehold let-go {name}" for name, facts in held.items()]
    banner, preview = pages.frozen(frozen) if frozen else "", _preview(given, shown, len(leaving), foreseen)
    still = NO_BOT if alone else ""
    parts = [banner, *waits, *words_of, grace, still, preview, _waiting(unscheduled)]
    document = {
        "freeze": documents.freeze(frozen),
        "policies": [
            {"source": source, "policy": kept.name, "rules": list(kept.rules), "zone": str(kept.zone)}
            for source, kept in policies.items()
        ],
        "grace_seconds": retention.grace_seconds,
        "held_back": [{"source": source, **facts} for source, facts in held.items()],
        "unscheduled": unscheduled,
        "bot_runs": not alone,
        "until": documents.moment(until),
        "foreseen": {source: documents.moment(seen) for source, seen in foreseen.items()},
        "total": len(leaving),
        "leaving": [_leaving(one) for one in shown],
    }
    screen.say("\n\n".join(part for part in parts if part), document)
    return exits.GOOD


def let_go(given: Namespace, screen: Screen) -> int:
    """Say yes to what is held back of a source."""
    with opened(given) as core:
        source = source_named(core, given.source, verb="let-go", doing="let go of")
        facts = HoldBack(core.catalog).waiting(source)
        if facts:
            screen.remark(_held_back(source, facts))
        if facts and not screen.agrees("Let them go?", f"let go of backups of {source}", given):
            screen.say("Nothing was changed.", {"allowed_until": None})
            return exits.GOOD
        until = core.time.allow_expiry(source, me(), str(facts.get("set", "")))
    screen.say(
        f"{source}: what is held back may go until {words.moment(until)}, one time. Save one: safehold keep ID",
        {"allowed_until": documents.moment(until)},
    )
    return exits.GOOD


def _held_back(source: str, facts: Mapping[str, Any]) -> str:
    return (
        f"HELD BACK: {facts['count']} of {facts['of']} good backups of {source} would go at once, so none does. "
        f"{facts['why']}"
    )


def _sources(core: Core, named: str | None) -> list[str]:
    if named is not None:
        return [core.adapters.source(named).name]
    names = sorted(core.config.sources)
    if len(names) > MOST_SOURCES:
        raise UsageError(f"There are {len(names)} sources.", hint=f"Name one: safehold policy {names[0]}")
    return names


def _title(source: str, kept: Policy) -> str:
    """Return the first line; only rules that count days, weeks and so on depend on the zone."""
    zone = f", whose days are those of {kept.zone}" if kept.newest_of else ""
    return f"What is kept of {source} (policy {kept.name}{zone}):"


def _preview(given: Namespace, shown: list[Leaving], total: int, foreseen: Mapping[str, datetime]) -> str:
    ends = ", ".join(f"of {source} only until {words.moment(seen)}" for source, seen in foreseen.items())
    ahead = f"in the next {AHEAD.days} days" + (f" ({ends}: {MOST_RUNS} runs ahead)" if ends else "")
    if not total:
        none = f"Of the backups that there are now none goes {ahead} if backups go on as scheduled."
        return f"{none} Those that are still to be taken go by the rules above, and are not counted here."
    head = f"What goes of the backups that there are now {ahead}, if backups go on as scheduled:"
    rows = [
        (
            one.backup.source,
            one.backup.id,
            words.moment(one.backup.taken_at),
            words.tiers(one.backup),
            words.size(one.backup.size),
            one.backup.known_as,
            one.backup.note,
            words.moment(one.at) if not one.held_back else "held back",
            one.why,
        )
        for one in shown
    ]
    held = sorted({one.backup.source for one in shown if one.held_back})
    asked = ", ".join(f"safehold let-go {name}" for name in held)
    waits = f"\n\nWhat is held back goes only after a yes: {asked}" if held else ""
    named = f" {given.source}" if given.source else ""
    limit = f" --limit {given.limit}" if given.limit != 10 else ""  # noqa: PLR2004 - what it is without saying
    last = given.page * given.limit >= total
    more = "" if last else f" Next page: safehold policy{named}{limit} --page {given.page + 1}"
    return f"{head}\n\n{table(_COLUMNS, rows)}\n\n{len(shown)} of {total}.{more}{waits}"


def _waiting(unscheduled: list[str]) -> str:
    """Say of which sources nothing can be foretold that waits for a backup."""
    if not unscheduled:
        return ""
    waits = "what waits for a newer good one goes with the next that is taken, and is not listed."
    return f"No backup is scheduled of {', '.join(unscheduled)}: {waits}"


def _leaving(one: Leaving) -> documents.Document:
    backup = one.backup
    return {
        "source": backup.source,
        "id": backup.id,
        "taken_at": documents.moment(backup.taken_at),
        "tiers": sorted(tier.value for tier in backup.tiers),
        "size": backup.size,
        "note": backup.note,
        "state": backup.state.value,
        "proof": backup.proof.value,
        "at": documents.moment(one.at) if not one.held_back else None,
        "held_back": one.held_back,
        "why": one.why,
    }
