"""Instances: what stands, for how long, and its end."""

from datetime import UTC, datetime

from bot.blocks import answers
from bot.blocks.instance import listing
from bot.blocks.text import code
from bot.call import Call
from bot.guard import Guard
from bot.ids import Action
from bot.parse import Request
from core.services.access import Verb


def register(guard: Guard) -> None:
    """Register what can be done with an instance."""
    guard.action(Action.EXTEND, press_extend, Verb.DESTROY, once=True)
    guard.action(Action.DESTROY, lambda call: destroy(call, call.value), Verb.DESTROY, once=True)


def show_instances(call: Call, _request: Request) -> None:
    """Answer /backups instances."""
    call.say(listing(call.core.catalog.instances.current()), "Instances")


def press_extend(call: Call) -> None:
    """Lengthen the lease whose end stands beside the button.

    Raises:
        Stale: it ends at another time by now.

    """
    name, _, shown = call.value.partition(" ")
    _extend(call, name, None, datetime.fromtimestamp(int(shown), UTC) if shown else None)


def extend(call: Call, name: str, seconds: int | None = None) -> None:
    """Lengthen a lease."""
    _extend(call, name, seconds, None)


def _extend(call: Call, name: str, seconds: int | None, shown: datetime | None) -> None:
    instance = call.core.extend_instance(name, call.person, seconds, shown=shown)
    call.desk.board.wake()
    call.say(answers.extended(instance))


def destroy(call: Call, name: str) -> None:
    """Remove an instance."""
    instance = call.core.destroy_instance(name, call.person)
    call.desk.board.wake()
    if call.body.get("response_url"):
        call.say(answers.said(f"{code(instance.name)} is being destroyed. Its message says when it is gone."))
    # The dashboard answers by itself: it is drawn again with the instance on its way out.
