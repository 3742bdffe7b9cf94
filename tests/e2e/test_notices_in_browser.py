"""What is told by itself, as people see it: a bot with two weeks of real backups behind it, in a browser."""

import random
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from cli.demo.stage import MANIFEST
from core.bootstrap import SHAPES, Core, build_core
from core.config import read_config
from core.model.backup import Tier
from core.model.person import SYSTEM
from playground.ids import named_id
from playground.manifest import read_list
from playground.server import Playground
from playground.settings import Settings
from playground.workspace import Workspace
from tests.support.bot_process import running_bot
from tests.support.browser import chromium
from tests.support.janus import free_port
from tests.support.people import People, answers, button, said, shots_folder
from tests.support.retained import tiers_of
from tests.support.world import FixedGroups, MovableClock

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(300)]

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DAYS = 16
FINE, FAILING, OVERDUE = "clicks", "ledger", "orders"
TOML = """
team = "Acme"
[schedule]
at = "{at:%H:%M}"
[sources.clicks]
engine = "sqlite"
prove = "never"
path = "{root}/clicks.db"
[sources.ledger]
engine = "sqlite"
prove = "never"
path = "{root}/ledger.db"
goal = "48h"
[sources.orders]
engine = "sqlite"
prove = "never"
path = "{root}/orders.db"
[sources.orders.schedule]
daily = false
weekly = false
monthly = false
[vaults.local]
type = "directory"
path = "{root}/vault"
[provisioners.here]
type = "process"
directory = "{root}/instances"
[notices]
digest = "00:00"
evening = "00:00"
[access]
backup = ["{olga}"]
[web]
port = {port}
[catalog]
path = "{root}/state/catalog.db"
[state]
directory = "{root}/state"
"""


@dataclass
class Weeks:
    """Two weeks of an installation, passed before the bot of the test starts. Each run is at the same time of day."""

    root: Path
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    clock: MovableClock = field(default_factory=MovableClock)

    @property
    def config(self) -> Path:
        """Return the configuration's path."""
        return self.root / "safehold.toml"

    def pass_by(self) -> None:
        """Let them pass: clicks grow and go well, ledger fails today, orders has not been backed up since yesterday."""
        (self.root / "vault").mkdir()
        last = self.now - 5 * HOUR
        text = TOML.format(root=self.root, at=last, olga=named_id("U", "olga"), port=free_port())
        self.config.write_text(text)
        chance = random.Random(4)
        core = build_core(read_config(self.config, SHAPES), role="command-line", groups=FixedGroups(), clock=self.clock)
        with core:
            for day in range(DAYS, -1, -1):
                # A minute later each day, so that the eighth is clearly more than seven days after the first.
                self.day(core, last - day * (DAY + timedelta(minutes=1)), day, chance)
            # The bot ran all that time, so what is told each day is due at its first look.
            for what in ("digest", "evening post", "deletions"):
                core.catalog.marks.put(f"{what} since", (last - DAYS * DAY).isoformat())

    def day(self, core: Core, at: datetime, ago: int, chance: random.Random) -> None:
        """Let one day pass; `ago` counts down to 0, which is today."""
        grow(self.root / "clicks.db", 900 if ago == DAYS else 60, chance)
        grow(self.root / "ledger.db", 400 if ago == DAYS else chance.choice((0, 1, 2)), chance)
        grow(self.root / "orders.db", 300 if ago == DAYS else 4, chance)
        if ago > 1:
            self.take(core, OVERDUE, at)
        self.take(core, FINE, at)
        if ago in {3, 0}:
            self.take(core, FINE, at + timedelta(minutes=10), frozenset({Tier.ON_DEMAND}))
        if not ago:
            (self.root / "ledger.db").unlink()
            self.take(core, FAILING, at + timedelta(minutes=5))
        self.take(core, FAILING, at)
        self.set(at + HOUR)
        core.time.expire(self.clock.now())
        self.set(at + 2 * HOUR)
        core.time.prune(self.clock.now())
        for source in (FINE, FAILING, OVERDUE):
            assert core.runner.wait(f"prune:{source}", 60)

    def set(self, at: datetime) -> None:
        """Set the clock."""
        self.clock.offset += at - self.clock.now()

    def take(self, core: Core, source: str, at: datetime, tiers: frozenset[Tier] = frozenset()) -> None:
        """Take a backup to its end, good or not: by its schedule where no tiers are given."""
        self.set(at)
        run = core.create_backup(source, SYSTEM, tiers=tiers or tiers_of(at), due_at=None if tiers else at).backup
        assert core.runner.wait(run.id, 60)


def grow(path: Path, rows: int, chance: random.Random) -> None:
    """Add rows that can't be compressed."""
    with sqlite3.connect(path) as db:
        db.execute("create table if not exists event (id integer primary key, body blob)")
        db.executemany("insert into event (body) values (?)", [(chance.randbytes(4096),) for _ in range(rows)])
    db.close()


