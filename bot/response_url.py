"""What is sent to a response_url: it works five times in the thirty minutes after the click or command it came with."""

from slack_sdk.webhook import WebhookClient

from bot.blocks.parts import Json

HTTP_OK = 200
USES = 5
SECONDS_GOOD = 30 * 60.0
SECONDS_TO_ANSWER = 10


def respond(url: str, blocks: list[Json], text: str, *, replace: bool, seconds: int = SECONDS_TO_ANSWER) -> str:
    """Show the person this, in the place of what was clicked or as a new message.

    Return "" where Slack took it, else what it said. A command's URL replaces nothing (slackapi/bolt-python#1268).

    Raises:
        OSError: Slack can't be reached, or did not answer in time.

    """
    # Without retries: an answer whose receipt got lost would stand twice.
    webhook = WebhookClient(url, timeout=seconds, retry_handlers=[])
    answer = webhook.send(text=text, blocks=blocks, response_type="ephemeral", replace_original=replace)
    taken = answer.status_code == HTTP_OK and '"ok":false' not in answer.body.replace(" ", "")
    return "" if taken else f"{answer.status_code}: {answer.body[:300]}"


def remove(url: str) -> None:
    """Take the message away that was clicked."""
    WebhookClient(url, timeout=SECONDS_TO_ANSWER).send(delete_original=True)
