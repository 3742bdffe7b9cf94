"""Downloads over HTTP, as browsers, curl and thieves ask for them."""

import hashlib
import http.client
import re
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from urllib.parse import urlencode, urlparse

import httpx
import psutil
import pytest
from slack_sdk.signature import SignatureVerifier

from bot.transfer import Span, range_of
from bot.web import WebServer, build_web
from core.errors import PortInUse
from core.runtime.ports import free_port
from core.runtime.runner import MOST_ABANDONED
from tests.bot.conftest import World
from tests.bot.people import GUEST, ONCALL, button
from tests.bot.slack_server import SlackServer

AFTER_THE_GRACE = timedelta(minutes=16)
MOST_MEGABYTES = 200


def outcomes(world: World) -> list[str]:
    """Return what the audit says of downloads, in order."""
    return [entry.outcome for entry in world.core.catalog.audit.entries() if entry.act == "download"]


@pytest.fixture
def site(world: World) -> Iterator[str]:
    """Give the base of a running web part."""
    port = free_port(range(20_000, 30_000), "127.0.0.1")
    server = WebServer(build_web(world.core, world.board.took), "127.0.0.1", port)
    assert server.start() == port
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def link(world: World, site: str) -> str:
    """Give a link that was asked for in Slack."""
    backup = world.backed_up()
    screen = world.people.typed(ONCALL, f"download {backup}")
    return site + urlparse(button(screen.blocks, "Download")["url"]).path


def test_link_is_for_the_requester_alone(world: World, site: str) -> None:
    """The link is an ephemeral answer with the SHA-256 and the commands; no channel ever sees it."""
    backup = world.backed_up()
    listed = world.people.typed(ONCALL, "list")
    opened = world.people.press(ONCALL, button(listed.blocks, "Options"))
    screen = world.people.press(ONCALL, button(opened.blocks, "Download"))
    assert screen.body["response_type"] == "ephemeral"
    assert world.core.find_backup(backup).archive_sha256 in screen.text
    token = urlparse(button(screen.blocks, "Download")["url"]).path.split("/")[2]
    assert token not in str(world.slack.messages)
    assert "right to download" in world.people.typed(GUEST, f"download {backup}").text


def test_whole_file_arrives_and_the_thread_says_who(world: World, link: str) -> None:
    """The bytes have the SHA-256 that was shown; then the link is used up, and the thread names the taker."""
    answer = httpx.get(link)
    backup = world.core.list_backups(None).backups[0]
    assert answer.status_code == 200
    assert hashlib.sha256(answer.content).hexdigest() == backup.archive_sha256
    assert int(answer.headers["content-length"]) == backup.size
    assert answer.headers["content-disposition"] == f'attachment; filename="{backup.archive_name}"'
    assert answer.headers["cache-control"] == "no-store"
    world.slack.until(lambda: f"Downloaded by <@{ONCALL}>" in str(world.slack.messages), "the thread")
    again = httpx.get(link)
    assert again.status_code == 410
    assert "works once" in again.text


