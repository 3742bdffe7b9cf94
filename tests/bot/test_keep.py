"""Keep, Release and Why kept, as people press them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.blocks.text import when
from core.model.backup import Backup, BackupState
from core.model.notice import NoticeKind
from tests.bot.conftest import World
from tests.bot.driven import driven
from tests.bot.people import APPROVER, GUEST, ONCALL, button, elements, words

Json = dict[str, Any]
KEEP, RELEASE, WHY = ({"type": "button", "action_id": name} for name in ("keep", "release", "why_kept"))


def typed(until: str = "", reason: str = "the audit") -> Json:
    """Return what stands in the modal that keeps a backup."""
    return {"until": {"until": {"value": until}}, "reason": {"reason": {"value": reason}}}


def asked(world: World, user: str, backup: str) -> Json:
    """Press Keep and return the modal that opens."""
    world.people.send(world.people.click(user, {**KEEP, "value": backup}))
    return world.slack.until(lambda: _asks(world), "the modal") or {}


def _asks(world: World) -> Json | None:
    views = list(world.slack.views.values())
    return views[-1] if views and views[-1]["callback_id"] == "keep" else None


def expire(world: World, backup: str) -> Backup:
    """Let go of a backup as retention does."""
    gone = {"state": BackupState.EXPIRED, "expired_at": world.clock.now(), "expiry": "older than 7 days (daily)"}
    moved = world.core.catalog.backups.move(backup, frozenset(BackupState), **gone)
    assert moved is not None
    return moved


def standing(world: World, text: str) -> Json:
    """Wait for a message that says this in the channel."""

    def look() -> Json | None:
        return next((m for m in world.slack.messages.get("C0BACKUPS", []) if text in words(m["blocks"])), None)

    return world.slack.until(look, text) or {}


def test_a_row_says_how_long_it_is_kept_and_options_say_why(world: World) -> None:
    """Of three on-demand backups one is kept without an end, and the others go next; opened, a row says why."""
    for _ in range(3):
        world.backed_up()
    screen = world.people.typed(ONCALL, "list")
    assert screen.text.count("kept: the most recent on-demand one") == 1
    assert screen.text.count("*goes next*") == 2
    assert "*Kept because* the most recent on-demand one" in world.people.typed(ONCALL, "show " + newest(world)).text


def newest(world: World) -> str:
    """Return the id of the newest backup."""
    return world.core.list_backups("orders").backups[0].id


def test_keep_holds_until_the_day_that_was_typed(world: World) -> None:
    """Until when and why are on record, the modal says both, and the row and its options do from then on."""
    backup = world.backed_up()
    until = f"{world.clock.now() + timedelta(days=40):%Y-%m-%d}"
    told = words(world.people.sent(ONCALL, asked(world, ONCALL, backup), typed(until, "the *audit*"))["blocks"])
    assert f"{until} 23:59 UTC" in told
    assert "the \u2217audit\u2217" in told
    hold = world.core.find_backup(backup).hold
    assert hold is not None
    assert (hold.person.id, hold.reason, f"{hold.until:%Y-%m-%d}") == (ONCALL, "the *audit*", until)
    listed = world.people.typed(ONCALL, "list")
    assert "held until <!date^" in listed.text
    opened = world.people.press(ONCALL, button(listed.blocks, "Options"))
    assert "*Held* until" in opened.text
    assert button(opened.blocks, "Release")


def test_what_is_held_until_today_says_the_time_and_whose_it_is(make_world: Callable[..., World]) -> None:
    """Of an end that is near the row says the time, too; the answer says it in the team's zone, where it was read."""
    world = make_world(instead=("", 'zone = "Asia/Tokyo"\n'))
    backup = world.backed_up()
    told = words(world.people.sent(ONCALL, asked(world, ONCALL, backup), typed("5h"))["blocks"])
    hold = world.core.find_backup(backup).hold
    assert hold is not None
    assert hold.until is not None
    assert (
        f"That is {hold.until.astimezone(ZoneInfo('Asia/Tokyo')):%Y-%m-%d %H:%M} Asia/Tokyo, the team's zone." in told
    )
    assert f"held until {when(hold.until)}, your time" in world.people.typed(GUEST, "list").text
    world.people.sent(ONCALL, asked(world, ONCALL, backup), typed("30d"))
    assert "your time" not in world.people.typed(GUEST, "list").text


