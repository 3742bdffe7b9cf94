"""The whole story as people live it: in a browser against `safehold demo`, then the same in a terminal."""

import hashlib
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Download, Locator, Page, expect

from tests.support.browser import chromium
from tests.support.demo import Demo, gone, running_demo
from tests.support.gremlin import answers as ask
from tests.support.people import RUN_SECONDS, People, answers, button, said, shots_folder, typed

pytestmark = [
    pytest.mark.browser,
    pytest.mark.java,
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore"),  # gremlinpython 3.7 leaves its event loop to the garbage collector
]
LONG = RUN_SECONDS * 1000
BACKUP = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
INSTANCE = re.compile(r"janusgraph-restore-\d{8}T\d{6}Z")
ENDPOINT = re.compile(r"ws://127\.0\.0\.1:(\d+)/gremlin")
DONE = re.compile(r"is done and proven\. [\d.]+ [kM]B in \d.*, \d+ vertices, \d+ edges\.")
MIXED = (
    "g.V().has('age', P.gt(1000)).values('name').order()",
    "g.E().has('reason', org.janusgraph.core.attribute.Text.textContains('loves')).count()",
)


@dataclass(frozen=True, slots=True)
class Begun:
    """The workspace after the first backup. `message` is that backup's message in the channel, to everybody.

    `empty`, `pending` and `followed` are the list in which it was begun: before, at once, and when it had ended.
    """

    demo: Demo
    people: People
    empty: str
    pending: str
    followed: str
    message: str
    backup: str


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Begun]:
    """Start the demo, look at its empty list, press Back up now, and wait until it is done."""
    directory = tmp_path_factory.mktemp("demo")
    with running_demo(directory) as demo, chromium() as browser:
        people = People(browser, demo.url, shots_folder(directory / "shots"))
        page = people.at("olga", "backups")
        listed = typed(page, "/backups")
        empty = listed.inner_text()
        people.shot(page, "empty")
        button(listed, "Back up now").click()
        expect(listed.get_by_text("Pending")).to_be_visible()
        pending = listed.inner_text()
        expect(said(page).last).to_contain_text("Backup of gods initiated by @Olga Petrova")
        people.shot(page, "pending")
        expect(said(page).last).to_contain_text(DONE, timeout=LONG)
        expect(listed).not_to_contain_text("Pending")
        followed = listed.inner_text()
        people.shot(page, "done")
        found = demo.typed("list").document["backups"]
        yield Begun(demo, people, empty, pending, followed, said(page).last.inner_text(), found[0]["id"])
        assert people.faults == []


def test_an_empty_list_says_what_to_do(begun: Begun) -> None:
    """Whoever asks first is told which button to press, and that the database keeps running."""
    assert "No backups of gods yet. Press Back up now" in begun.empty
    assert "gods keeps running" in begun.empty


def test_back_up_now_answers_at_once_and_ends_proven(begun: Begun) -> None:
    """The list shows who initiated it with a pending row on top; the message ends with what the backup holds."""
    assert "Backup of gods initiated by @Olga Petrova" in begun.pending
    assert begun.pending.index("Pending · started") < begun.pending.index("Options")
    for offered in ("Options", "Download", "Restore"):
        assert offered in begun.message


def test_the_list_follows_the_backup_that_was_begun_in_it(begun: Begun) -> None:
    """Without another click the pending row becomes the row of a proven backup, and the list no longer waits."""
    assert "This list follows" in begun.pending
    assert "on-demand by @Olga Petrova" in begun.followed
    assert "· proven ·" in begun.followed
    assert "1-1 of 1" in begun.followed
    assert "This list" not in begun.followed


def test_options_open_in_place(begun: Begun) -> None:
    """A row opens under itself with the details and what can be done, and closes again."""
    page = begun.people.at("olga", "backups")
    listed = typed(page, "/backups list gods")
    begun.people.shot(page, "list")
    shown = answers(page).count()
    row_of(listed, begun.backup)
    expect(listed).to_contain_text(begun.backup)
    expect(listed).to_contain_text(re.compile(r"Took .*check .*capture .*store .*verify .*prove"))
    expect(listed).to_contain_text("monster")
    for name in ("Download", "Restore", "Verify"):
        expect(button(listed, name)).to_be_visible()
    begun.people.shot(page, "options")
    button(listed, "Close").click()
    expect(button(listed, "Verify")).to_have_count(0)
    assert answers(page).count() == shown


