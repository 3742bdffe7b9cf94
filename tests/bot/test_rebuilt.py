"""A bot over a catalog that was made anew: the channel is told of that, and not of what it was told before."""

import shutil
from collections.abc import Callable
from datetime import timedelta

import pytest

from core.bootstrap import build_rebuild, load_config
from core.catalog import Catalog
from core.model.backup import BackupState, Tier
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
    old = second.core.list_backups("orders", size=10).backups[-1].id
    second.core.verify_backup(old, SYSTEM)
    assert second.core.runner.wait(f"verify:{old}", 30)
    second.core.catalog.backups.move(old, frozenset({BackupState.GOOD}), state=BackupState.EXPIRED)
    all_told(second)
    assert len(roots(second.slack)) == 4


def test_what_the_copy_lists_and_no_vault_has_is_told_once(make_world: Callable[..., World]) -> None:
    """By the notice, with what it may mean; no alarm for each that retention has deleted since."""
    first = make_world()
    taken = []
    for _ in range(3):
        now = first.core.clock.now()
        taken.append(first.core.create_backup("orders", SYSTEM, tiers=frozenset({Tier.DAILY}), due_at=now).backup.id)
        assert first.core.runner.wait(taken[-1], 30)
        first.clock.shift += timedelta(days=1)
    first.core.copy_catalog(first.clock.now())
    all_told(first)
    for gone in taken[:2]:
        shutil.rmtree(first.folder / "vault" / "orders" / gone)
    rebuilt(first, manifests_only=False)
    second = make_world(clock=first.clock)
    second.slack.until(lambda: "The catalog was" in words(roots(second.slack)), "the notice")
    all_told(second)
    said = [words(message["blocks"]) for message in roots(second.slack)]
    assert [
        text for text in said if "2 backups that the copy lists are not in the vaults: deleted after" in text
    ] == said
    states = {backup.id: backup.state for backup in second.core.list_backups("orders").backups}
    assert states == dict(zip(taken, [BackupState.DAMAGED] * 2 + [BackupState.GOOD], strict=True))
