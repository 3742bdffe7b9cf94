"""The workspace in headless Chromium: everything is found by role and label, live, and safe."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from slack_bolt import App
from slack_sdk import WebClient

from playground.desk import Desk
from playground.server import Playground
from tests.support.browser import chromium, look
from tests.support.waiting import until

pytestmark = pytest.mark.browser
EVIL = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>"

LINKS = "<javascript:x|click> <!date^1^{date}^javascript:x|d>"


def plain(text: str) -> dict[str, Any]:
    """Return a plain text."""
    return {"type": "plain_text", "text": text}


def button(label: str, action: str, **more: Any) -> dict[str, Any]:
    """Return a button in a row of its own."""
    return {"type": "actions", "elements": [{"type": "button", "text": plain(label), "action_id": action, **more}]}


def asking(**more: Any) -> dict[str, Any]:
    """Return a modal that asks for a reason and a lifetime."""
    options = [{"text": plain(f"{hours} hours"), "value": str(hours)} for hours in (4, 8)]
    reason = {"type": "plain_text_input", "action_id": "reason", "multiline": True}
    life = {"type": "static_select", "action_id": "life", "options": options, "initial_option": options[0]}
    blocks = [
        {"type": "input", "block_id": "reason", "label": plain("Reason"), "element": reason},
        {"type": "input", "block_id": "life", "label": plain("Lives for"), "element": life},
    ]
    return {
        "type": "modal",
        "callback_id": "ask",
        "title": plain("Restore gods"),
        "submit": plain("Ask"),
        "blocks": blocks,
        **more,
    }


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give Chromium; without it skip, and fail where CI promises it."""
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser, playground: Playground) -> Iterator[Page]:
    """Give the on-call person's page of #backups, connected to its news."""
    context = browser.new_context(base_url=playground.url)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    look(page, "olga/backups")
    yield page
    context.close()
    assert faults == []


def type_command(page: Page, text: str) -> None:
    """Send the composer of the channel."""
    page.get_by_label("Message #backups").fill(text)
    page.keyboard.press("Enter")


def test_a_command_a_button_and_an_edit(page: Page, bolt: App, connect: Callable, desk: Desk) -> None:
    """A person types, presses and sees the edit without loading the page again."""
    bolt.command("/backups")(lambda ack: ack(text="list", blocks=[button("Back up now", "now", style="primary")]))

    def now(ack: Any, client: WebClient, body: dict[str, Any]) -> None:
        ack()
        posted = client.chat_postMessage(channel="#backups", text=f"initiated by <@{body['user']['id']}>")
        client.chat_postMessage(channel=posted["channel"], thread_ts=posted["ts"], text="the detail")
        client.chat_update(channel=posted["channel"], ts=posted["ts"], text="done and proven")

    bolt.action("now")(now)
    connect()
    type_command(page, "/backups")
    expect(page.get_by_text("Only visible to you")).to_be_visible()
    page.get_by_role("button", name="Back up now").click()
    expect(page.get_by_text("done and proven")).to_be_visible()
    page.get_by_role("link", name="1 reply").click()
    expect(page.get_by_role("region", name="Thread messages").get_by_text("the detail")).to_be_visible()
    look(page, "arne/backups")
    expect(page.get_by_text("done and proven")).to_be_visible()
    expect(page.get_by_text("Only visible to you")).to_have_count(0)


def test_a_modal_keeps_what_is_typed_while_it_changes(
    page: Page, bolt: App, connect: Callable, client: WebClient, desk: Desk
) -> None:
    """An update from the app leaves the reason and the choice as they are; errors stand under their input."""

    def start(ack: Any, body: dict[str, Any]) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=asking())

    heard: list[Any] = []

    def ask(ack: Any, view: dict[str, Any]) -> None:
        heard.append(view["state"]["values"])
        if len(heard) == 1:
            ack(response_action="errors", errors={"reason": "Say more."})
        else:
            ack()

    bolt.command("/backups")(start)
    bolt.view("ask")(ask)
    connect()
    type_command(page, "/backups restore")
    dialog = page.get_by_role("dialog", name="Restore gods")
    dialog.get_by_role("button", name="Ask").click()
    expect(dialog.get_by_text("Please complete this required field.")).to_be_visible()
    dialog.get_by_label("Reason").fill("why not")
    dialog.get_by_label("Lives for").select_option("8 hours")
    blocks = [{"type": "section", "text": plain("the plan")}, *asking()["blocks"]]
    client.views_update(view_id=desk.modal("olga")["id"], view=asking(blocks=blocks))
    expect(dialog.get_by_text("the plan")).to_be_visible()
    expect(dialog.get_by_label("Reason")).to_have_value("why not")
    dialog.get_by_role("button", name="Ask").click()
    expect(dialog.get_by_text("Say more.")).to_be_visible()
    dialog.get_by_role("button", name="Ask").click()
    expect(dialog).to_have_count(0)
    assert heard[1]["reason"]["reason"]["value"] == "why not"
    assert heard[1]["life"]["life"]["selected_option"]["value"] == "8"


