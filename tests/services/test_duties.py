"""What Safehold does by itself: in one process, each duty for itself, whatever another one meets."""

from datetime import datetime

from core.errors import VaultUnavailable
from core.model.notice import NoticeKind
from core.services.duties import Duties, Duty
from core.services.lead import Lead
from core.services.note_clock import NoteClock
from tests.support.world import World


def test_duties_are_done_by_who_leads(world: World) -> None:
    """Of two processes one does its duties; the other takes them over when the place is given back."""
    catalog, clock = world.core.catalog, world.clock
    done: list[str] = []
    one, other = (Lead(catalog, world.core.owner, clock) for _ in range(2))

    def duties(name: str, lead: Lead) -> Duties:
        return Duties((Duty(name, 60, lambda _now: done.append(name)),), lead, clock)

    first, second = duties("first", one), duties("second", other)
    first.run_all()
    second.run_all()
    one.release()
    second.run_all()
    assert done == ["first", "second"]


def test_one_duty_does_not_keep_another_waiting(world: World) -> None:
    """A duty that can't be done now, and one with a fault, are tried again and leave the others alone."""
    seen: list[datetime] = []

    def unavailable(_now: datetime) -> None:
        raise VaultUnavailable("The vault isn't there.", hint="Mount it.")

    def broken(_now: datetime) -> None:
        raise ZeroDivisionError

    duties = Duties(
        (Duty("prune", 60, unavailable), Duty("digest", 60, broken), Duty("wake", 60, seen.append)),
        Lead(world.core.catalog, world.core.owner, world.clock),
        world.clock,
    )
    assert [duties.run(duty) for duty in duties.all] == [False, False, True]
    assert len(seen) == 1


def test_jump_of_the_clock_is_told(world: World) -> None:
    """A day is told with its direction, a minute is not."""
    note = NoteClock(world.core.catalog, world.clock)
    note(-86_400.4)
    note(90)
    told = world.core.catalog.notices.changed_since(0)
    assert [(notice.kind, notice.fields) for notice in told] == [(NoticeKind.CLOCK, {"jump_seconds": -86_400})]
