"""Double clicks, buttons that were overtaken, and refusals that name the right people."""

from datetime import timedelta

from slack_bolt import BoltRequest

from core.model.backup import BackupState
from tests.bot.conftest import World
from tests.bot.people import APPROVER, GUEST, ONCALL, button
from tests.bot.test_restore import approve, asked, standing

RETRY = {"type": "button", "action_id": "retry"}


def test_double_click_on_retry_is_one_backup(world: World) -> None:
    """Two presses with a trigger each begin one backup, though the first half is done by the second."""
    failed = world.backed_up()
    world.core.catalog.backups.move(failed, frozenset(BackupState), state=BackupState.DAMAGED)
    again = {**RETRY, "value": failed}
    world.people.press(ONCALL, again, ephemeral=False)
    world.slack.until(lambda: not world.core.catalog.backups.open_ones(), "the end of the first")
    world.people.send(world.people.click(ONCALL, again, ephemeral=False))
    world.closing.pop(0)()
    assert world.core.list_backups("orders").total == 2


def test_retry_after_a_moment_begins_again(world: World) -> None:
    """Four seconds later the same button is meant anew."""
    failed = world.backed_up()
    world.core.catalog.backups.move(failed, frozenset(BackupState), state=BackupState.DAMAGED)
    for number in range(2):
        world.clock.shift = timedelta(seconds=4 * number)
        world.people.press(ONCALL, {**RETRY, "value": failed}, ephemeral=False)
        world.slack.until(lambda: not world.core.catalog.backups.open_ones(), "the end")
    assert world.core.list_backups("orders").total == 3


def test_press_that_can_not_be_worked_on_is_not_acknowledged(world: World) -> None:
    """What comes while the bot ends is left to Slack, which sends it again; acknowledged, it would be lost."""
    click = world.people.click(ONCALL, {**RETRY, "value": "b7"}, ephemeral=False)
    world.closing.pop(0)()
    response = world.app.dispatch(BoltRequest(mode="socket_mode", body=click))
    assert response.status != 200


def test_press_that_was_refused_can_be_repeated_at_once(world: World) -> None:
    """A press that did nothing is answered each time."""
    done = {**RETRY, "value": world.backed_up()}
    for _ in range(2):
        assert "right to" in world.people.press(GUEST, done, ephemeral=False).text
        assert "zzzz" in world.people.press(ONCALL, {**RETRY, "value": "zzzz"}, ephemeral=False).text


def test_extend_adds_to_the_lease_that_was_shown(world: World) -> None:
    """A button that shows an older end of the lease changes nothing and says the newer one."""
    approve(world, asked(world))
    ready = standing(world, "C0BACKUPS", "is *ready*")
    (instance,) = world.core.catalog.instances.current()
    shown = {**button(ready["blocks"], "Extend")}
    assert "now lives until" in world.people.press(ONCALL, shown, ephemeral=False).text
    world.people.send(world.people.click(ONCALL, shown, ephemeral=False))
    refused = world.people.press(APPROVER, shown, ephemeral=False)
    assert "Nothing was changed" in refused.text
    assert f"/backups extend {instance.name}" in refused.text
    world.closing.pop(0)()
    extended = world.core.catalog.instances.get(instance.name)
    assert extended.lease_ends_at - instance.lease_ends_at == timedelta(hours=4)


def test_cancelling_somebody_elses_restore_names_the_approvers(world: World) -> None:
    """A restore is stopped by those who could deny it, and a refusal names them; a backup's by those who back up."""
    asked(world)
    (restore,) = world.core.catalog.restores.waiting()
    cancel = {"type": "button", "action_id": "cancel", "value": restore.id}
    for text in (
        world.people.press(GUEST, cancel, ephemeral=False).text,
        world.people.typed(GUEST, f"cancel {restore.id}").text,
    ):
        assert text.endswith("Those who may: <!subteam^S0DBA>.")
    backup = world.core.list_backups("orders").backups[0].id
    assert f"Those who may: <@{ONCALL}>" in world.people.typed(GUEST, f"cancel {backup}").text
