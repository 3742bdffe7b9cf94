"""The watchdog outside is pinged as long as a bot does its work, and nothing that it does hurts or tells its URL."""

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from core.services.duties import Duties, Duty
from core.services.ping_heartbeat import PINGED, PingHeartbeat
from core.services.telling import ping
from tests.support.world import World

SECRET = "canary-5f1c"


@dataclass
class Watchdog:
    """An HTTP server that counts pings and answers as it is told."""

    url: str = ""
    status: int = 200
    pings: list[str] = field(default_factory=list)
    answers: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def watchdog() -> Iterator[Watchdog]:
    """Give a running one."""
    dog = Watchdog()
    dog.answers.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            dog.pings.append(self.path)
            dog.answers.wait(20)
            self.send_response(dog.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Stay silent."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        dog.url = f"http://127.0.0.1:{server.server_address[1]}/ping/{SECRET}"
        yield dog
        server.shutdown()


@pytest.fixture
def pinger(world: World, watchdog: Watchdog) -> PingHeartbeat:
    """Give what pings it."""
    return PingHeartbeat(world.core.catalog, watchdog.url)


def test_each_pass_pings_once(world: World, watchdog: Watchdog, pinger: PingHeartbeat) -> None:
    """A pass asks the URL, and notes when."""
    for _ in range(2):
        pinger(world.clock.now())
        pinger.wait()
    assert watchdog.pings == [f"/ping/{SECRET}"] * 2
    assert world.core.catalog.marks.get(PINGED)


def test_slow_watchdog_holds_nothing_up(world: World, watchdog: Watchdog, pinger: PingHeartbeat) -> None:
    """While one ping waits for its answer, passes return at once and begin no other."""
    watchdog.answers.clear()
    for _ in range(5):
        pinger(world.clock.now())
    watchdog.answers.set()
    pinger.wait()
    assert len(watchdog.pings) == 1


@pytest.mark.parametrize("trouble", ["refused", "gone", "nonsense"])
def test_failures_are_logged_without_the_url(
    world: World, watchdog: Watchdog, caplog: pytest.LogCaptureFixture, trouble: str
) -> None:
    """A refusal, a watchdog that is gone and one that is no address are a line in the log, which holds no secret."""
    watchdog.status = 404
    urls = {"refused": watchdog.url, "gone": f"http://127.0.0.1:9/{SECRET}", "nonsense": f"http://[{SECRET}"}
    with caplog.at_level(logging.DEBUG):
        pinger = PingHeartbeat(world.core.catalog, urls[trouble])
        pinger(world.clock.now())
        pinger.wait()
    assert [line for line in caplog.messages if "heartbeat" in line]
    assert SECRET not in caplog.text
    assert SECRET not in repr(pinger)


def test_no_ping_without_work(world: World, watchdog: Watchdog) -> None:
    """Where schedules were not woken lately, or the catalog can't be written, nothing says that all is well."""
    woken = Duty("wake schedules", 10, lambda _now: None)
    duties = Duties((woken,), world.core.lead, world.clock)
    [duty] = ping(
        world.core.time.retention, world.core.config.notices, watchdog.url, lambda: duties.passed("wake schedules", 300)
    )
    assert isinstance(duty.do, PingHeartbeat)
    assert duties.run(duty)
    duty.do.wait()
    assert watchdog.pings == []
    assert duties.run(woken)
    assert duties.run(duty)
    duty.do.wait()
    assert len(watchdog.pings) == 1
    world.clock.passed += 301
    assert duties.run(duty)
    assert duties.run(woken)
    world.core.catalog.close()
    world.core.catalog.path.rename(world.core.catalog.path.with_suffix(".away"))
    assert not duties.run(duty)
    duty.do.wait()
    assert len(watchdog.pings) == 1
    world.core.catalog.path.with_suffix(".away").rename(world.core.catalog.path)


def test_no_url_is_no_duty(world: World) -> None:
    """Without a URL nothing is asked."""
    assert ping(world.core.time.retention, world.core.config.notices, "", lambda: True) == ()