def test_keep_without_a_day_holds_until_somebody_releases_it(world: World) -> None:
    """An empty Until is without end; Release takes it away and says what the policy makes of it."""
    backup = world.backed_up()
    told = world.people.sent(ONCALL, asked(world, ONCALL, backup), typed())
    assert "until somebody releases it" in words(told["blocks"])
    assert "Releasing it frees nothing" in world.people.press(ONCALL, {**WHY, "value": backup}).text
    answer = world.people.press(ONCALL, {**RELEASE, "value": backup})
    assert "Released" in answer.text
    assert "The policy keeps it: the most recent on-demand one" in answer.text
    assert world.core.find_backup(backup).hold is None
    assert "Nobody holds" in world.people.press(APPROVER, {**RELEASE, "value": backup}).text


@pytest.mark.parametrize(
    ("until", "reason", "wrong"),
    [
        ("2020-01-01", "why", {"until": "2020-01-01 23:59 UTC is past. Name a time to come, such as 20"}),
        ("soon", "why", {"until": "Write one like 2027-02-01"}),
        ("3m", "why", {"until": "Write 3mo for three months, 3h for three hours."}),
        ("11y", "why", {"until": "ten years at most"}),
        ("30d", " ", {"reason": "A reason is needed"}),
        ("99", "", {"until": '"99" is no time', "reason": "A reason is needed"}),
    ],
)
def test_what_is_wrong_is_said_at_its_field(world: World, until: str, reason: str, wrong: dict[str, str]) -> None:
    """A hold in the past, no time at all and a missing reason stand each below its own input; nothing is held."""
    backup = world.backed_up()
    answer = world.people.submit(ONCALL, asked(world, ONCALL, backup), typed(until, reason))
    assert answer["response_action"] == "errors"
    assert set(answer["errors"]) == set(wrong)
    for block, says in wrong.items():
        assert says in answer["errors"][block]
    assert world.core.find_backup(backup).hold is None


def test_who_may_not_keep_is_told_who_may(world: World) -> None:
    """A guest who presses Keep reads who has the right, before anything is asked; it is on record."""
    backup = world.backed_up()
    world.people.send(world.people.click(GUEST, {**KEEP, "value": backup}))
    shown = world.people.modal("Safehold")
    assert f"Those who may: <@{ONCALL}>, <@{APPROVER}>" in words(shown["blocks"])
    last = world.core.catalog.audit.entries(limit=1000)[-1]
    assert (last.person.id, last.act, last.subject, last.outcome) == (GUEST, "keep", backup, "refused: not-allowed")


def test_what_others_hold_is_released_by_those_who_retain(make_world: Callable[..., World]) -> None:
    """A hold of somebody else needs the other right, to release it and to end it sooner, and both refusals name it."""
    world = make_world(more=f'retain = ["{APPROVER}"]')
    backup = world.backed_up()
    world.people.sent(APPROVER, asked(world, APPROVER, backup), typed())
    refused = world.people.press(ONCALL, {**RELEASE, "value": backup}).text
    says = f"You may not shorten or release the hold of <@{APPROVER}>, without end: “the audit”. One of yours that ends"
    assert says in refused
    assert refused.endswith(f"Those who may: <@{APPROVER}>.")
    view = asked(world, ONCALL, backup)
    assert f"*Held* until somebody releases it, by <@{APPROVER}>" in words(view["blocks"])
    shorter = world.people.sent(ONCALL, view, typed("30d"))
    assert says in words(shorter["blocks"])
    assert f"Those who may: <@{APPROVER}>." in words(shorter["blocks"])
    assert [e["initial_value"] for block in shorter["blocks"] if (e := block.get("element"))] == ["30d", "the audit"]
    hold = world.core.find_backup(backup).hold
    assert hold is not None
    assert hold.person.id == APPROVER
    assert "Released" in world.people.press(APPROVER, {**RELEASE, "value": backup}).text


