"""How fast clicks are acknowledged at 100 a second, against a bare Bolt app that does nothing else.

python -m bench.acknowledge [--rounds 3] [--seconds 8] [--rate 100]

Each app is a process of its own in Socket Mode: `python -m bot` as it is served, with a catalog of 2,000 backups, and
`bench.bare`. Clicks come from this process at fixed times whatever the answers take (an open loop), what is answered
goes to a third. Rounds alternate; medians of the rounds are printed.
"""

import argparse
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from slack_sdk import WebClient

from bench.clicking import READY_SECONDS, Clicker, Json, answering, beside
from bot.blocks.listing import Frame, ListPlace, listing
from core.bootstrap import Core, build_core, load_config
from core.model import naming
from core.model.person import Door, Person
from tests.bot.conftest import write_config
from tests.bot.people import ONCALL, button
from tests.bot.slack_server import APP_TOKEN, BOT_TOKEN
from tests.support.world import FixedGroups

BACKUPS = 2_000
PARTS = (50, 99)


def filled(config: Path) -> Json:
    """Give the catalog some history; return the Options button of its list."""
    with build_core(load_config(config), role="bot", groups=FixedGroups()) as core:
        begun = core.create_backup("orders", Person(ONCALL, ONCALL, Door.SLACK), "").backup
        core.runner.wait(begun.id, 60)
        backup = core.find_backup(begun.id)
        moments = (backup.requested_at - timedelta(hours=n) for n in range(1, BACKUPS))
        core.catalog.backups.adopt_many(
            replace(backup, id=naming.backup_id(moment, n), requested_at=moment) for n, moment in enumerate(moments)
        )
        return button(_list(core), "Options")


def _list(core: Core) -> list[Json]:
    page = core.list_backups("orders")
    frame = Frame(tuple(core.config.sources), core.browse.status("orders"), core.clock.now(), "")
    return listing(page, ListPlace(source="orders"), frame)


def clicks(options: Json, url: str) -> Iterator[Json]:
    """Yield one press of Options after another, each with a trigger of its own."""
    for n in itertools.count():
        yield {
            "type": "block_actions",
            "team": {"id": "T0TEST"},
            "user": {"id": ONCALL, "username": ONCALL.lower(), "team_id": "T0TEST"},
            "trigger_id": f"t{n}",
            "container": {"type": "message", "channel_id": "C0BACKUPS", "is_ephemeral": True},
            "channel": {"id": "C0BACKUPS"},
            "response_url": url.replace("/api/", f"/response/{n}"),
            "actions": [{**options, "block_id": "b", "action_ts": "1"}],
        }


def measured(chosen: argparse.Namespace, folder: Path) -> dict[str, list[list[float]]]:
    """Return the milliseconds of each round of each app."""
    config = write_config(folder, more='[web]\nport = 30815\nhost = "127.0.0.1"')
    options, clicker = filled(config), Clicker()
    apps = {"bare": ["-m", "bench.bare"], "ours": ["-m", "bot", str(config)]}
    took: dict[str, list[list[float]]] = {name: [] for name in apps}
    with clicker.listening() as socket, answering(socket) as url:
        presses = clicks(options, url)
        secrets = {"SLACK_API_URL": url, "SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN}
        for _ in range(chosen.rounds):
            for name, argv in apps.items():
                with beside([sys.executable, *argv], secrets):
                    connection = clicker.connected.get(timeout=READY_SECONDS)
                    clicker.click(connection, list(itertools.islice(presses, chosen.rate)), chosen.rate)
                    payloads = list(itertools.islice(presses, int(chosen.rate * chosen.seconds)))
                    took[name].append(clicker.click(connection, payloads, chosen.rate))
                    if name == "ours":
                        answered(url, len(took[name]) * (chosen.rate + len(payloads)))
    return took


def answered(url: str, count: int) -> None:
    """Wait until so many clicks got their answer: an app that does not answer is quick."""
    client = WebClient(BOT_TOKEN, base_url=url)
    deadline = time.monotonic() + READY_SECONDS
    while client.api_call("bench.answered")["count"] < count:
        if time.monotonic() > deadline:
            raise RuntimeError(f"fewer than {count} clicks were answered")
        time.sleep(0.1)


def percentile(values: list[float], part: int) -> float:
    """Return a percentile of the values."""
    return statistics.quantiles(values, n=100)[part - 1]


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=float, default=8)
    options.add_argument("--rate", type=int, default=100)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        took = measured(chosen, Path(folder))
    for part in PARTS:
        bare, ours = ([percentile(each, part) for each in took[name]] for name in ("bare", "ours"))
        ratio = statistics.median(ours) / statistics.median(bare)
        print(f"p{part}: bare Bolt {_shown(bare)}, Safehold {_shown(ours)}, ratio {ratio:.2f}")
    print(f"{chosen.rounds} rounds of {chosen.seconds:g} s each, {chosen.rate} clicks a second")


def _shown(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ms ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()