def test_a_modal_is_left_behind_with_its_person(page: Page, bolt: App, connect: Callable, desk: Desk) -> None:
    """People are switched over an open modal; it is shown to nobody else, and gone for who comes back."""

    def start(ack: Any, body: dict[str, Any], client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=asking())

    bolt.command("/backups")(start)
    connect()
    type_command(page, "/backups restore")
    expect(page.get_by_role("dialog", name="Restore gods")).to_be_visible()
    page.get_by_role("link", name="Be Arne Lindqvist, Approver").click()
    expect(page.get_by_role("link", name="Be Arne Lindqvist, Approver")).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("dialog")).to_have_count(0)
    until(lambda: desk.modal("olga") is None)
    look(page, "olga/backups")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_press_that_fails_says_so_beside_the_button(
    page: Page, bolt: App, connect: Callable, client: WebClient
) -> None:
    """The button is busy while it waits, then a warning stands under it."""
    release = threading.Event()
    bolt.action("slow")(lambda: release.wait(5))
    connect()
    client.chat_postMessage(channel="#backups", text="x", blocks=[button("Slow", "slow")])
    page.get_by_role("button", name="Slow").click()
    expect(page.locator("[aria-busy=true]", has_text="Slow")).to_be_visible()
    expect(page.get_by_text("Safehold did not respond. Try again.")).to_be_visible()
    release.set()


def test_a_confirm_dialog_stands_before_the_deed(page: Page, bolt: App, connect: Callable, client: WebClient) -> None:
    """Denied, nothing is sent; confirmed, the app hears of it."""
    heard: list[str] = []

    def destroy(ack: Any, body: dict[str, Any]) -> None:
        heard.append(body["user"]["username"])
        ack()

    bolt.action("destroy")(destroy)
    connect()
    confirm = {
        "title": plain("Destroy it?"),
        "text": plain("All of it."),
        "confirm": plain("Yes"),
        "deny": plain("Keep"),
    }
    client.chat_postMessage(
        channel="#backups", text="x", blocks=[button("Destroy", "destroy", style="danger", confirm=confirm)]
    )
    for answer, count in (("Keep", 0), ("Yes", 1)):
        page.get_by_role("button", name="Destroy").click()
        page.get_by_role("dialog", name="Destroy it?").get_by_role("button", name=answer).click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        until(lambda wanted=count: len(heard) == wanted)


def test_news_do_not_disturb_the_composer(page: Page, client: WebClient) -> None:
    """What somebody is typing survives ten new messages."""
    page.get_by_label("Message #backups").fill("half a sent")
    for number in range(10):
        client.chat_postMessage(channel="#backups", text=f"news {number}")
    expect(page.get_by_text("news 9")).to_be_visible()
    page.keyboard.type("ence")
    expect(page.get_by_label("Message #backups")).to_have_value("half a sentence")


def test_home_is_a_place_of_its_own(page: Page, bolt: App, connect: Callable) -> None:
    """Opening Home publishes it; its menu acts."""
    chosen: list[str] = []
    options = [{"text": plain("Extend"), "value": "extend"}, {"text": plain("Destroy"), "value": "destroy"}]
    menu = {"type": "overflow", "action_id": "more", "options": options}
    section = {"type": "section", "text": plain("one instance"), "accessory": menu}

    def opened(event: dict[str, Any], client: WebClient) -> None:
        client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [section]})

    def more(ack: Any, action: dict[str, Any]) -> None:
        ack()
        chosen.append(action["selected_option"]["value"])

    bolt.event("app_home_opened")(opened)
    bolt.action("more")(more)
    connect()
    look(page, "gita/home")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Extend").click()
    until(lambda: chosen == ["extend"])


def test_nothing_from_outside_runs_in_the_page(page: Page, client: WebClient, desk: Desk) -> None:
    """Scripts in texts, labels, options, titles, alt texts and addresses are shown or dropped, never run."""
    option = {"text": plain(EVIL[:75]), "value": '"><script>'}
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": EVIL}},
        {"type": "header", "text": plain(EVIL)},
        {"type": "actions", "elements": [{"type": "static_select", "action_id": '"><i>', "options": [option]}]},
        button(EVIL[:75], "go", url="javascript:document.title='broken'", accessibility_label='" onclick="x'),
        {"type": "image", "image_url": "javascript:1", "alt_text": '" onerror="x'},
        {"type": "section", "block_id": '"><b>', "text": {"type": "mrkdwn", "text": LINKS}},
    ]  # fmt: skip
    client.chat_postMessage(channel="#backups", text=EVIL, blocks=blocks)
    desk.write("gita", EVIL)
    expect(page.get_by_role("article")).to_have_count(2)
    page.reload()
    expect(page.get_by_role("article")).to_have_count(2)
    assert "broken" not in page.title()
    assert page.locator("article script, article img[src=x], article [onerror], article [onclick]").count() == 0
    assert page.locator("article [href^='javascript']").count() == 0
