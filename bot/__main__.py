"""The composition root of the bot: settings, core, app, Socket Mode or HTTP, web part, message board, shutdown."""

import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from types import FrameType

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.access import SlackGroups
from bot.app import build_app
from bot.call import Desk
from bot.lost_catalog import CatalogWatch, recover
from bot.notify import MessageBoard
from bot.postbox import Postbox
from bot.settings import Mode, Settings, read_settings
from bot.web import WebServer, build_web
from core.bootstrap import Core, build_core, load_config
from core.config import Config
from core.errors import SafeholdError, UnavailableError, UsageError
from core.runtime.waker import Waker

SECONDS_BETWEEN_RECONCILES = 15
SECONDS_BETWEEN_LOOKS = 2
"""At the catalog, whether it is there and can be used."""
SECONDS_FOR_A_CLICK = 2
"""A right is asked of Slack within this: a submitted modal must be answered within three."""
PING_SECONDS = 2.0
"""Measured with slack_sdk 3.47's built-in client: a closed connection is replaced after 1.5 s, one that dies or goes
silent after 12 s; with Bolt's default of 10 s that is 7 s and 57 s, with 1 s it is 1 s and 6 s, but a network that
pauses for five seconds would then count as dead."""
WORKERS = 16
SECONDS_FOR_CLICKS = 2.0
SECONDS_FOR_RUNS = 3.0
SECONDS_FOR_MESSAGES = 2.0
SECONDS_FOR_THE_REST = 1.0
"""What each may take at the end: together less than the ten seconds that some service managers give."""

logger = logging.getLogger(__name__)


class Ended:
    """Told by a signal or a thread that the bot is to end.

    Not an Event: the handler of a signal that comes while the main thread is about to wait for one waits for ever.
    """

    def __init__(self) -> None:
        self._told: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        """Tell it; a signal's handler may."""
        self._told.put(None)

    def wait(self) -> None:
        """Wait until it was told."""
        self._told.get()


@dataclass(slots=True)
class Bot:
    """Everything that runs, to be started once and closed in the reverse order."""

    core: Core
    app: App
    board: MessageBoard
    web: WebServer
    pool: ThreadPoolExecutor
    settings: Settings
    waker: Waker
    catalog: CatalogWatch
    ended: Ended = field(default_factory=Ended)
    _closing: list[Callable[[], object]] = field(default_factory=list)
    _stopping: list[threading.Thread] = field(default_factory=list)

    def start(self) -> int:
        """Start everything; returns the port of the web part.

        Raises:
            PortInUse, UnavailableError: and what was started must still be closed.

        """
        # From the end: clicks that were accepted are done, runs are stopped and recorded, Slack shows it, then core.
        self._closing += [lambda: self.core.close(0.1), self.catalog.keep, self._await_beside]
        self._closing += [self._finish_messages, self._stop_runs, self._finish_clicks]
        self.core.start()
        port = self.web.start()
        self._closing.append(lambda: self._beside(self.web.stop))
        self.board.start()
        self.waker.every(SECONDS_BETWEEN_RECONCILES, self._reconcile, "reconcile")
        self.waker.every(SECONDS_BETWEEN_LOOKS, lambda: self.catalog.look(self.ended.set), "look at the catalog")
        # In a thread of its own as well: settling may hang at the very vault at which a run hangs.
        self.waker.every(SECONDS_BETWEEN_RECONCILES, self._watch, "watch runs")
        for duty in self.core.duties.all:
            self.waker.every(duty.seconds, partial(self.core.duties.run, duty), duty.name)
        self.waker.start()
        self._closing.append(self.waker.stop)
        if self.settings.mode is Mode.SOCKET:
            self._connect()
        return port

    def close(self) -> None:
        """Stop listening first, then what is under way, say so in Slack, core last."""
        while self._closing:
            step = self._closing.pop()
            try:
                step()
            except Exception:
                # What comes after must be closed all the same.
                logger.exception("a part did not close cleanly")

    def _beside(self, stop: Callable[[], object]) -> None:
        """Begin to stop what takes no new work at once but needs seconds to end: they are better used."""
        thread = threading.Thread(target=stop, name="stopping", daemon=True)
        thread.start()
        self._stopping.append(thread)

    def _await_beside(self) -> None:
        deadline = time.monotonic() + SECONDS_FOR_THE_REST
        for thread in self._stopping:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _finish_clicks(self) -> None:
        """Let clicks that were acknowledged do their work, for a moment."""
        # What finds the pool closed is not acknowledged, so Slack sends it again.
        waiter = threading.Thread(target=self.pool.shutdown, name="last clicks", daemon=True)
        waiter.start()
        waiter.join(SECONDS_FOR_CLICKS)
        self.pool.shutdown(wait=False, cancel_futures=True)
        if waiter.is_alive():
            logger.warning("a click was not answered in time before the end")

    def _stop_runs(self) -> None:
        if not self.core.runner.shutdown(SECONDS_FOR_RUNS):
            logger.warning("a run has not stopped yet; the next start settles it")

    def _finish_messages(self) -> None:
        if not self.board.finish(SECONDS_FOR_MESSAGES):
            logger.warning("Slack does not show everything yet; the next start goes on")
        self.board.stop()

    def _connect(self) -> None:
        socket = SocketModeHandler(
            self.app, self.settings.app_token, web_client=self.app.client, ping_interval=PING_SECONDS
        )
        self._closing.append(lambda: self._beside(socket.close))
        try:
            socket.connect()  # type: ignore[no-untyped-call] # Bolt gives it no types
        except (SlackClientError, OSError) as error:
            raise UnavailableError(
                "Slack can't be reached in Socket Mode.",
                hint="Check SLACK_APP_TOKEN and the network.",
                detail=str(error),
            ) from error

    def _watch(self) -> None:
        try:
            self.core.watch_runs()
        except SafeholdError as error:
            logger.warning("watching runs stumbled, it is tried again: %s", error)

    def _reconcile(self) -> None:
        try:
            self.core.reconcile()
        except SafeholdError as error:
            logger.warning("reconciling stumbled, it is tried again: %s", error)


