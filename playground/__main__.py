"""Start a playground from a terminal: `python -m playground --port 8090`."""

import argparse
import os
import sys
from pathlib import Path

from playground.manifest import read_list, read_value
from playground.server import serve
from playground.settings import Settings
from playground.workspace import Workspace


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted; return 1 where the port is taken."""
    given = _parser().parse_args(arguments)
    settings = _settings(given)
    workspace = Workspace(settings)
    _introduce(workspace, f"http://{given.host}:{given.port}")
    try:
        serve(given.port, workspace, host=given.host)
    except OSError as error:
        sys.stderr.write(f"Port {given.port} can't be used: {error.strerror}. Choose another with --port.\n")
        return 1
    except ValueError as error:
        sys.stderr.write(f"{error}. Name another file with --state, or remove that one.\n")
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("playground", description="A local Slack workspace in a browser.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--team", default="Acme", help="the workspace's name")
    parser.add_argument("--channel", action="append", help="a channel; give it once for each (default: two)")
    parser.add_argument("--command", default="/backups", help="the app's slash command")
    parser.add_argument("--bot-token", help="xoxb-…, else $PLAYGROUND_BOT_TOKEN, else made up")
    parser.add_argument("--app-token", help="xapp-…, else $PLAYGROUND_APP_TOKEN, else made up")
    parser.add_argument("--signing-secret", help="for --request-url, made up where none is given")
    parser.add_argument("--request-url", default="", help="deliver over HTTP to this address instead of Socket Mode")
    parser.add_argument("--manifest", type=Path, help="hold the app to the scopes and events of this manifest.yml")
    parser.add_argument(
        "--rate-limit", type=float, default=0.0, metavar="SECONDS", help="one message a channel in so long"
    )
    parser.add_argument("--state", type=Path, help="keep messages in this file across restarts")
    return parser


def _settings(given: argparse.Namespace) -> Settings:
    chosen = {
        # Arguments can be read by everybody on the machine, so tokens that matter come by environment.
        "bot_token": given.bot_token or os.environ.get("PLAYGROUND_BOT_TOKEN") or None,
        "app_token": given.app_token or os.environ.get("PLAYGROUND_APP_TOKEN") or None,
        "signing_secret": given.signing_secret,
        "channels": tuple(given.channel) if given.channel else None,
        "scopes": read_list(given.manifest, "bot") if given.manifest else None,
        "events": read_list(given.manifest, "bot_events") if given.manifest else None,
        "usage_hint": read_value(given.manifest, "usage_hint") if given.manifest else None,
        "state": given.state,
    }
    return Settings(
        team=given.team,
        command=given.command,
        request_url=given.request_url,
        message_seconds=given.rate_limit,
        **{key: value for key, value in chosen.items() if value is not None},
    )


def _introduce(workspace: Workspace, url: str) -> None:
    settings = workspace.settings
    lines = [
        f"Playground  {url}/",
        *(
            f"  as {p.real_name} ({p.title}, {p.id})  {url}/w/{p.name}/{settings.channels[0]}"
            for p in workspace.people.values()
        ),
        *(f"  group @{group.handle} is {group.id}" for group in workspace.groups),
        f"SLACK_API_URL={url}/api/",
        f"SLACK_BOT_TOKEN={settings.bot_token}",
        f"SLACK_APP_TOKEN={settings.app_token}",
        f"SLACK_SIGNING_SECRET={settings.signing_secret}",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