def test_who_held_a_backup_is_told_when_somebody_else_ends_that(make_world: Callable[..., World]) -> None:
    """The channel reads who replaced or released whose hold, until when it was and why, with the way to hold anew."""
    world = make_world(more=f'retain = ["{APPROVER}"]')
    backup = world.backed_up()
    world.people.sent(ONCALL, asked(world, ONCALL, backup), typed("30d"))
    told = words(world.people.sent(APPROVER, asked(world, APPROVER, backup), typed("", "the trial"))["blocks"])
    assert "It takes the place of a hold until <!date^" in told
    assert f"by <@{ONCALL}> “the audit”." in told
    replaced = standing(world, f"*<@{APPROVER}> replaced a hold* on the backup of `orders` of <!date^")
    assert f"which <@{ONCALL}> had placed until <!date^" in words(replaced["blocks"])
    assert "Now it is held without end: “the trial”" in words(replaced["blocks"])
    world.people.sent(ONCALL, asked(world, ONCALL, backup), typed("", "the audit"))
    told = world.people.press(APPROVER, {**RELEASE, "value": backup}).text
    assert f"It was held until somebody releases it, by <@{ONCALL}> “the audit”." in told
    released = standing(world, f"*<@{APPROVER}> released a hold*")
    assert f"which <@{ONCALL}> had placed without end: “the audit”" in words(released["blocks"])
    assert button(released["blocks"], "Keep")["value"] == backup


def test_an_expired_row_has_keep_and_keep_saves_it(world: World) -> None:
    """It says from when on its bytes are deleted, offers Keep and no Retry, and is good again once it is held."""
    backup = world.backed_up()
    expired = expire(world, backup)
    listed = world.people.typed(ONCALL, "list")
    assert "*expires*: bytes deleted from <!date^" in listed.text
    labels = [e["text"]["text"] for e in elements(listed.blocks)]
    assert labels[-2:] == ["Keep", "Options"]
    assert "Retry" not in labels
    opened = world.people.press(ONCALL, button(listed.blocks, "Options"))
    assert "*Goes because* older than 7 days (daily)" in opened.text
    labels = [e["text"]["text"] for e in elements(opened.blocks)]
    assert labels[-5:] == ["Close", "Keep", "Why kept", "Download", "Restore"]
    message = standing(world, "*Expired*")
    assert [e["text"]["text"] for e in elements(message["blocks"])] == ["Keep", "Options"]
    world.people.sent(ONCALL, asked(world, ONCALL, backup), typed())
    saved = world.core.find_backup(backup)
    assert (saved.state, saved.expired_at, expired.state) == (BackupState.GOOD, None, BackupState.EXPIRED)


def test_what_is_deleted_says_so_and_offers_nothing(world: World) -> None:
    """Row and message say that the bytes are being deleted, later that they are; Keep is refused in words."""
    backup = world.backed_up()
    expire(world, backup)
    for state, says in ((BackupState.PRUNING, "being deleted"), (BackupState.PRUNED, "*deleted* <!date^")):
        world.core.catalog.backups.move(backup, frozenset(BackupState), state=state, pruned_at=world.clock.now())
        opened = world.people.typed(ONCALL, f"show {backup}")
        assert says in opened.text
        assert [e["text"]["text"] for e in elements(opened.blocks)] == ["Close"]
        assert standing(world, says)
    told = world.people.sent(ONCALL, asked(world, ONCALL, backup), typed())
    assert "there is nothing to keep" in words(told["blocks"])
    assert "is gone" in world.people.press(ONCALL, {**WHY, "value": backup}).text


def test_a_modal_that_is_submitted_twice_holds_once(world: World) -> None:
    """The second delivery shows what the first did, and the record of acts has one entry."""
    backup = world.backed_up()
    view = asked(world, ONCALL, backup)
    first = world.people.sent(ONCALL, view, typed())
    world.people.submit(ONCALL, view, typed())
    assert words(world.people.shown(view["id"])["blocks"]) == words(first["blocks"])
    acts = [entry.act for entry in world.core.catalog.audit.entries()]
    assert acts.count("keep") == 1