def test_a_download_arrives_whole_and_opens_without_safehold(begun: Begun, tmp_path: Path) -> None:
    """The file's SHA-256 is the one shown, the printed command unpacks it, and nobody else can use the link."""
    page = begun.people.at("olga", "backups")
    offer = typed(page, f"/backups download {begun.backup}")
    link = button(offer, "Download")
    address = str(link.get_attribute("href"))
    begun.people.shot(page, "download")
    with page.expect_download() as coming:
        link.click()
    name = saved(coming.value, tmp_path)
    shown = re.search(r"SHA-256 ([0-9a-f]{64})", offer.inner_text())
    assert shown is not None
    assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == shown[1]
    command = offer.locator("pre").inner_text()
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob("gods-*/**/*.jdb"))
    taken_twice(begun, address)
    refused = typed(begun.people.at("gita", "backups"), f"/backups download {begun.backup}")
    expect(refused).to_contain_text("Those who may: @Olga Petrova, @Arne Lindqvist")


def test_a_restore_is_approved_by_somebody_else_and_holds_the_same_graph(begun: Begun) -> None:
    """From the modal to a ready instance that a Gremlin client reads, and to its end without remains."""
    home = begun.people.at("olga", "home")
    name = ask_for_a_restore(begun)
    told_why_not(begun)
    approve(begun, home, name)
    port = ready(begun, home, name)
    same_graph(begun, port)
    destroy(begun, home, name, port)


def test_the_same_verbs_in_a_terminal(begun: Begun, tmp_path: Path) -> None:
    """Each verb does its work, prints one JSON document, and returns a code that a script can use."""
    typed_in = begun.demo.typed
    # The policy keeps one on-demand backup, and what it lets go is not offered: the other tests look at the first one.
    assert typed_in("keep", begun.backup, "--why", "the story").document["backup"]["hold"]["reason"] == "the story"
    done = typed_in("now", "gods", "--note", "by hand")
    assert done.code == 0, done.err
    backup = done.document["backup"]
    assert (backup["state"], backup["proof"], backup["note"]) == ("good", "proven", "by hand")
    assert typed_in("list").document["backups"][0]["id"] == backup["id"]
    shown = typed_in("show", backup["id"][-6:]).document["backup"]
    assert shown["verdict"]["keep"] is True
    assert {**shown, "verdict": None} == backup
    assert typed_in("show", "nothing-like-it").code == 2
    fetched = typed_in("download", backup["id"], "-o", str(tmp_path)).document
    assert hashlib.sha256(Path(fetched["path"]).read_bytes()).hexdigest() == backup["archive_sha256"]
    waiting = typed_in("restore", backup["id"], "--reason", "to look").document["restore"]
    assert waiting["state"] == "waiting"
    assert typed_in("approve", waiting["id"]).code == 3
    approved = typed_in("approve", waiting["id"], "--break-glass", "nobody awake")
    assert approved.code == 0, approved.err
    made = approved.document["instance"]
    assert (made["state"], made["fingerprint_equal"]) == ("ready", True)
    assert made["name"] in {one["name"] for one in typed_in("instances").document["instances"]}
    assert typed_in("destroy", made["name"]).code == 2  # nobody is there to be asked
    assert typed_in("destroy", made["name"], "--yes").document["instance"]["state"] == "destroyed"
    gone(begun.demo, made["name"], int(ENDPOINT.match(made["endpoint"])[1]))
    assert typed_in("destroy", made["name"], "--yes").code == 3


def row_of(listed: Locator, backup: str) -> None:
    """Open the row of a backup: the newest first, until it is found."""
    rows = button(listed, "Options")
    for number in range(rows.count()):
        rows.nth(number).click()
        expect(button(listed, "Close")).to_be_visible()
        if backup in listed.inner_text():
            return
        button(listed, "Close").click()
        expect(button(listed, "Close")).to_have_count(0)
    pytest.fail(f"{backup} has no row")


def saved(download: Download, folder: Path) -> str:
    """Keep a downloaded file under the name that the browser gave it."""
    download.save_as(folder / download.suggested_filename)
    return download.suggested_filename


def taken_twice(begun: Begun, address: str) -> None:
    """See that a link that was used is refused to whoever has it."""
    page = begun.people.at("gita", "backups")
    page.goto(address)
    expect(page.get_by_role("heading")).to_contain_text("This link was used.")
    assert httpx.get(address, trust_env=False).status_code == 410


