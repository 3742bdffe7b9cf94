"""Headless Chromium for tests: skipped loudly where there is none, and required where CI promises it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium while the block lasts."""
    if not CHROMIUM.exists():
        says = f"NOT TESTED IN A BROWSER: Chromium is not at {CHROMIUM}. Install it or set CHROMIUM."
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(says)
        pytest.skip(says)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield running
        finally:
            running.close()


def look(page: Page, place: str) -> None:
    """Open a place of the workspace and wait until its news are connected."""
    page.goto(f"/w/{place}")
    page.locator("body[data-live]").wait_for()
