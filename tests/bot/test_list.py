"""The list as people see it."""

from collections.abc import Callable

from tests.bot.conftest import World
from tests.bot.people import GUEST, ONCALL, button, elements, timeless, words


def test_empty_list_says_what_to_do(world: World) -> None:
    """An empty list names the button that begins, and offers it."""
    screen = world.people.typed(ONCALL, "")
    assert "No backups of `orders` yet. Press *Back up now*" in screen.text
    assert button(screen.blocks, "Back up now")["value"] == "orders"
    assert not [e for e in elements(screen.blocks) if e["type"] == "static_select"]


def test_options_open_in_place_and_close(world: World) -> None:
    """Options shows the row's details under it with its buttons, Close folds it again."""
    backup = world.backed_up("before the migration")
    listed = world.people.typed(ONCALL, "list")
    opened = world.people.press(ONCALL, button(listed.blocks, "Options"))
    assert opened.body["replace_original"] is True
    assert backup in opened.text
    assert "before the migration" in opened.text
    offered = ["Close", "Download", "Restore", "Verify", "Keep", "Why kept"]
    assert [e["text"]["text"] for e in elements(opened.blocks)][-len(offered) :] == offered
    closed = world.people.press(ONCALL, button(opened.blocks, "Close"))
    assert timeless(words(closed.blocks)) == timeless(listed.text)


def test_pages_lead_to_older_and_newer(world: World) -> None:
    """Twelve backups stand on two pages, newest first, and the way back leads to the same page."""
    ids = [world.backed_up() for _ in range(12)]
    first = world.people.typed(ONCALL, "list orders")
    assert "1-10 of 12" in first.text
    second = world.people.press(ONCALL, button(first.blocks, "Older"))
    assert "11-12 of 12" in second.text
    opened = world.people.press(ONCALL, button(second.blocks, "Options", 1))
    assert ids[0] in opened.text
    again = world.people.press(ONCALL, button(opened.blocks, "Newer"))
    assert timeless(words(again.blocks)) == timeless(first.text)


def test_several_sources_have_a_menu(make_world: Callable[..., World]) -> None:
    """With two sources the list shows both, and the menu leads to one."""
    world = make_world(("orders", "people"))
    world.backed_up()
    screen = world.people.typed(ONCALL, "")
    assert "Backups of every source" in screen.text
    menu = next(e for e in elements(screen.blocks) if e["type"] == "static_select")
    chosen = {"selected_option": {"value": "people"}}
    one = world.people.press(ONCALL, menu, value=chosen)
    assert "No backups of `people` yet" in one.text


def test_unknown_words_get_a_right_example(world: World) -> None:
    """A typing error in a verb, a source or an id is answered with what may have been meant; nothing is done."""
    assert "Did you mean list?" in world.people.typed(ONCALL, "lits").text
    assert "Did you mean orders?" in world.people.typed(ONCALL, "list ordres").text
    assert "zzzz" in world.people.typed(ONCALL, "show zzzz").text
    assert world.core.list_backups(None).total == 0


def test_everybody_may_look(world: World) -> None:
    """A guest sees the list and the help."""
    assert "Backups of orders" in world.people.typed(GUEST, "list").text
    assert "/backups now" in world.people.typed(GUEST, "help").text


def test_row_that_is_gone_is_said(world: World) -> None:
    """Options of a backup that the catalog no longer knows gives the list without an open row."""
    world.backed_up()
    listed = world.people.typed(ONCALL, "list")
    stale = {**button(listed.blocks, "Options")}
    stale["value"] = stale["value"].replace('"opened":"', '"opened":"gone-')
    screen = world.people.press(ONCALL, stale)
    assert "Close" not in [e.get("text", {}).get("text") for e in elements(screen.blocks)]
