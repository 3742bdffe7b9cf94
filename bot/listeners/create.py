"""Back up now, from a list, the dashboard, a failed backup or the command; verify; stop what runs."""

from datetime import timedelta

from bot.blocks import answers
from bot.blocks.answers import Answer
from bot.blocks.listing import ListPlace
from bot.blocks.text import code, person
from bot.call import Call
from bot.guard import Guard
from bot.ids import Action, Block, View
from bot.listeners.browse import only_source, redraw
from bot.parse import Request
from bot.submissions import Form
from core.errors import NotAllowed, UnknownName, UsageError
from core.services.access import Verb
from core.services.create_backup import Initiated
from core.services.text import checked_text

DOUBLE_CLICK = timedelta(seconds=2)


def register(guard: Guard) -> None:
    """Register what begins, checks and stops backups."""
    guard.action(Action.BACK_UP_NOW, back_up_now, Verb.BACKUP, once=True)
    guard.action(Action.RETRY, retry, Verb.BACKUP, once=True)
    guard.action(Action.VERIFY, lambda call: verify(call, call.value), Verb.VERIFY, once=True)
    guard.action(Action.CANCEL, lambda call: cancel(call, call.value), Verb.CANCEL, once=True)
    guard.view(View.BACK_UP, Form(submitted, {Block.NOTE: check}, Verb.BACKUP))


def back_up_now(call: Call) -> None:
    """Back the list's source up; where it shows several, ask which."""
    source = call.value or only_source(call)
    if not source:
        call.open(answers.choose_source(tuple(call.core.config.sources)))
        return
    begun = _double_click(call, source) or begin(call, source)
    if call.from_list:
        redraw(call, ListPlace(source=source), _news(call, begun))
    elif call.body.get("response_url"):
        _say(call, begun)
    # The dashboard answers by itself: it is drawn again with the pending backup.


def retry(call: Call) -> None:
    """Back the same source up again, with the same note."""
    backup = call.core.find_backup(call.value)
    _say(call, begin(call, backup.source, backup.note), backup.note)


def now(call: Call, request: Request) -> None:
    """Answer /backups now.

    Raises:
        UsageError: there are several sources and none was named.

    """
    source = request.subject or only_source(call)
    if not source:
        first = next(iter(call.core.config.sources), "gods")
        raise UsageError("Which source shall I back up?", hint=f"For example: /backups now {first}")
    _say(call, begin(call, source, request.text), request.text)


def check(call: Call) -> None:
    """Look at the note.

    Raises:
        UsageError: it can't be shown.

    """
    checked_text(call.typed(Block.NOTE, Action.NOTE), "note")


def submitted(call: Call) -> Answer:
    """Take the source and the note from the modal."""
    note = call.typed(Block.NOTE, Action.NOTE)
    begun = begin(call, call.typed(Block.SOURCE, Action.SOURCE), note)
    return answers.begun(answers.initiated(begun.backup, call.person, joined=begun.joined, note=note))


def begin(call: Call, source: str, note: str = "") -> Initiated:
    """Begin a backup, or join the one that runs."""
    begun = call.core.create_backup(source, call.person, note)
    call.desk.board.wake()
    return begun


def verify(call: Call, reference: str) -> None:
    """Check a backup again."""
    call.say(answers.verifying(call.core.verify_backup(reference, call.person)))
    call.desk.board.wake()


def cancel(call: Call, reference: str) -> None:
    """Stop a backup or a restore."""
    try:
        call.core.cancel_run(reference, call.person)
    except NotAllowed:
        call.right = _right_to_cancel(call, reference)
        raise
    call.desk.board.wake()
    call.say(answers.said(f"{code(reference)} was asked to stop. Its message says when it has."))


def _right_to_cancel(call: Call, reference: str) -> Verb:
    """Return what cancelling something of somebody else needs: a restore is stopped by those who could deny it."""
    try:
        call.core.find_backup(reference)
    except UnknownName:
        return Verb.APPROVE
    return Verb.CANCEL


def _double_click(call: Call, source: str) -> Initiated | None:
    """Return the backup that the first half of a double click began, though it is done already."""
    newest = call.core.catalog.backups.newest(source)
    if newest is None or newest.requested_by.id != call.person.id or newest.state.open:
        return None
    recent = call.core.clock.now() - newest.requested_at < DOUBLE_CLICK
    return Initiated(newest, joined=False) if recent else None


def _say(call: Call, begun: Initiated, note: str = "") -> None:
    call.say(answers.initiated(begun.backup, call.person, joined=begun.joined, note=note))


def _news(call: Call, begun: Initiated) -> str:
    if begun.joined:
        return f"A backup by {person(begun.backup.requested_by)} is under way: you joined it."
    return f"Backup of {code(begun.backup.source)} initiated by {person(call.person)}"
