"""Retention as a whole: the policy with what goes next, and the freeze of all of it."""

from datetime import datetime

from bot.blocks import policy as pages
from bot.blocks.keeping import HeldBack
from bot.blocks.parts import Json
from bot.blocks.policy import AHEAD, Outlook, PolicyPlace
from bot.call import Call
from bot.guard import Guard
from bot.ids import Action
from bot.listeners.browse import only_source
from bot.listeners.keep import MOST_ASKED, until_typed
from bot.parse import Request
from core.errors import Stale, UsageError
from core.services.access import Verb
from core.services.hold_back import HoldBack
from core.services.retention import Leaving
from core.services.text import checked_text

MOST_SOURCES = 50
TITLE = "Retention"


def register(guard: Guard) -> None:
    """Register the buttons of the policy's page."""
    guard.action(Action.POLICY, open_policy)
    for name in (Action.SOONER, Action.LATER):
        guard.action(name, turn)
    guard.action(Action.LET_GO, let_go, Verb.RETAIN, once=True)
    guard.action(Action.THAW, thaw, Verb.RETAIN, once=True)


def show_policy(call: Call, request: Request) -> None:
    """Answer /backups policy."""
    call.say(policy_blocks(call, PolicyPlace(request.subject or only_source(call))), TITLE)


def open_policy(call: Call) -> None:
    """Show the policy in the place of the list."""
    call.redraw(policy_blocks(call, PolicyPlace(call.value)), TITLE)


def turn(call: Call) -> None:
    """Draw the page that the button names."""
    call.redraw(policy_blocks(call, PolicyPlace.read(call.value)), TITLE)


def freeze(call: Call, request: Request) -> None:
    """Answer /backups freeze.

    Raises:
        UsageError: there is no time, it is none or not ahead, or there is no reason.

    """
    call.core.time.freeze_retention.require_right(call.person)
    example = 'For example: /backups freeze 7d "rows are missing"'
    if not request.subject:
        raise UsageError("Until when shall nothing be deleted?", hint=example)
    until = until_typed(call, request.subject)
    if not request.text:
        raise UsageError("A freeze needs a reason.", hint=example)
    placed = call.core.time.freeze_retention(call.person, until, checked_text(request.text, "reason"))
    call.desk.board.wake()
    call.say(pages.froze(placed, call.core.config.zone), "Retention is frozen")


def thaw(call: Call) -> None:
    """End the freeze."""
    lifted = call.core.time.thaw_retention(call.person)
    call.desk.board.wake()
    call.say(pages.thawed(lifted), "Retention goes on")


def ask_let_go(call: Call, request: Request) -> None:
    """Answer /backups let-go: show what would go, with the button that lets it.

    Raises:
        UsageError: there are several sources and none was named.
        Stale: nothing is held back.

    """
    source = request.subject or only_source(call)
    if not source:
        raise UsageError("Of which source?", hint="For example: /backups let-go gods")
    facts = HoldBack(call.core.catalog).waiting(call.core.adapters.source(source).name)
    if not facts:
        raise Stale(f"Nothing of {source} is held back.", hint="Nothing was changed.")
    call.say(pages.held_back(source, facts), "Held back")


def let_go(call: Call) -> None:
    """Say yes to what is held back; where that has changed since it was shown, show it anew instead."""
    shown = HeldBack.read(call.value)
    call.core.access.require(call.person, Verb.RETAIN, shown.source, "allow-expiry")
    facts = HoldBack(call.core.catalog).waiting(shown.source)
    if facts and facts.get("set") != shown.set:
        call.say(pages.held_back(shown.source, facts, changed=True), "Held back")
        return
    until = call.core.time.allow_expiry(shown.source, call.person, shown.set)
    call.desk.board.wake()
    call.say(pages.let_go(shown.source, until), "Let go")


def policy_blocks(call: Call, place: PolicyPlace) -> list[Json]:
    """Return the page as it is now.

    Raises:
        UnknownName: the source.
        UsageError: there are very many and none was named.

    """
    core, retention = call.core, call.core.time.retention
    names = [core.adapters.source(place.source).name] if place.source else sorted(core.config.sources)
    if len(names) > MOST_SOURCES:
        raise UsageError(f"There are {len(names)} sources.", hint=f"Name one: /backups policy {names[0]}")
    unseen = [name for name in names if core.catalog.retained.stores_more_than(name, MOST_ASKED)]
    outlook = Outlook(
        policies={name: retention.policy(name) for name in names},
        leaving=_leaving(call, [name for name in names if name not in unseen]),
        grace_seconds=retention.grace_seconds,
        freeze=retention.freeze(),
        unseen=unseen,
        unscheduled=[name for name in names if not retention.scheduled(name)],
        foreseen=_foreseen(call, [name for name in names if name not in unseen]),
        held_back={name: facts for name in names if (facts := HoldBack(core.catalog).waiting(name))},
    )
    return pages.policy_page(outlook, place)


def _leaving(call: Call, names: list[str]) -> list[Leaving]:
    """Return what goes of these sources, the soonest first."""
    retention, until = call.core.time.retention, call.core.clock.now() + AHEAD
    found = [one for name in names for one in retention.leaving(name, until)]
    return sorted(found, key=lambda one: (one.at, one.backup.id))


def _foreseen(call: Call, names: list[str]) -> dict[str, datetime]:
    """Return of which sources the look ahead ends sooner, and when."""
    retention, until = call.core.time.retention, call.core.clock.now() + AHEAD
    return {name: seen for name in names if (seen := retention.foreseen(name, until))}
