"""How fast clicks are acknowledged at 100 a second, against a bare Bolt app that does nothing else.

python -m bench.acknowledge [--seconds 20] [--rate 100]

Both apps get the same envelopes in Socket Mode's form, at fixed times whatever the answers take (an open loop), in
alternating rounds. Safehold's run the whole way: a real catalog with 2,000 backups, answers to a local Slack.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from slack_bolt import Ack, App, BoltRequest
from slack_sdk import WebClient

from bot.ids import Action
from core.model import naming
from tests.bot.conftest import World, build_world, close, write_config
from tests.bot.people import APPROVER, ONCALL, button
from tests.bot.slack_server import BOT_TOKEN, SlackServer

ROUNDS = 3
BACKUPS = 2_000
CLICKERS = 32


def filled(world: World) -> None:
    """Give the catalog some history."""
    backup = world.core.find_backup(world.backed_up())
    moments = (backup.requested_at - timedelta(hours=n) for n in range(1, BACKUPS))
    world.core.catalog.backups.adopt_many(
        replace(backup, id=naming.backup_id(moment, n), requested_at=moment) for n, moment in enumerate(moments)
    )


def bare(client: WebClient) -> App:
    """Return an app that acknowledges and does nothing else."""
    app = App(client=client, token_verification_enabled=False)

    def acknowledge(ack: Ack) -> None:
        ack()

    app.action(Action.OPTIONS)(acknowledge)
    return app


def clicked(app: App, envelope: Callable[[], dict[str, object]], rate: int, seconds: float) -> list[float]:
    """Click at fixed times; return the milliseconds from when each click was due to its acknowledgement."""
    began, took = time.monotonic() + 0.1, list[float]()

    def click(due: float, body: dict[str, object]) -> None:
        time.sleep(max(0.0, due - time.monotonic()))
        response = app.dispatch(BoltRequest(mode="socket_mode", body=body))
        took.append((time.monotonic() - due) * 1000)
        if response.status != 200:
            raise RuntimeError(f"not acknowledged: {response.status}")

    with ThreadPoolExecutor(CLICKERS) as pool:
        clicks = [pool.submit(click, began + n / rate, envelope()) for n in range(int(rate * seconds))]
    for done in clicks:
        done.result()
    return took


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=float, default=20)
    options.add_argument("--rate", type=int, default=100)
    chosen = options.parse_args()
    ours, theirs = list[float](), list[float]()
    with tempfile.TemporaryDirectory() as folder, SlackServer(groups={"S0DBA": [APPROVER]}) as slack:
        world = build_world(slack, Path(folder), write_config(Path(folder)))
        filled(world)
        options_button = button(world.people.typed(ONCALL, "").blocks, "Options")
        other = bare(WebClient(BOT_TOKEN, base_url=slack.url))
        for _ in range(ROUNDS):
            for app, took in ((other, theirs), (world.app, ours)):
                took.extend(
                    clicked(app, lambda: world.people.click(ONCALL, options_button), chosen.rate, chosen.seconds)
                )
        close(world)
    for part in (50, 99):
        bolt, safehold = (statistics.quantiles(took, n=100)[part - 1] for took in (theirs, ours))
        print(f"p{part}: bare Bolt {bolt:.2f} ms, Safehold {safehold:.2f} ms, ratio {safehold / bolt:.2f}")
    print(f"{len(ours)} clicks each at {chosen.rate} a second")


if __name__ == "__main__":
    main()