def build_bot(config: Config, settings: Settings) -> Bot:
    """Wire everything. Starts nothing."""
    web = config.web
    public_url = (web.public_url or f"http://{web.host}:{web.port}").rstrip("/")
    client = WebClient(settings.bot_token, base_url=settings.api_url, timeout=10)
    # A right is asked for while a modal waits, and a message that is posted again stands twice: neither retries itself.
    quick = WebClient(settings.bot_token, base_url=settings.api_url, timeout=SECONDS_FOR_A_CLICK, retry_handlers=[])
    posting = WebClient(settings.bot_token, base_url=settings.api_url, timeout=10, retry_handlers=[])
    core = build_core(
        config, role="bot", groups=SlackGroups(quick), secret=settings.secret, heartbeat_url=settings.heartbeat_url
    )
    board = MessageBoard(core, posting, Postbox(posting, core.catalog, core.clock))
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="listener")
    app = build_app(Desk(core, client, board, public_url), pool, settings.signing_secret)
    slack = app if settings.mode is Mode.HTTP else None
    server = WebServer(build_web(core, board.took, slack), web.host, web.port)
    return Bot(core, app, board, server, pool, settings, Waker(core.clock, core.note_clock), CatalogWatch(core))


def serve(config_path: Path | None = None) -> int:
    """Run the bot until it is told to end. Returns the exit code.

    Raises:
        SafeholdError: it can't start; the message says why.

    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # The scheduler would say twice a minute that it ran.
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    # Bolt reads SLACK_BOT_TOKEN by itself, and warns that it then does not use it.
    logging.getLogger("slack_bolt.App").addFilter(lambda record: "`token` will be unused" not in record.getMessage())
    # httpx would write down the address that a picture is uploaded to, which is good for one upload by anybody.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    settings, config = read_settings(), load_config(config_path)
    ended = Ended()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    team = _introduce(WebClient(settings.bot_token, base_url=settings.api_url, timeout=10))
    recover(config)
    bot = build_bot(config, settings)
    bot.ended = ended
    try:
        port = bot.start()
        url = config.web.public_url or f"http://{config.web.host}:{port}"
        sys.stdout.write(f"Safehold is ready in {team}, by {settings.mode}. Downloads and health at {url}\n")
        sys.stdout.flush()
        ended.wait()
        sys.stdout.write("Safehold is stopping.\n")
        sys.stdout.flush()
    finally:
        bot.close()
    bot.catalog.require_sound()
    return 0


def _introduce(client: WebClient) -> str:
    """Return the workspace's name.

    Raises:
        UsageError: Slack does not know the token.
        UnavailableError: Slack can't be reached.

    """
    try:
        return str(client.auth_test().get("team") or "Slack")
    except SlackApiError as error:
        said = error.response.get("error")
        raise UsageError(
            f"Slack refused SLACK_BOT_TOKEN: {said}.", hint="Copy it again from the app's page."
        ) from error
    except (SlackClientError, OSError) as error:
        raise UnavailableError("Slack can't be reached.", hint="Check the network, and SLACK_API_URL.") from error


def main() -> int:
    """Run the bot and say on stderr why it could not."""
    try:
        return serve(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    except SafeholdError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