@dataclass(frozen=True, slots=True)
class Seen:
    """What a person sees in the channel."""

    people: People
    page: Page

    def shot(self, message: Locator, name: str) -> None:
        """Keep a picture of a message."""
        message.scroll_into_view_if_needed()
        message.screenshot(path=self.people.shots / f"{name}.png")

    def message(self, says: str | re.Pattern[str]) -> Locator:
        """Return the one message that says this, when it has come."""
        found = said(self.page).filter(has_text=says)
        expect(found).to_have_count(1, timeout=60_000)
        return found


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """Let two weeks pass, start the bot, and open the channel."""
    root = tmp_path_factory.mktemp("weeks")
    weeks = Weeks(root)
    weeks.pass_by()
    scopes = read_list(MANIFEST, "bot")
    with chromium() as browser, Playground(Workspace(Settings(scopes=scopes))) as playground:
        people = People(browser, playground.url, shots_folder(root / "shots"))
        page = people.at("olga", "backups")
        with running_bot(weeks.config, playground, root / "bot.log"):
            yield Seen(people, page)
        assert people.faults == []


def test_the_digest_is_seen_with_trouble_first(seen: Seen) -> None:
    """A header, how many need a look, those first with what is wrong, and the one in good order after them."""
    digest = seen.message("sources need a look")
    expect(digest.get_by_role("heading", name=re.compile(r"Backups, \w{3} \d+ \w{3}"))).to_be_visible()
    text = digest.inner_text()
    told = (
        r"2 of 3 sources need a look\.\s+"
        r"orders · overdue, newest good 2 days 5 h ago \(goal 26 h\) · [\d.]+ MB \(\+\d+ %\) · no schedule\s+"
        r"ledger · failing, newest good 29 h \d+ min ago · [\d.]+ MB \(.*\) · 2 failures · next .*\s+"
        r"clicks · good, newest 4 h \d+ min ago · [\d.]+ MB \(\+\d+ %\) · next "
    )
    assert re.search(told, text), text
    assert "2 backups will be deleted within a day" in text
    assert re.search(r"[\d.]+ MB stored, .* free in the vault local", text)
    seen.shot(digest, "digest")


def test_the_plot_is_loaded_and_said_in_words(seen: Seen) -> None:
    """The picture of the sizes has arrived in the browser, under its title, and says the same in words."""
    digest = seen.message("sources need a look")
    plot = digest.get_by_role("img", name=re.compile("^Sizes of the newest good backups"))
    expect(plot).to_be_visible()
    plot.evaluate("picture => picture.decode()")
    assert plot.evaluate("picture => [picture.naturalWidth, picture.naturalHeight]") == [1200, 268]
    box, message = plot.bounding_box(), digest.bounding_box()
    assert box is not None
    assert message is not None
    assert 300 < box["width"] <= message["width"]
    words = str(plot.get_attribute("alt"))
    assert re.search(r"clicks: [\d.]+ MB to [\d.]+ MB over 14 backups, \+\d+ %", words)
    expect(digest.get_by_role("figure")).to_contain_text("at most 14 of each")


def test_options_on_a_failure_say_what_to_do(seen: Seen) -> None:
    """Each failure of the day stands in the digest with its reason, and its Options open what can be done."""
    digest = seen.message("sources need a look")
    expect(digest.get_by_text("ledger.db")).to_have_count(2)
    options = button(digest, "Options")
    expect(options).to_have_count(2)
    before = answers(seen.page).count()
    options.first.click()
    expect(answers(seen.page)).to_have_count(before + 1)
    opened = answers(seen.page).last
    expect(opened).to_contain_text("Correct the path of the SQLite file.")
    seen.shot(opened, "options")


def test_the_evening_post_names_what_goes_and_why(seen: Seen) -> None:
    """Each backup that will be deleted has a row with its reason, Keep and Why kept."""
    post = seen.message("will be deleted from")
    text = post.inner_text()
    assert re.search(r"2 backups will be deleted from (today|tomorrow) at .* on, [\d.]+ MB\. Keep saves one\.", text)
    assert re.search(r"clicks · .* · daily · [\d.]+ MB · verified\. Older than 7 days \(daily\)", text)
    assert re.search(r"clicks · .* · on-demand · [\d.]+ MB · verified\. No longer the most recent on-demand one", text)
    for label in ("Keep", "Why kept"):
        expect(button(post, label)).to_have_count(2)
    seen.shot(post, "evening")


def test_what_was_deleted_is_one_message(seen: Seen) -> None:
    """All that was deleted since it was told last is counted, the first ten with their reasons; none has a button."""
    post = seen.message("Their records stay.")
    text = post.inner_text()
    assert re.search(r"\d\d backups deleted, [\d.]+ MB in all\. Their records stay\.", text), text
    assert len(re.findall(r"• (?:clicks|ledger|orders) · .* · [\d.]+ MB\. Older than 7 days \(daily\)", text)) == 10
    assert re.search(r"… and \d+ more\.", text)
    seen.shot(post, "deleted")


def test_an_overdue_source_offers_a_backup(seen: Seen) -> None:
    """The alarm says how old the newest good backup may be, and its button takes one, which is then told as good."""
    alarm = seen.message("orders is overdue.")
    expect(alarm).to_contain_text(re.compile(r"Its newest good backup is from .*, and the goal is at most 26 h\."))
    seen.shot(alarm, "overdue")
    button(alarm, "Back up now").click()
    seen.message("orders is good again.")
    seen.people.shot(seen.page, "channel")
