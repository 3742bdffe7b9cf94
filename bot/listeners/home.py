"""The dashboard: drawn when somebody opens it, and again whenever something changes."""

from bot.call import Call
from bot.guard import Guard
from bot.ids import Event


def register(guard: Guard) -> None:
    """Register the opening of the App Home."""
    guard.event(Event.HOME_OPENED, opened)


def opened(call: Call) -> None:
    """Have the dashboard drawn for who opened it; the Messages tab has nothing to draw."""
    if call.body.get("event", {}).get("tab", "home") == "home":
        call.desk.board.opened_home(call.person.id)
