"""`freeze` and `thaw`: stop all retention while people look into an incident, and let it go on."""

from argparse import Namespace

from cli import documents, exits, words
from cli.screen import Screen
from cli.session import me, opened, until
from core.errors import UsageError


def freeze(given: Namespace, screen: Screen) -> int:
    """Freeze retention of every source until a time."""
    example = 'safehold freeze --until 7d --why "rows are missing"'
    missing = UsageError("A freeze needs a reason.", hint=f"For example: {example}")
    if not given.until:
        raise UsageError("Say until when.", hint=f"For example: {example}")
    with opened(given) as core:
        at = until(core, given.until)
        reason = screen.reason(given.why, "Why: ", missing)
        before = core.time.retention.freeze()
        placed = core.time.freeze_retention(me(), at, reason)
    replaced = ""
    if before is not None and before.person.id != placed.person.id:
        replaced = f"It replaces the freeze of {before.person.said} until {words.moment(before.until)}.\n"
    text = (
        f"Retention is frozen until {words.moment(placed.until)}: {placed.reason}.\n{replaced}"
        "Nothing of any source is let go or deleted. End it sooner: safehold thaw"
    )
    screen.say(text, {"freeze": documents.freeze(placed)})
    return exits.GOOD


def thaw(given: Namespace, screen: Screen) -> int:
    """End the freeze in force."""
    with opened(given) as core:
        lifted = core.time.thaw_retention(me())
    text = f"Retention goes on. It was frozen by {lifted.person.name} since {words.moment(lifted.placed_at)}."
    screen.say(f"{text} What goes next: safehold policy", {"freeze": documents.freeze(lifted)})
    return exits.GOOD
