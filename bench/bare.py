"""A Bolt app that acknowledges a click and does nothing else, as Bolt's own guide writes it."""

import os

from slack_bolt import Ack, App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from bot.ids import Action


def main() -> None:
    """Serve until told to end."""
    client = WebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
    app = App(client=client)

    def acknowledge(ack: Ack) -> None:
        ack()

    app.action(Action.OPTIONS)(acknowledge)
    SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start()  # type: ignore[no-untyped-call] # Bolt gives it no types


if __name__ == "__main__":
    main()
