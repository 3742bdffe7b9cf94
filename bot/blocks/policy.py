"""Retention of a source, or of all: the rules in words, and a page of what goes next; freeze and thaw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bot.blocks.carried import Carried
from bot.blocks.keeping import frozen, in_team_zone, keep_button, let_go_button, yes
from bot.blocks.listing import ListPlace
from bot.blocks.parts import Json, actions, button, context, divider, header, section
from bot.blocks.text import code, cut_markup, duration, person, quoted, size, tiers, verbatim, when
from bot.ids import Action
from core.model.expiry import MOST_RUNS
from core.model.freeze import Freeze
from core.model.policy import Policy
from core.services.retention import Leaving

AHEAD = timedelta(days=35)
"""How far the preview looks: a month, so that each weekly one is seen to go."""
ROWS = 6
POLICIES = 5
HELD_BACK = 3
NAMED = 5
WHY = 200


@dataclass(frozen=True, slots=True)
class PolicyPlace(Carried):
    """Which page of what goes next is shown, of a source or, "", of all: travels in the values of its buttons."""

    WHAT, HINT = "page", "Type /backups policy for a new one."

    source: str = ""
    first: int = 1


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is kept by which policy, and what goes when, the soonest first.

    `held_back` says of sources what of them waits for a yes (`HoldBack.waiting`). `unseen` are sources that store too
    many backups to look ahead in passing, `unscheduled` those of which no backup is taken by itself,
    `foreseen` says of those with very frequent backups when the look ahead ends.
    """

    policies: Mapping[str, Policy]
    leaving: Sequence[Leaving]
    grace_seconds: float
    freeze: Freeze | None = None
    unseen: Sequence[str] = ()
    held_back: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    unscheduled: Sequence[str] = ()
    foreseen: Mapping[str, datetime] = field(default_factory=dict)