def ask_for_a_restore(begun: Begun) -> str:
    """Press Restore, give a reason; return the instance's name."""
    page = begun.people.at("olga", "backups")
    detail = typed(page, f"/backups show {begun.backup}")
    button(detail, "Restore").click()
    modal = page.get_by_role("dialog", name="Restore gods")
    expect(modal).to_contain_text(INSTANCE)
    expect(modal).to_contain_text("Needs: approval by one of @dba, not yourself.")
    begun.people.shot(page, "modal")
    name = INSTANCE.search(modal.inner_text())
    assert name is not None
    modal.get_by_label("Reason").fill("check what Hercules battled")
    button(modal, "Ask for approval").click()
    told = page.get_by_role("dialog", name="Restore asked for")
    expect(told).to_contain_text("@dba can approve it until")
    begun.people.shot(page, "asked")
    button(told, "Close").last.click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    return name[0]


def told_why_not(begun: Begun) -> None:
    """See the requester and the guest be refused, each with the reason."""
    page = begun.people.at("olga", "backup-approvals")
    button(said(page).last, "Approve").click()
    expect(answers(page).last).to_contain_text("You asked for this restore, so somebody else has to approve it: @dba")
    begun.people.shot(page, "own-request")
    page = begun.people.at("gita", "backup-approvals")
    button(said(page).last, "Approve").click()
    expect(answers(page).last).to_contain_text("You may not decide on restores here.")
    expect(button(said(page).last, "Approve")).to_be_visible()


def approve(begun: Begun, home: Page, name: str) -> None:
    """Approve as somebody else; the requester's open App Home shows the instance at once."""
    page = begun.people.at("arne", "backup-approvals")
    asked = said(page).last
    expect(asked).to_contain_text("check what Hercules battled")
    begun.people.shot(page, "approval")
    button(asked, "Approve").click()
    expect(asked).to_contain_text(re.compile(r"Approved by @Arne Lindqvist at .*Restore initiated"))
    expect(home.get_by_role("main").get_by_text(name).first).to_be_visible()
    expect(home.get_by_role("main")).to_contain_text("provisioning")
    begun.people.shot(page, "approved")
    begun.people.shot(home, "home")


def ready(begun: Begun, home: Page, name: str) -> int:
    """Wait until it is ready, everywhere; return its port."""
    page = begun.people.at("olga", "backups")
    message = said(page).filter(has_text=name)
    expect(message).to_contain_text(f"{name} is ready.", timeout=LONG)
    expect(message).to_contain_text("Same data as the backup: fingerprint equal")
    expect(message).to_contain_text(re.compile(r"took \d"))
    expect(message).to_contain_text("mixed indexes rebuilt")
    expect(home.get_by_role("main")).to_contain_text(ENDPOINT)
    begun.people.shot(page, "ready")
    begun.people.shot(home, "home-ready")
    found = ENDPOINT.search(message.inner_text())
    assert found is not None
    return int(found[1])


def same_graph(begun: Begun, port: int) -> None:
    """See that mixed indexes answer as on the source, that the counts are the backup's, and new ids unused."""
    restored, source = f"ws://127.0.0.1:{port}/gremlin", begun.demo.graph.replace("http", "ws") + "/gremlin"
    expected = ask(source, *MIXED)
    assert ask(restored, *MIXED) == expected
    assert expected[0]
    counts = begun.demo.typed("show", begun.backup).document["backup"]["counts"]
    assert ask(restored, "g.V().count()", "g.E().count()") == [[sum(counts[k].values())] for k in ("vertices", "edges")]
    held = set(ask(restored, "g.V().id()")[0])
    assert not held & set(ask(restored, "g.addV('god').property('name', 'new').id()")[0])


def destroy(begun: Begun, home: Page, name: str, port: int) -> None:
    """Press Destroy on the dashboard, confirm, and look for anything that is left."""
    button(home.get_by_role("main"), "Destroy").click()
    button(home.get_by_role("dialog", name=f"Destroy {name}?"), "Destroy").click()
    expect(home.get_by_role("dialog")).to_have_count(0)
    message = said(begun.people.at("olga", "backups")).filter(has_text=name)
    expect(message).to_contain_text(f"{name} was destroyed.", timeout=LONG)
    expect(home.get_by_role("main")).to_contain_text("None stands now.")
    begun.people.shot(home, "destroyed")
    gone(begun.demo, name, port)
