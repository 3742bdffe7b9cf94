"""Short answers to one person: what was started, what went wrong, a link, help."""

from collections.abc import Sequence

from bot.blocks.backup import summary
from bot.blocks.parts import Json, asks, context, line_input, menu, modal, option, plain, section
from bot.blocks.text import clock_time, code, cut, escape, person, size, when
from bot.ids import Action, Block, View
from bot.parse import USAGE
from core.errors import SafeholdError
from core.model import naming
from core.model.backup import Backup
from core.model.instance import Instance
from core.model.person import Person
from core.services.download_backup import Offer

SAYING = 2_500


def said(text: str) -> list[Json]:
    """Return markup as an answer."""
    return [section(text)]


def refusal(error: SafeholdError, who_may: str = "") -> list[Json]:
    """Return what an error says, and the next step. `who_may`: mentions of those who have the right, markup."""
    allowed = f" Those who may: {who_may}." if who_may else ""
    return [section(escape(cut(f"{error.message} {error.hint}".strip(), SAYING)) + allowed)]


def broken(reference: str) -> list[Json]:
    """Return what is said of a fault of our own."""
    return [section(f"Something broke on my side. Quote ref {code(reference)} to whoever runs Safehold.")]


def initiated(backup: Backup, who: Person, *, joined: bool) -> list[Json]:
    """Return the answer to a request for a backup."""
    if joined:
        text = f"A backup of {code(backup.source)} by {person(backup.requested_by)} is under way: you joined it."
        return [section(text)]
    return [section(f"Backup of {code(backup.source)} initiated by {person(who)}"), context(code(backup.id))]


def download(offer: Offer, url: str) -> list[Json]:
    """Return the link, for the requester alone, with how to check and unpack what it gives."""
    backup = offer.backup
    name, until = backup.archive_name, clock_time(offer.download.expires_at)
    folder = naming.archive_folder(backup.source, backup.id)
    link = {"type": "button", "action_id": Action.OPEN_LINK, "text": plain("Download", 75), "url": url}
    told = f"{summary(backup)}. The link is yours alone, works once until {until}, and can be resumed."
    commands = f"echo '{backup.archive_sha256}  {name}' | sha256sum -c && tar --zstd -xf {name}"
    return [
        section(told, {**link, "style": "primary"}),
        section(f"*SHA-256* {code(backup.archive_sha256)}\nCheck and unpack without Safehold, into {code(folder)}:"),
        section(f"```{escape(commands)}```"),
    ]


def taken(who: Person, backup: Backup) -> str:
    """Return what the backup's thread says of a completed download."""
    return f"Downloaded by {person(who)} ({size(backup.size)})."


def verifying(backup: Backup) -> list[Json]:
    """Return the answer to a request to verify."""
    return [
        section(f"Verifying {summary(backup)}. Its row and its message show how far it is."),
        context(code(backup.id)),
    ]


def extended(instance: Instance) -> list[Json]:
    """Return the answer to Extend."""
    return [section(f"{code(instance.name)} now lives until {when(instance.lease_ends_at)}.")]


def usage() -> list[Json]:
    """Return what can be typed."""
    lines = [f"`/backups {escape(form)}`   {says}" for form, says in USAGE.values()]
    return [section("\n".join(lines)), context("Ids can be shortened to any unique beginning.")]


def choose_source(names: Sequence[str], chosen: str = "") -> Json:
    """Return the modal that asks which source to back up."""
    options = [option(name, name) for name in names[:100]]
    picked = next((one for one in options if one["value"] == chosen), options[0])
    source = asks(Block.SOURCE, "Source", menu(Action.SOURCE, "Source", options, picked))
    note = asks(Block.NOTE, "Note", line_input(Action.NOTE, "Why now? (optional)"), optional=True)
    return modal(View.BACK_UP, "Back up now", [source, note], submit="Back up now")


def loading(title: str) -> Json:
    """Return the modal that stands while its content is looked up: a trigger lives three seconds."""
    return modal(View.LOADING, title, [section("One moment…")])


def notice(title: str, blocks: list[Json]) -> Json:
    """Return an answer as a modal, for where no message can be shown."""
    return modal(View.NOTICE, title, blocks)