def policy_page(outlook: Outlook, place: PolicyPlace) -> list[Json]:
    """Return the page. A place after its end shows its last page."""
    blocks = [header(f"Retention of {place.source}" if place.source else "Retention of every source")]
    if outlook.freeze is not None:
        blocks.append(frozen(outlook.freeze))
    for name, facts in list(outlook.held_back.items())[:HELD_BACK]:
        blocks += held_back(name, facts)
    found = _by_policy(outlook.policies)
    blocks += [section(_rules(policy, names if not place.source else ())) for policy, names in found[:POLICIES]]
    if (more := len(found) - POLICIES) > 0:
        blocks.append(context(f"… and {more} more: `/backups policy` with a source's name shows any."))
    blocks += [context(_grace(outlook.grace_seconds)), divider()]
    total = len(outlook.leaving)
    first = min(place.first, max(1, (total - 1) // ROWS * ROWS + 1))
    shown = outlook.leaving[first - 1 : first - 1 + ROWS]
    blocks.append(section(_preview(total, outlook.foreseen)))
    for one in shown:
        asked = [keep_button(one.backup), button("Why kept", Action.WHY_KEPT, one.backup.id)]
        blocks += [section(_row(one, with_source=not place.source)), *actions(asked)]
    blocks += _not_seen(outlook)
    return [*blocks, *_footer(replace(place, first=first), len(shown), total)]


def held_back(source: str, facts: Mapping[str, Any], *, changed: bool = False) -> list[Json]:
    """Return what waits for a yes, with the way to say it. `changed`: a yes was said to others."""
    many, of, why = facts.get("count", 0), facts.get("of", 0), cut_markup(verbatim(str(facts.get("why", ""))), WHY)
    told = f"*Held back*: {many} of {of} good backups of {code(source)} would go at once, so none does. {why}"
    since = "*It has changed since you looked, and nothing was let go.* Now:\n" if changed else ""
    return [section(f"{since}{told}", let_go_button(source, facts))]


def let_go(source: str, until: datetime) -> list[Json]:
    """Return the answer to the yes."""
    told = f"What is held back of {code(source)} may go until {when(until)}, one time."
    return [section(f"{told} *Keep* saves one as long as its bytes are there.")]


def froze(freeze: Freeze, zone: str = "UTC") -> list[Json]:
    """Return the answer to a freeze; its end also in the zone in which it was read, which may not be the reader's."""
    told = f"*Nothing of any source is let go or deleted until {when(freeze.until)}*, {quoted(freeze.reason)}."
    return [section(f"{told} {in_team_zone(freeze.until, zone)} Every list says so. `/backups thaw` ends it sooner.")]


def thawed(freeze: Freeze) -> list[Json]:
    """Return the answer to a thaw."""
    told = f"Retention goes on. {person(freeze.person)} had frozen it {when(freeze.placed_at)}."
    return [section(f"{told} `/backups policy` shows what goes next.")]


def _by_policy(policies: Mapping[str, Policy]) -> list[tuple[Policy, list[str]]]:
    """Return each policy, once for each zone of its days, with the sources that it holds for."""
    found: dict[tuple[str, str], tuple[Policy, list[str]]] = {}
    for name, policy in policies.items():
        found.setdefault((policy.name, str(policy.zone)), (policy, []))[1].append(name)
    return list(found.values())


def _not_seen(outlook: Outlook) -> list[Json]:
    told = []
    if outlook.unseen:
        told.append(f"{_named(outlook.unseen)}: too many backups to look ahead here. `safehold policy` does.")
    if outlook.unscheduled:
        waits = "what waits for a newer good one goes with the next that is taken, and is not listed."
        told.append(f"{_named(outlook.unscheduled)}: no backup is scheduled, so {waits}")
    return [context(text) for text in told]


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(map(code, names[:NAMED]))}{more}"


def _rules(policy: Policy, names: Sequence[str]) -> str:
    of = f" of {_named(names)}" if names else ""
    rules = "\n".join(f"• {verbatim(rule)}" for rule in policy.rules)
    # Only rules that keep the newest of each day, week and so on depend on the zone.
    days = f"; its days are those of {verbatim(str(policy.zone))}" if policy.newest_of else ""
    return f"*What is kept*{of} (policy {code(policy.name)}{days})\n{rules}"


def _grace(seconds: float) -> str:
    stays = f"What is let go keeps its bytes {duration(seconds)} more" if seconds >= 1 else "What is let go is deleted"
    return f"{stays}: *Keep* saves it. Nothing goes without a newer good backup."


def _preview(total: int, foreseen: Mapping[str, datetime]) -> str:
    ends = [f"of {code(name)} only until {when(at)}" for name, at in list(foreseen.items())[:NAMED]]
    ends += [f"of {len(foreseen) - NAMED} more sources not so far either"] if len(foreseen) > NAMED else []
    ahead = f"in the next {AHEAD.days} days" + (f" ({', '.join(ends)}: {MOST_RUNS} runs ahead)" if ends else "")
    if not total:
        none = f"Of the backups that there are now none goes {ahead} if backups go on as scheduled."
        return f"{none} Those that are still to be taken go by the rules above, and are not counted here."
    return f"*What goes of the backups that there are now* {ahead}, if backups go on as scheduled:"


def _row(one: Leaving, *, with_source: bool) -> str:
    backup = one.backup
    source = [code(backup.source)] if with_source else []
    kind = f"{tiers(backup.tiers)} {quoted(backup.note)}".strip()
    known = [size(backup.size), *filter(None, [backup.known_as]), code(backup.id.rpartition("-")[2])]
    about = [*source, when(backup.taken_at), kind, *known]
    why = cut_markup(verbatim(one.why), WHY)
    then = f"bytes deleted from *{when(one.at)}* on" if not one.held_back else f"*held back*, {yes(backup.source)}"
    return f"{' · '.join(about)}\n{then}: {why}"


def _footer(place: PolicyPlace, shown: int, total: int) -> list[Json]:
    told = [context(f"{place.first}-{place.first + shown - 1} of {total}")] if shown else []
    buttons = [button("Back", Action.BACK, ListPlace(source=place.source).text())]
    if place.first > 1:
        buttons.append(button("Sooner", Action.SOONER, replace(place, first=max(1, place.first - ROWS)).text()))
    if place.first + shown <= total:
        buttons.append(button("Later", Action.LATER, replace(place, first=place.first + ROWS).text()))
    return [*told, *actions(buttons)]
