"""Two bots on one catalog: one speaks, the other takes over when it is gone."""

import json
import logging
import os
import socket
from collections.abc import Callable

import pytest

from core.runtime.identity import this_host
from core.services.lead import MARK, SECONDS_BETWEEN_RENEWALS, SECONDS_UNRENEWED, Lead
from tests.bot.conftest import World
from tests.bot.people import words
from tests.bot.slack_server import SlackServer
from tests.bot.test_refused import SteppedClock, shown
from tests.bot.test_restart import roots


def test_two_bots_post_once(
    slack: SlackServer, make_world: Callable[..., World], caplog: pytest.LogCaptureFixture
) -> None:
    """Eight backups make eight messages; who stands by says so once."""
    with caplog.at_level(logging.WARNING):
        worlds = [make_world(), make_world()]
        for number in range(8):
            worlds[number % 2].backed_up()
        slack.until(lambda: len(slack.messages.get("C0BACKUPS", [])) >= 16 and shown(worlds[0]), "the messages")
    assert len(slack.messages["C0BACKUPS"]) == 16
    assert len(roots(slack)) == 8
    (said,) = [line for line in caplog.messages if "stands by" in line]
    assert f"(process {os.getpid()} on {socket.gethostname()})" in said


def test_standby_takes_over_what_was_missed(slack: SlackServer, make_world: Callable[..., World]) -> None:
    """When the speaker stops, the other posts what happened since, and what happens from then on."""
    first, second = make_world(), make_world()
    first.backed_up()
    slack.until(lambda: len(slack.messages.get("C0BACKUPS", [])) == 2 and shown(first), "the first backup")
    first.board.stop()
    second.backed_up("after the first had stopped")
    slack.until(lambda: "after the first had stopped" in words(roots(slack)), "the second backup")
    assert len(roots(slack)) == 2


def leads(world: World) -> tuple[Lead, Lead, SteppedClock]:
    """Return two that want the place, and their clock."""
    clock = SteppedClock()
    owner = world.core.owner
    return Lead(world.core.catalog, owner, clock), Lead(world.core.catalog, owner, clock), clock


def test_place_is_kept_by_renewing(make_world: Callable[..., World]) -> None:
    """Who renews keeps the place for as long as it likes; given back, it is free at once."""
    one, other, clock = leads(make_world(board=False))
    for _ in range(20):
        assert one.hold()
        assert not other.hold()
        clock.seconds += SECONDS_BETWEEN_RENEWALS
    one.release()
    assert other.hold()
    assert not one.hold()


def test_silent_leader_loses_its_place(make_world: Callable[..., World]) -> None:
    """A process that hangs is replaced after half a minute, and notices it when it goes on."""
    one, other, clock = leads(make_world(board=False))
    assert one.hold()
    assert not other.hold()
    clock.seconds += SECONDS_UNRENEWED
    assert other.hold()
    assert not one.hold()


def test_dead_leader_is_replaced_at_once(make_world: Callable[..., World]) -> None:
    """The place of a process of this host that has died is free."""
    world = make_world(board=False)
    world.core.catalog.marks.put(MARK, json.dumps([f"{this_host()}:4194303:1.00", "x", "y"]))
    assert leads(world)[0].hold()


def test_leader_elsewhere_is_believed_for_half_a_minute(make_world: Callable[..., World]) -> None:
    """A process on another host can't be looked at: its silence is measured by our own clock."""
    world = make_world(board=False)
    world.core.catalog.marks.put(MARK, json.dumps(["elsewhere.12345678:7:1.00", "x", "y"]))
    lead, _, clock = leads(world)
    assert not lead.hold()
    clock.seconds += SECONDS_UNRENEWED - 1
    assert not lead.hold()
    clock.seconds += 1
    assert lead.hold()