def test_printed_commands_check_and_unpack(world: World, link: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The commands in the answer work as they stand, with sha256sum and tar alone."""
    backup = world.core.list_backups(None).backups[0]
    folder = tmp_path_factory.mktemp("downloads")
    (folder / backup.archive_name).write_bytes(httpx.get(link).content)
    screen = world.people.typed(ONCALL, f"download {backup.id}")
    found = re.search(r"```(.*?)```", screen.text)
    assert found is not None
    command = found[1].replace("&amp;", "&").replace("&gt;", ">").replace("&lt;", "<")
    subprocess.run(["sh", "-ec", command], cwd=folder, check=True, capture_output=True)
    assert (folder / f"orders-{backup.id}").is_dir()


def test_resumed_download_gets_the_rest(world: World, link: str) -> None:
    """A head asks for nothing; a broken download goes on where it was, for the same file only."""
    backup = world.core.list_backups(None).backups[0]
    head = httpx.head(link)
    assert (head.status_code, int(head.headers["content-length"]), head.content) == (200, backup.size, b"")
    etag = head.headers["etag"]
    first = httpx.get(link, headers={"Range": "bytes=0-99"})
    assert first.status_code == 206
    assert first.headers["content-range"] == f"bytes 0-99/{backup.size}"
    other = httpx.get(link, headers={"Range": "bytes=0-99", "If-Range": '"another"'}, follow_redirects=False)
    assert other.status_code == 200
    world.slack.until(lambda: outcomes(world)[-1] == "completed", "the end of the other one")
    screen = world.people.typed(ONCALL, f"download {backup.id}")
    fresh = link[: link.index("/download/")] + urlparse(button(screen.blocks, "Download")["url"]).path
    assert httpx.get(fresh, headers={"Range": f"bytes={backup.size}-"}).status_code == 416
    rest = httpx.get(fresh, headers={"Range": "bytes=100-", "If-Range": etag})
    assert hashlib.sha256(first.content + rest.content).hexdigest() == backup.archive_sha256
    assert outcomes(world)[-2:] == ["offered", "started"]
    assert httpx.get(fresh, headers={"Range": "bytes=0-99"}).content == first.content
    world.slack.until(lambda: outcomes(world)[-1] == "completed", "the completion")


@pytest.mark.parametrize("asked", ["bytes=-1", "bytes=1-"])
def test_a_part_is_not_the_whole(world: World, link: str, asked: str) -> None:
    """The last byte alone, or all but the first, doesn't use the link up."""
    assert httpx.get(link, headers={"Range": asked}).status_code == 206
    world.clock.shift = AFTER_THE_GRACE
    assert httpx.get(link).status_code == 200
    world.slack.until(lambda: outcomes(world) == ["offered", "started", "completed"], "the completion")


def test_a_tail_that_never_arrived_can_be_resumed(world: World, link: str) -> None:
    """A small archive is sent whole into buffers before its reader breaks off: the rest can be had for a while."""
    backup = world.core.list_backups(None).backups[0]
    parsed = urlparse(link)
    with socket.create_connection((parsed.hostname or "", parsed.port or 0)) as broken:
        broken.sendall(f"GET {parsed.path} HTTP/1.1\r\nHost: bot.example\r\n\r\n".encode())
        world.slack.until(lambda: outcomes(world)[-1] == "completed", "everything was sent")
        head = broken.recv(1 << 20).partition(b"\r\n\r\n")[2][:100]
    rest = httpx.get(link, headers={"Range": f"bytes={len(head)}-"})
    assert hashlib.sha256(head + rest.content).hexdigest() == backup.archive_sha256
    assert outcomes(world) == ["offered", "started", "completed"]
    world.clock.shift = AFTER_THE_GRACE
    assert httpx.get(link, headers={"Range": f"bytes={len(head)}-"}).status_code == 410


def test_client_that_leaves_early_has_not_taken_it(world: World, site: str) -> None:
    """A connection closed amid a large archive leaves the link good for long; its two parts make one download."""
    with sqlite3.connect(world.folder / "orders.db") as db:
        db.execute("create table noise as select randomblob(16000000) as bytes")
    db.close()
    backup = world.core.find_backup(world.backed_up())
    path = urlparse(button(world.people.typed(ONCALL, f"download {backup.id}").blocks, "Download")["url"]).path
    connection = http.client.HTTPConnection(urlparse(site).hostname or "", urlparse(site).port)
    connection.request("GET", path)
    head = connection.getresponse().read(10)
    connection.close()
    vault = str(world.folder / "vault")
    opened = psutil.Process().open_files
    world.slack.until(lambda: not any(file.path.startswith(vault) for file in opened()), "the transfer has ended")
    world.clock.shift = AFTER_THE_GRACE
    assert outcomes(world) == ["offered", "started"]
    rest = httpx.get(site + path, headers={"Range": "bytes=10-"})
    assert hashlib.sha256(head + rest.content).hexdigest() == backup.archive_sha256
    world.slack.until(lambda: outcomes(world) == ["offered", "started", "completed"], "the completion")


@pytest.mark.parametrize("change", ["forged", "name", "expired"])
def test_bad_links_get_a_small_page(world: World, link: str, change: str) -> None:
    """A forged token, another file name and an expired link are refused in words, without a byte of the archive."""
    if change == "forged":
        link = link.replace("/download/", "/download/0")
    elif change == "name":
        link += "x"
    else:
        world.clock.shift = timedelta(hours=2)
    answer = httpx.get(link)
    assert answer.status_code == {"forged": 403, "name": 404, "expired": 410}[change]
    assert "<h1>" in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_health(site: str) -> None:
    """Health is JSON and says that the catalog answers."""
    assert httpx.get(f"{site}/health").json()["ok"] is True
    assert httpx.get(f"{site}/elsewhere").status_code == 404


def test_health_says_how_many_runs_hang(world: World, site: str) -> None:
    """One that hangs is said; when nothing can begin any more the answer is 503, so that it is restarted."""
    runner, release = world.core.runner, threading.Event()
    try:
        for number in range(MOST_ABANDONED + world.core.config.runner_threads):
            held = threading.Event()
            runner.submit(f"hung:{number}", partial(_hang, held, release))
            assert held.wait(30)
            runner.abandon(f"hung:{number}")
            if number == 0:
                said = httpx.get(f"{site}/health")
                assert (said.status_code, said.json()["says"]) == (200, "1 of the runs hang")
        stuck = httpx.get(f"{site}/health")
        assert (stuck.status_code, stuck.json()["ok"]) == (503, False)
        assert "restart Safehold" in stuck.json()["says"]
    finally:
        release.set()


def _hang(held: threading.Event, release: threading.Event) -> None:
    held.set()
    release.wait(60)


def test_taken_port_is_said(world: World, site: str) -> None:
    """A port in use is an error of ours with what to do."""
    with pytest.raises(PortInUse, match="in use"):
        WebServer(build_web(world.core, world.board.took), "127.0.0.1", urlparse(site).port or 0).start()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("", Span(0, 10, 10, partial=False)),
        ("bytes=2-4", Span(2, 5, 10, partial=True)),
        ("bytes=2-", Span(2, 10, 10, partial=True)),
        ("bytes=-3", Span(7, 10, 10, partial=True)),
        ("bytes=-30", Span(0, 10, 10, partial=True)),
        ("bytes=8-30", Span(8, 10, 10, partial=True)),
        ("bytes=10-", None),
        (f"bytes={'9' * 5000}-", None),
        (f"bytes={'0' * 5000}2-{'9' * 5000}", Span(2, 10, 10, partial=True)),
        (f"bytes=-{'9' * 5000}", Span(0, 10, 10, partial=True)),
        ("bytes=٣-", Span(0, 10, 10, partial=False)),
        ("bytes=-0", None),
        ("bytes=4-2", Span(0, 10, 10, partial=False)),
        ("bytes=-", Span(0, 10, 10, partial=False)),
        ("bytes=0-1,3-4", Span(0, 10, 10, partial=False)),
        ("lines=1-2", Span(0, 10, 10, partial=False)),
    ],
)
def test_ranges_mean_what_rfc_9110_says(asked: str, expected: Span | None) -> None:
    """Each form of a Range header is read as the RFC says."""
    assert range_of({"range": asked}, 10, "e") == expected


