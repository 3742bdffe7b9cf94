"""The composition root of the bot: settings, core, app, Socket Mode or HTTP, web part, message board, shutdown."""

import logging
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from apscheduler.schedulers.background import BackgroundScheduler
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.access import SlackGroups
from bot.app import build_app
from bot.call import Desk
from bot.notify import MessageBoard
from bot.postbox import Postbox
from bot.settings import Mode, Settings, read_settings
from bot.web import WebServer, build_web
from core.bootstrap import Core, build_core, load_config
from core.config import Config
from core.errors import SafeholdError, UnavailableError, UsageError

SECONDS_BETWEEN_RECONCILES = 30
SECONDS_FOR_A_CLICK = 2
"""A right is asked of Slack within this: a submitted modal must be answered within three."""
PING_SECONDS = 2.0
"""Measured with slack_sdk 3.47's built-in client: a closed connection is replaced after 1.5 s, one that dies or goes
silent after 12 s; with Bolt's default of 10 s that is 7 s and 57 s, with 1 s it is 1 s and 6 s, but a network that
pauses for five seconds would then count as dead."""
WORKERS = 16
SECONDS_TO_CLOSE = 3.0

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Bot:
    """Everything that runs, to be started once and closed in the reverse order."""

    core: Core
    app: App
    board: MessageBoard
    web: WebServer
    pool: ThreadPoolExecutor
    settings: Settings
    scheduler: BackgroundScheduler = field(default_factory=lambda: BackgroundScheduler(timezone="UTC"))
    _socket: SocketModeHandler | None = None
    _closing: list[Callable[[], object]] = field(default_factory=list)

    def start(self) -> int:
        """Start everything; returns the port of the web part.

        Raises:
            PortInUse, UnavailableError: and what was started must still be closed.

        """
        self._closing.append(lambda: self.core.close(SECONDS_TO_CLOSE))
        self.core.start()
        self._closing.append(lambda: self.pool.shutdown(wait=False, cancel_futures=True))
        port = self.web.start()
        self._closing.append(self.web.stop)
        self.board.start()
        self._closing.append(self.board.stop)
        self.scheduler.add_job(
            self._reconcile, "interval", seconds=SECONDS_BETWEEN_RECONCILES, max_instances=1, coalesce=True
        )
        self.scheduler.start()
        self._closing.append(lambda: self.scheduler.shutdown(wait=False))
        if self.settings.mode is Mode.SOCKET:
            self._connect()
        return port

    def close(self) -> None:
        """Stop listening first, then what is under way, core last."""
        while self._closing:
            step = self._closing.pop()
            try:
                step()
            except Exception:
                # What comes after must be closed all the same.
                logger.exception("a part did not close cleanly")

    def _connect(self) -> None:
        self._socket = SocketModeHandler(
            self.app, self.settings.app_token, web_client=self.app.client, ping_interval=PING_SECONDS
        )
        self._closing.append(self._socket.close)
        try:
            self._socket.connect()  # type: ignore[no-untyped-call] # Bolt gives it no types
        except (SlackClientError, OSError) as error:
            raise UnavailableError(
                "Slack can't be reached in Socket Mode.",
                hint="Check SLACK_APP_TOKEN and the network.",
                detail=str(error),
            ) from error

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
    core = build_core(config, role="bot", groups=SlackGroups(quick), secret=settings.secret)
    board = MessageBoard(core, posting, Postbox(posting, core.catalog, core.clock))
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="listener")
    app = build_app(Desk(core, client, board, public_url), pool, settings.signing_secret)
    slack = app if settings.mode is Mode.HTTP else None
    return Bot(core, app, board, WebServer(build_web(core, board.took, slack), web.host, web.port), pool, settings)


def serve(config_path: Path | None = None) -> int:
    """Run the bot until it is told to end. Returns the exit code.

    Raises:
        SafeholdError: it can't start; the message says why.

    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # The scheduler would say twice a minute that it ran.
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    settings, config = read_settings(), load_config(config_path)
    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    bot = build_bot(config, settings)
    try:
        team = _introduce(bot.app.client)
        port = bot.start()
        url = config.web.public_url or f"http://{config.web.host}:{port}"
        sys.stdout.write(f"Safehold is ready in {team}, by {settings.mode}. Downloads and health at {url}\n")
        sys.stdout.flush()
        ended.wait()
        sys.stdout.write("Safehold is stopping.\n")
        sys.stdout.flush()
    finally:
        bot.close()
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
