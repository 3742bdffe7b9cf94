"""Download: a link for the requester alone."""

from urllib.parse import quote

from bot.blocks import answers
from bot.call import Call
from bot.guard import Guard
from bot.ids import Action
from core.services.access import Verb


def register(guard: Guard) -> None:
    """Register the button that asks for a link, and the link itself: Slack reports that it was pressed."""
    guard.action(Action.DOWNLOAD, lambda call: download(call, call.value), Verb.DOWNLOAD)
    guard.action(Action.OPEN_LINK, lambda _call: None)


def download(call: Call, reference: str) -> None:
    """Offer an archive to this person."""
    offer = call.core.offer_download(reference, call.person)
    url = f"{call.desk.public_url}/download/{quote(offer.token)}/{quote(offer.backup.archive_name)}"
    call.say(answers.download(offer, url), "Your download link")