def test_http_mode_reads_nothing_it_need_not(make_world: Callable[..., World]) -> None:
    """What Slack can't have sent is refused before it is read; nobody fills the memory from outside."""
    world = make_world(board=False)
    server = WebServer(build_web(world.core, world.board.took, world.app), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.start()}/slack/events"
    sent: list[int] = []

    def endless() -> Iterator[bytes]:
        while len(sent) < MOST_MEGABYTES:
            sent.append(1)
            yield bytes(1 << 20)

    for headers, status in (({}, 401), ({"X-Slack-Signature": "v0=0", "X-Slack-Request-Timestamp": "1"}, 413)):
        sent.clear()
        assert posted(url, endless(), headers) == status
        assert len(sent) < MOST_MEGABYTES
    server.stop()


def posted(url: str, content: Iterator[bytes], headers: dict[str, str]) -> int:
    """Return the status of a request whose answer comes before all of it was sent."""
    parsed = urlparse(url)
    connection = http.client.HTTPConnection(parsed.hostname or "", parsed.port, timeout=20)
    connection.putrequest("POST", parsed.path)
    for name, value in {**headers, "Transfer-Encoding": "chunked"}.items():
        connection.putheader(name, value)
    connection.endheaders()
    with suppress(ConnectionError):
        for part in content:
            connection.send(b"%x\r\n%s\r\n" % (len(part), part))
        connection.send(b"0\r\n\r\n")
    status = connection.getresponse().status
    connection.close()
    return status


def test_http_mode_checks_the_signature(make_world: Callable[..., World], slack: SlackServer) -> None:
    """In HTTP mode /slack/events answers what Slack signed, and refuses everything else."""
    world = make_world(board=False)
    server = WebServer(build_web(world.core, world.board.took, world.app), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.start()}/slack/events"
    body = {**world.people.command(ONCALL, "list"), "team": "", "user": ""}
    text = urlencode(body)
    about = {"Content-Type": "application/x-www-form-urlencoded"}
    assert httpx.post(url, content=text, headers=about).status_code == 401
    signed = SignatureVerifier("a signing secret").generate_signature(
        timestamp=(now := f"{int(time.time())}"), body=text
    )
    about |= {"X-Slack-Signature": signed or "", "X-Slack-Request-Timestamp": now}
    assert httpx.post(url, content=text, headers=about).status_code == 200
    assert "Backups of orders" in world.people.answer(str(body["response_url"])).text
    server.stop()
