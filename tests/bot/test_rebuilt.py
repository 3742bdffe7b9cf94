"""A bot over a catalog that was made anew: the channel is told of that, and not of what it was told before."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.bootstrap import build_rebuild, load_config
from core.catalog import Catalog
from core.model.person import SYSTEM
from core.services import lead
from core.services.rebuild_catalog import Wish
from core.services.thin_catalog import TOLD_UNTIL
from tests.bot.conftest import World
from tests.bot.people import words
from tests.bot.test_restart import roots


def rebuilt(world: World, *, manifests_only: bool) -> None:
    """Stop a bot, lose its catalog, and make a new one."""
    world.board.stop()
    world.core.close()
    config = load_config(world.folder / "safehold.toml")
    for file in config.catalog_path.parent.glob("catalog.db*"):
        file.unlink()
    made = build_rebuild(config, world.core.clock)(SYSTEM, Wish(manifests_only=manifests_only))
    with Catalog.open(made.path) as catalog:
        # The copy says that this process leads, which goes on here.
        catalog.marks.put(lead.MARK, "")


def all_told(world: World) -> None:
    """Wait until Slack shows what is recorded, and the catalog knows that it does."""
    revision = str(world.core.catalog.revision())
    world.slack.until(lambda: world.core.catalog.marks.get(TOLD_UNTIL) == revision, "all messages")


@pytest.mark.parametrize("manifests_only", [False, True])
def test_backups_that_are_listed_again_are_not_told_again(
    make_world: Callable[..., World],
    manifests_only: bool,  # noqa: FBT001
) -> None:
    """Neither those that the copy does not know, nor where nothing but manifests is left; the next one is told."""
    first = make_world()
    first.backed_up("in the copy")
    all_told(first)
    first.clock.shift += timedelta(minutes=6)
    first.core.copy_catalog(first.clock.now())
    first.backed_up("after the copy")
    all_told(first)
    assert len(roots(first.slack)) == 2
    rebuilt(first, manifests_only=manifests_only)
    second = make_world(clock=first.clock)
    second.slack.until(lambda: "The catalog was" in words(roots(second.slack)), "the notice")
    second.backed_up("the next one")
    second.slack.until(lambda: "the next one” is done" in words(roots(second.slack)), "the next message")
    assert len(roots(second.slack)) == 4
