"""Short answers to one person: what was started, what went wrong, a link, help."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.blocks.backup import summary
from bot.blocks.parts import OPTIONS, Json, asks, context, line_input, menu, modal, option, plain, section
from bot.blocks.text import clock_time, code, cut, escape, holders, person, size, when
from bot.ids import Action, Block, View
from bot.parse import USAGE
from core.errors import SafeholdError
from core.model import naming
from core.model.backup import Backup
from core.model.instance import Instance
from core.model.person import Person
from core.model.restore import Restore, RestoreState
from core.services.download_backup import Offer

SAYING = 2_500
TROUBLE = "trouble"


@dataclass(frozen=True, slots=True)
class Answer:
    """What becomes of a submitted modal, and what its reader is written where it has been closed meanwhile."""

    view: Json
    blocks: list[Json]
    text: str


def said(text: str) -> list[Json]:
    """Return markup as an answer."""
    return [section(text)]


def refusal(error: SafeholdError, who_may: str = "", said: str = "") -> list[Json]:
    """Return what an error says, and the next step. `who_may`: mentions of those who have the right, markup.

    `said`: markup to say instead.
    """
    allowed = f" Those who may: {who_may}." if who_may else ""
    return [section((said or escape(cut(f"{error.message} {error.hint}".strip(), SAYING))) + allowed)]


def broken(reference: str) -> list[Json]:
    """Return what is said of a fault of our own."""
    return [section(f"Something broke on my side. Quote ref {code(reference)} to whoever runs Safehold.")]


def initiated(backup: Backup, who: Person, *, joined: bool, note: str = "") -> list[Json]:
    """Return the answer to a request for a backup. `note` is what the person wrote: one that is joined has its own."""
    if joined:
        text = f"A backup of {code(backup.source)} by {person(backup.requested_by)} is under way: you joined it."
        lost = " Your note was not kept: the backup has that of who began it." if note.strip() else ""
        return [section(text + lost)]
    return [section(f"Backup of {code(backup.source)} initiated by {person(who)}"), context(code(backup.id))]


def download(offer: Offer, url: str) -> list[Json]:
    """Return the link, for the requester alone, with how to check and unpack what it gives."""
    backup = offer.backup
    name, until = backup.archive_name, clock_time(offer.download.expires_at)
    folder = naming.archive_folder(backup.source, backup.id)
    link = {"type": "button", "action_id": Action.OPEN_LINK, "text": plain("Download", 75), "url": url}
    told = f"{summary(backup)}. The link is yours alone and works once, until {until}; it can be resumed."
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
    return [
        section("\n".join(lines)),
        context("Of an id its end is enough, such as `7f3a1c`, or any unique beginning."),
    ]


def choose_source(names: Sequence[str], chosen: str = "") -> Json:
    """Return the modal that asks which source to back up."""
    if not names:
        return notice("Back up now", [section("No source is configured. Add one to `safehold.toml`.")])
    options = [option(name, name) for name in names[:OPTIONS]]
    picked = next((one for one in options if one["value"] == chosen), options[0])
    source = asks(Block.SOURCE, "Source", menu(Action.SOURCE, "Source", options, picked))
    note = asks(Block.NOTE, "Note", line_input(Action.NOTE, "Why now? (optional)"), optional=True)
    return modal(View.BACK_UP, "Back up now", [source, note, *_unlisted(names)], submit="Back up now")


def _unlisted(names: Sequence[str]) -> list[Json]:
    if len(names) <= OPTIONS:
        return []
    return [context(f"{OPTIONS} of {len(names)} sources are shown. For another type `/backups now` and its name.")]


def begun(blocks: list[Json], title: str = "Back up now") -> Answer:
    """Return the answer to the modal that asked for a backup."""
    return Answer(notice(title, blocks), blocks, title)


def asked(restore: Restore, approvers: Sequence[str], channel: str) -> Answer:
    """Return the answer to the modal that asked for a restore: what happens next."""
    name = f"the restore of {code(restore.plan.source)} into {code(restore.plan.instance)}"
    told = f"Its message in {escape(channel)} shows how it goes, and you are mentioned there when it has ended."
    if restore.state is RestoreState.WAITING:
        title = "Restore asked for"
        needed, until = restore.approvals_needed, when(restore.expires_at)
        can = "can approve" if needed == 1 else f"can approve, and {needed} have to,"
        who = f"{holders(approvers)} {can} it until {until}."
        text = f"You asked for {name}. {who} Nothing happens before that. {told}"
    else:
        title, text = "Restore initiated", f"Restore initiated: {name}. {told}"
    return Answer(notice(title, [section(text)]), [section(text)], title)


def denied(restore: Restore) -> Answer:
    """Return the answer to the modal that asked why a restore is turned down."""
    text = f"Denied: the restore of {code(restore.plan.source)} that {person(restore.requested_by)} asked for."
    blocks = [section(f"{text} They are told, with your reason.")]
    return Answer(notice("Denied", blocks), blocks, "Denied")


def sent_before() -> Answer:
    """Return the answer to a modal that was submitted before a restart: what became of it stands elsewhere."""
    blocks = [section("This was sent before. The message in the channel shows what became of it.")]
    return Answer(notice("Safehold", blocks), blocks, "Safehold")


def asked_again(view: Json, blocks: list[Json]) -> Json:
    """Return a submitted modal with what went wrong on top and what was typed still in it."""
    state = view.get("state", {}).get("values", {})
    kept = [_filled(block, state) for block in view.get("blocks", ()) if block.get("block_id") != TROUBLE]
    trouble = [{**blocks[0], "block_id": TROUBLE}, *blocks[1:]]
    about = {
        name: view[name]
        for name in ("type", "callback_id", "title", "submit", "close", "private_metadata")
        if view.get(name) is not None
    }
    return {**about, "blocks": [*trouble, *kept]}


def _filled(block: Json, state: Json) -> Json:
    element = block.get("element")
    if not element:
        return block
    typed = state.get(block["block_id"], {}).get(element["action_id"], {})
    chosen = (typed.get("selected_option") or {}).get("value")
    picked = next((one for one in element.get("options", ()) if one["value"] == chosen), None)
    if picked is not None:
        return {**block, "element": {**element, "initial_option": picked}}
    return {**block, "element": {**element, "initial_value": typed["value"]}} if typed.get("value") else block


def loading(title: str) -> Json:
    """Return the modal that stands while its content is looked up: a trigger lives three seconds."""
    return modal(View.LOADING, title, [section("One moment…")])


def notice(title: str, blocks: list[Json]) -> Json:
    """Return an answer as a modal, for where no message can be shown."""
    return modal(View.NOTICE, title, blocks)
