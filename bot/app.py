"""The Slack app: every listener of every flow, with nothing global."""

from concurrent.futures import ThreadPoolExecutor

from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from bot.call import Desk
from bot.deliveries import Deliveries
from bot.guard import Guard
from bot.listeners import approve, browse, commands, create, download, home, instances, keep, policy, restore, schedule

FLOWS = (commands, browse, create, download, restore, approve, instances, keep, policy, schedule, home)


def build_app(desk: Desk, pool: ThreadPoolExecutor, signing_secret: str = "") -> App:
    """Return the app with its listeners. `pool` does their work; what it no longer takes is not acknowledged.

    In Socket Mode the signing secret is not asked for: the connection itself is authenticated.
    """
    ours = desk.client

    def authorize() -> AuthorizeResult:
        # Left to itself, Bolt asks Slack who we are before it acknowledges the first click.
        return AuthorizeResult(enterprise_id=None, team_id=None, bot_token=ours.token)

    app = App(
        client=WebClient(base_url=ours.base_url, timeout=ours.timeout, retry_handlers=ours.retry_handlers),
        authorize=authorize,
        signing_secret=signing_secret,
        token_verification_enabled=False,
        # Listeners run in the thread that the envelope came in by: they only acknowledge and hand on. Left to itself,
        # Bolt runs them in another and looks every 10 ms whether it has acknowledged (slack_bolt 1.30).
        process_before_response=True,
    )
    guard = Guard(app, desk, pool, Deliveries(desk.core.catalog))
    for flow in FLOWS:
        flow.register(guard)
    return app
