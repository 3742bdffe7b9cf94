"""What people order about time, as they see it: keep, policy, schedule and freeze, in a browser over two weeks."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from cli.demo.stage import MANIFEST
from playground.ids import named_id
from playground.manifest import read_list
from playground.server import Playground
from playground.settings import Settings
from playground.workspace import Workspace
from tests.e2e.test_notices_in_browser import Seen, Weeks
from tests.support.bot_process import running_bot
from tests.support.browser import chromium
from tests.support.people import People, answers, button, said, shots_folder, typed

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

DAY = r"(\w{3} \d+(st|nd|rd|th)?(, \d{4})?|today|tomorrow|yesterday)"


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """Let two weeks pass in a team of Berlin where Olga may retain, and start the bot."""
    root = tmp_path_factory.mktemp("weeks")
    weeks = Weeks(root)
    weeks.pass_by()
    text = weeks.config.read_text().replace('team = "Acme"', 'team = "Acme"\nzone = "Europe/Berlin"')
    weeks.config.write_text(text.replace("[access]", f'[access]\nretain = ["{named_id("U", "olga")}"]'))
    scopes = read_list(MANIFEST, "bot")
    with chromium() as browser, Playground(Workspace(Settings(scopes=scopes))) as playground:
        people = People(browser, playground.url, shots_folder(root / "shots"))
        with running_bot(weeks.config, playground, root / "bot.log"):
            yield people
        assert people.faults == []


@pytest.fixture
def seen(people: People) -> Seen:
    """Open the channel."""
    return Seen(people, people.at("olga", "backups"))


def dialog(page: Page) -> Locator:
    """Return the modal that stands on top."""
    return page.get_by_role("dialog").last


def test_rows_say_how_long_and_why(seen: Seen) -> None:
    """A list has Schedule and Retention above it, and in its rows until when each is kept; an expired one has Keep."""
    listed = typed(seen.page, "/backups list clicks")
    expect(listed).to_contain_text(re.compile(r"Next: daily.*"))
    expect(listed).to_contain_text(re.compile(rf"kept until {DAY}"))
    expect(listed).to_contain_text("kept: the most recent on-demand one")
    expect(listed).to_contain_text(re.compile(r"expires: bytes deleted from .* on"))
    seen.shot(listed, "time-list")
    button(listed, "Options").nth(2).click()
    expect(listed).to_contain_text("Kept because newest of the day (7 days)")
    seen.shot(listed, "time-options")
    button(listed, "Close").click()


def test_the_evening_post_keeps_and_explains(seen: Seen) -> None:
    """Keep under a row asks until when and why, says a wrong time at its field, and then holds; Why kept answers."""
    post = seen.message("will be deleted from")
    button(post, "Why kept").first.click()
    expect(answers(seen.page).last).to_contain_text("What is kept: daily: 7 days")
    seen.shot(answers(seen.page).last, "time-why")
    button(post, "Keep").first.click()
    modal = dialog(seen.page)
    expect(modal).to_contain_text("Leave it empty to keep it until somebody releases it.")
    modal.get_by_label("Until").fill("2020-01-01")
    modal.get_by_label("Why").fill("the audit")
    modal.get_by_role("button", name="Keep", exact=True).click()
    expect(modal).to_contain_text("is past. Name a time to come")
    seen.people.shot(seen.page, "time-keep-past")
    modal.get_by_label("Until").fill("30d")
    modal.get_by_role("button", name="Keep", exact=True).click()
    expect(dialog(seen.page)).to_contain_text("No policy deletes it before that.")
    seen.people.shot(seen.page, "time-kept")
    dialog(seen.page).get_by_role("button", name="Close", exact=True).first.click()


def test_the_policy_says_what_goes_next(seen: Seen) -> None:
    """From the list to the policy, through its pages, and back."""
    listed = typed(seen.page, "/backups list clicks")
    button(listed, "Retention").click()
    expect(listed).to_contain_text("Retention of clicks")
    expect(listed).to_contain_text(re.compile(r"bytes deleted from .* on: older than 7 days \(daily\)"))
    seen.shot(listed, "time-policy")
    button(listed, "Later").click()
    expect(listed).to_contain_text(re.compile(r"7-\d+ of \d+"))
    button(listed, "Back").click()
    expect(listed).to_contain_text("Backups of clicks")
    every = typed(seen.page, "/backups policy")
    expect(every).to_contain_text("Retention of every source")
    seen.shot(every, "time-policies")


def test_a_schedule_shows_its_next_runs_before_it_is_saved(seen: Seen) -> None:
    """Wrong inputs are said at their fields, the buttons in sight; runs stand in both times, the channel is told."""
    every = typed(seen.page, "/backups schedule")
    expect(every).to_contain_text("nothing by itself, on demand only")
    seen.shot(every, "time-schedules")
    button(every, "Schedule").last.click()
    expect(every).to_contain_text("Schedule of orders")
    seen.shot(every, "time-schedule")
    button(every, "Change").click()
    modal = dialog(seen.page)
    modal.get_by_label("Daily").select_option(label="On")
    modal.get_by_label("Time", exact=True).fill("25:00")
    modal.get_by_label("Time zone").fill("CET")
    modal.get_by_label("Monthly", exact=True).select_option(label="On the 31st")
    modal.get_by_label("Window").fill("banana")
    seen.people.shot(seen.page, "time-schedule-form")
    modal.get_by_role("button", name="Show the next runs").click()
    expect(modal).to_contain_text('Write "Europe/Berlin", if that is meant.')
    expect(modal).to_contain_text('Write one like "03:00"')
    for name in ("Cancel", "Show the next runs"):
        expect(modal.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
    seen.people.shot(seen.page, "time-schedule-wrong")
    modal.get_by_label("Time", exact=True).fill("04:15")
    modal.get_by_label("Time zone").fill("Europe/Berlin")
    modal.get_by_label("Window").fill("")
    modal.get_by_role("button", name="Show the next runs").click()
    shown = dialog(seen.page)
    expect(shown).to_contain_text("monthly on the 31st (in shorter months on their last day), Europe/Berlin")
    expect(shown).to_contain_text(re.compile(r"\w{3} \d+ \w{3} \d{4}, 04:15 Europe/Berlin \(\d\d:15 UTC\) · daily"))
    seen.people.shot(seen.page, "time-schedule-runs")
    shown.get_by_role("button", name="Save", exact=True).click()
    expect(dialog(seen.page)).to_contain_text("Saved.")
    dialog(seen.page).get_by_role("button", name="Close", exact=True).first.click()
    expect(said(seen.page).filter(has_text="daily 04:15")).to_have_count(1, timeout=30_000)


def test_a_freeze_stands_on_every_list_and_the_dashboard(seen: Seen) -> None:
    """Who freezes is named on lists and dashboards until the thaw, and the channel is told of both."""
    refused = typed(seen.page, "/backups freeze yesterday look")
    expect(refused).to_contain_text("Write one like 2027-02-01")
    done = typed(seen.page, '/backups freeze 7d "rows are missing"')
    expect(done).to_contain_text("Nothing of any source is let go or deleted until")
    listed = typed(seen.page, "/backups list")
    expect(listed).to_contain_text(
        re.compile(r"Nothing is deleted until .*: frozen by @Olga Petrova, “rows are missing”")
    )
    seen.shot(listed, "time-frozen")
    home = seen.people.at("olga", "home")
    expect(home.get_by_text("Nothing is deleted until")).to_be_visible(timeout=30_000)
    expect(home.get_by_text("Next: daily").first).to_be_visible()
    seen.people.shot(home, "time-home")
    policy = typed(seen.page, "/backups policy clicks")
    seen.shot(policy, "time-frozen-policy")
    typed(seen.page, "/backups thaw")
    expect(answers(seen.page).last).to_contain_text("Retention goes on.")
    expect(home.get_by_text("Nothing is deleted until")).to_have_count(0, timeout=30_000)
    seen.people.shot(seen.page, "time-channel")
