"""The people of the demo's workspace at their browsers."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.support.browser import look

RUN_SECONDS = 120.0


@dataclass(slots=True)
class People:
    """Open pages of one workspace, one browser context a person; `shots` is where screenshots go."""

    browser: Browser
    url: str
    shots: Path
    faults: list[str] = field(default_factory=list)
    contexts: dict[str, BrowserContext] = field(default_factory=dict)

    def at(self, person: str, place: str) -> Page:
        """Return a new page of a person at a channel ("backups") or at the App Home ("home")."""
        if person not in self.contexts:
            context = self.browser.new_context(base_url=self.url, viewport={"width": 1280, "height": 900})
            context.on("weberror", lambda error: self.faults.append(str(error.error)))
            self.contexts[person] = context
        page = self.contexts[person].new_page()
        look(page, f"{person}/{place}")
        return page

    def shot(self, page: Page, name: str) -> None:
        """Keep a picture of what a person sees."""
        self.shots.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=self.shots / f"{name}.png")


def shots_folder(otherwise: Path) -> Path:
    """Return where screenshots are wanted: SAFEHOLD_SHOTS, else where tests put things."""
    return Path(os.environ.get("SAFEHOLD_SHOTS") or otherwise)


def typed(page: Page, text: str, channel: str = "backups") -> Locator:
    """Send what somebody types in a channel; return the newest answer that only this person sees."""
    box = page.get_by_label(f"Message #{channel}")
    before = answers(page).count()
    box.fill(text)
    box.press("Enter")
    expect(answers(page)).to_have_count(before + 1)
    return answers(page).last


def answers(page: Page) -> Locator:
    """Return the messages that only this person sees."""
    return page.get_by_role("article").filter(has=page.get_by_text("Only visible to you"))


def said(page: Page) -> Locator:
    """Return the messages that everybody sees."""
    return page.get_by_role("article").filter(has_not=page.get_by_text("Only visible to you"))


def button(within: Page | Locator, name: str) -> Locator:
    """Return a button by its whole label."""
    return within.get_by_role("button", name=name, exact=True)