def test_why_kept_names_every_reason_and_the_policy(world: World) -> None:
    """The answer to the person alone has the reason, the policy in words and what would come; if held, Release."""
    backup = world.backed_up()
    told = world.people.press(ONCALL, {**WHY, "value": backup})
    assert "the most recent on-demand one" in told.text
    assert "By the schedule it does not go in the next 100 days." in told.text
    assert "What is kept: daily: 7 days" in told.text
    assert "always the newest good one (policy `compose`)." in told.text
    assert "• the newest good one [`floor`]" in told.text
    assert [e["text"]["text"] for e in elements(told.blocks)] == ["Keep"]
    world.backed_up()
    assert "bytes are deleted from" in world.people.press(ONCALL, {**WHY, "value": backup}).text
    world.people.sent(ONCALL, asked(world, ONCALL, backup), typed())
    held = world.people.press(ONCALL, {**WHY, "value": backup})
    assert "• held: the audit [`hold`]" in held.text
    assert "Sooner: *Release*." in held.text
    assert button(held.blocks, "Release")


def test_the_evening_post_is_answered_to_who_clicks(make_world: Callable[..., World]) -> None:
    """Under each row of the post Keep opens the modal and Why kept answers its reader alone."""
    told = driven(make_world)
    backup = told.scheduled(BackupState.GOOD)
    row = {"id": backup.id, "source": "orders", "taken_at": backup.taken_at.isoformat(), "size": 1, "why": "old"}
    row |= {"tiers": ["on-demand"], "note": "the *audit*", "known_as": "proven"}
    told.tell(NoticeKind.EXPIRING, "", "2026-11-23", prune_at=told.clock.now().isoformat(), backups=[row], bytes=1)
    told.settle()
    (post,) = told.roots
    assert "on-demand “the \u2217audit\u2217” · 1 bytes · proven. Old" in words(post["blocks"])
    answer = told.world.people.press(GUEST, button(post["blocks"], "Why kept"), ephemeral=False)
    assert answer.body["response_type"] == "ephemeral"
    assert answer.body["replace_original"] is False
    assert "is kept" in answer.text
    told.world.people.send(told.world.people.click(ONCALL, button(post["blocks"], "Keep"), ephemeral=False))
    view = told.world.slack.until(lambda: _asks(told.world), "the modal") or {}
    told.world.people.sent(ONCALL, view, typed("2027-01-31"))
    hold = told.world.core.find_backup(backup.id).hold
    assert hold is not None
    assert hold.until == datetime(2027, 1, 31, 23, 59, tzinfo=UTC)


def test_a_double_click_on_release_acts_once(world: World) -> None:
    """The second half is not answered with a refusal, though nobody holds it by then."""
    backup = world.backed_up()
    world.people.sent(ONCALL, asked(world, ONCALL, backup), typed())
    press = {**RELEASE, "value": backup}
    assert "Released" in world.people.press(ONCALL, press).text
    again = world.people.click(ONCALL, press)
    world.people.send(again)
    world.closing.pop(0)()
    assert again["response_url"][again["response_url"].index("/response/") :] not in world.slack.replies
    assert [entry.act for entry in world.core.catalog.audit.entries()].count("release") == 1


def test_a_source_that_stores_very_many_is_not_asked_in_passing(world: World) -> None:
    """Its rows say nothing of keeping and its policy does not look ahead, and both stay quick; Why kept answers."""
    one = world.core.find_backup(world.backed_up())
    with world.core.catalog.write():
        for number in range(2_001):
            at = one.requested_at - timedelta(hours=number + 1)
            another = replace(one, id=f"{at:%Y%m%dT%H%M%SZ}-{number:06x}", requested_at=at, started_at=at)
            world.core.catalog.backups.adopt(another)
    assert "kept" not in world.people.typed(ONCALL, "list").text
    assert "the most recent on-demand one" in world.people.press(ONCALL, {**WHY, "value": one.id}).text
    assert "`orders`: too many backups to look ahead here." in world.people.typed(ONCALL, "policy").text
