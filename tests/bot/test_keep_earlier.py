"""What a backup lets go that somebody asked for: each is named in its message, with what keeps it."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.blocks import backup as backups
from core.model.backup import BackupState
from core.model.person import Door, Person
from tests.bot.conftest import World
from tests.bot.driven import Driven, driven
from tests.bot.people import ONCALL, Json, button, elements, words
from tests.bot.test_keep import asked, typed

DAY = 86_400.0


def two_that_stay(make_world: Callable[..., World]) -> tuple[Driven, list[str]]:
    """Return a world in which one stays as the newest that is proven and one as the newest, the older one first."""
    told = driven(make_world, instead=('engine = "sqlite"', 'engine = "sqlite"\nprove = "daily"'))
    proven = told.world.backed_up("before the migration")
    told.tick(3_600.0)
    later = told.world.backed_up("after it")
    told.tick(DAY)
    told.world.core.time.expire(told.clock.now())
    assert states(told, [proven, later]) == [BackupState.GOOD] * 2
    return told, [proven, later]


def states(told: Driven, ids: Sequence[str]) -> list[BackupState]:
    """Return in which state backups are."""
    return [told.world.core.find_backup(one).state for one in ids]


def keeps(blocks: list[Json]) -> list[str]:
    """Return what the buttons hold that keep something."""
    return [one["value"] for one in elements(blocks) if one["action_id"] == "keep"]


def test_each_of_two_that_go_at_once_has_a_button_that_holds_it(make_world: Callable[..., World]) -> None:
    """The next proven one lets both go: its message names both, and what is kept by either button is not let go."""
    told, (proven, later) = two_that_stay(make_world)
    world, held = told.world, threading.Event()
    for number in range(world.core.config.runner_threads):
        world.core.runner.submit(f"in the way {number}", lambda: bool(held.wait(30)) or None)
    pending = world.core.create_backup("orders", Person(ONCALL, "oncall", Door.SLACK)).backup.id
    told.settle()
    message = told.roots[-1]
    said = words(message["blocks"])
    assert "Once it is good, 2 on-demand backups are let go: *Keep* holds each." in said
    assert "“after it” · verified" in said
    assert "“before the migration” · proven" in message["text"]
    assert keeps(message["blocks"]) == [later, proven]
    for place in (0, 1):
        view = asked(world, ONCALL, button(message["blocks"], "Keep", place)["value"])
        world.people.sent(ONCALL, view, typed())
    held.set()
    assert world.core.runner.wait(pending, 30)
    told.tick(60.0)
    world.core.time.expire(told.clock.now())
    assert states(told, [proven, later, pending]) == [BackupState.GOOD] * 3


def test_both_are_named_after_they_were_let_go_too(make_world: Callable[..., World]) -> None:
    """While their bytes are there the message of the newer one has both, each with its button."""
    told, (proven, later) = two_that_stay(make_world)
    told.world.backed_up()
    told.tick(60.0)
    told.world.core.time.expire(told.clock.now())
    assert states(told, [proven, later]) == [BackupState.EXPIRED] * 2
    told.settle()
    message = told.roots[-1]
    assert "For it 2 on-demand backups are let go, unless somebody keeps them." in words(message["blocks"])
    assert keeps(message["blocks"]) == [later, proven]


def test_of_very_many_three_have_buttons_and_the_others_are_said_to_stand_in_the_list(world: World) -> None:
    """A message stays a message; one alone is in its sentence, and has its button beside the others."""
    one = world.core.find_backup(world.backed_up())
    earlier = [replace(one, id=f"20260101T00000{number}Z-abcde{number}") for number in range(5)]
    blocks, text = backups.message(one, None, (), earlier)
    assert keeps(blocks) == [each.id for each in earlier[:3]]
    assert "… and 2 more: *Options*, *Keep* in `/backups list orders`." in words(blocks)
    assert "… and 2 more" in text
    blocks, _ = backups.message(one, None, (), earlier[:1])
    assert [each["text"]["text"] for each in elements(blocks)][-1] == "Keep the earlier one"
    assert (len(blocks), keeps(blocks)) == (2, [earlier[0].id])
