"""Reads what was typed after /backups. Pure."""

import difflib
import re
from dataclasses import dataclass
from enum import StrEnum

from core.errors import UsageError

DURATION = re.compile(r"(\d{1,6})\s*(s|m|h|d)")
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
QUOTES = {'"': '"', "“": "”", "'": "'", "„": "“", "«": "»"}
"""Phones turn straight quotes into curly ones."""


class Verb(StrEnum):
    """What can be asked for."""

    LIST = "list"
    NOW = "now"
    SHOW = "show"
    DOWNLOAD = "download"
    RESTORE = "restore"
    VERIFY = "verify"
    WHY = "why"
    KEEP = "keep"
    RELEASE = "release"
    POLICY = "policy"
    SCHEDULE = "schedule"
    LET_GO = "let-go"
    FREEZE = "freeze"
    THAW = "thaw"
    APPROVE = "approve"
    DENY = "deny"
    INSTANCES = "instances"
    EXTEND = "extend"
    DESTROY = "destroy"
    CANCEL = "cancel"
    HELP = "help"


USAGE = {
    Verb.LIST: ("list [source]", "backups, newest first"),
    Verb.NOW: ("now [source] [note]", "back up at once"),
    Verb.SHOW: ("show <id>", "one backup in detail"),
    Verb.DOWNLOAD: ("download <id>", "a link of your own to the archive"),
    Verb.RESTORE: ("restore <id>", "ask for a new instance made from it"),
    Verb.VERIFY: ("verify <id>", "read its bytes again and prove it again"),
    Verb.WHY: ("why <id>", "why it is kept, and when it would go"),
    Verb.KEEP: ("keep <id>", "hold it, until a day or without end"),
    Verb.RELEASE: ("release <id>", "take the hold away"),
    Verb.POLICY: ("policy [source]", "what is kept, and what goes next"),
    Verb.SCHEDULE: ("schedule [source]", "when backups are taken, to look at and to change"),
    Verb.LET_GO: ("let-go [source]", "say yes to what retention holds back"),
    Verb.FREEZE: ("freeze <until> <reason>", "delete nothing of any source until then"),
    Verb.THAW: ("thaw", "end the freeze"),
    Verb.APPROVE: ("approve <restore id>", "let a restore begin"),
    Verb.DENY: ("deny <restore id> [reason]", "turn a restore down"),
    Verb.INSTANCES: ("instances", "what restores have made"),
    Verb.EXTEND: ("extend <instance> [4h]", "let an instance live longer"),
    Verb.DESTROY: ("destroy <instance>", "remove an instance and all it made"),
    Verb.CANCEL: ("cancel <id>", "stop a backup or a restore"),
    Verb.HELP: ("help", "this"),
}
EXAMPLES = {
    Verb.LIST: "list gods",
    Verb.NOW: 'now gods "before the migration"',
    Verb.SHOW: "show 7f3a",
    Verb.DOWNLOAD: "download 7f3a",
    Verb.RESTORE: "restore 7f3a",
    Verb.VERIFY: "verify 7f3a",
    Verb.WHY: "why 7f3a",
    Verb.KEEP: "keep 7f3a",
    Verb.RELEASE: "release 7f3a",
    Verb.POLICY: "policy gods",
    Verb.SCHEDULE: "schedule gods",
    Verb.LET_GO: "let-go gods",
    Verb.FREEZE: 'freeze 7d "rows are missing, we are looking"',
    Verb.APPROVE: "approve r-5d0c",
    Verb.DENY: 'deny r-5d0c "use staging"',
    Verb.EXTEND: "extend janusgraph-restore-20261123T051422Z 4h",
    Verb.DESTROY: "destroy janusgraph-restore-20261123T051422Z",
    Verb.CANCEL: "cancel 7f3a",
}
NEEDS_ONE = frozenset(EXAMPLES) - {Verb.LIST, Verb.NOW, Verb.POLICY, Verb.SCHEDULE, Verb.LET_GO, Verb.FREEZE}
TAKES_TEXT = frozenset({Verb.NOW, Verb.DENY, Verb.FREEZE})
TAKES_NOTHING = frozenset({Verb.INSTANCES, Verb.THAW})
CLOCK = re.compile(r"\d{1,2}:\d{2}")


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked for. `subject` is a source, an id, an instance or a time; `text` a note or a reason."""

    verb: Verb
    subject: str = ""
    text: str = ""
    seconds: int | None = None


def parse(typed: str) -> Request:
    """Return the request; nothing typed means the list.

    Raises:
        UsageError: an unknown verb, a missing id, too many words, a bad duration; each with a right example.

    """
    word, rest = _first(_as_typed(typed).strip())
    if not word:
        return Request(Verb.LIST)
    verb = _verb(word)
    subject, rest = _subject(verb, rest)
    if verb in NEEDS_ONE and not subject:
        raise UsageError(f"Which one shall I {verb}?", hint=f"For example: {_example(verb)}")
    if verb is Verb.FREEZE and CLOCK.fullmatch(_first(rest)[0]):
        at, rest = _first(rest)
        subject = f"{subject} {at}"
    if verb in TAKES_TEXT:
        return Request(verb, subject, _unquoted(rest))
    if verb is Verb.EXTEND and rest:
        return Request(verb, subject, seconds=duration(rest))
    if rest or (subject and verb in TAKES_NOTHING):
        raise UsageError(f"That is more than {verb} takes.", hint=f"For example: {_example(verb)}")
    return Request(verb, subject)


def duration(text: str) -> int:
    """Return the seconds in "90s", "15m", "24h" or "7d".

    Raises:
        UsageError: it is none of these.

    """
    found = DURATION.fullmatch(text.strip().lower())
    if found is None:
        raise UsageError(f"I can't read {_shown(text)} as a duration.", hint="Say for example 30m, 4h or 2d.")
    return int(found[1]) * SECONDS[found[2]]


def _as_typed(text: str) -> str:
    """Undo what Slack does to the three characters that its markup begins with, the ampersand last."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _first(text: str) -> tuple[str, str]:
    word, _, rest = text.partition(" ")
    return word, rest.strip()


def _subject(verb: Verb, rest: str) -> tuple[str, str]:
    """Split the source or the id off; a text in quotes is never one."""
    if verb is Verb.HELP or (verb is Verb.NOW and rest[:1] in QUOTES):
        return "", "" if verb is Verb.HELP else rest
    subject, rest = _first(rest)
    return subject.strip("`*_<>"), rest


def _verb(word: str) -> Verb:
    lowered = word.lower()
    if lowered in set(Verb):
        return Verb(lowered)
    near = difflib.get_close_matches(lowered, [verb.value for verb in Verb], n=1, cutoff=0.5)
    if near:
        raise UsageError(f"I don't know {_shown(word)}. Did you mean {near[0]}?", hint=_example(Verb(near[0])))
    raise UsageError(f"I don't know {_shown(word)}.", hint="For example: /backups list gods. All verbs: /backups help")


def _example(verb: Verb) -> str:
    return f"/backups {EXAMPLES.get(verb, verb.value)}"


def _unquoted(text: str) -> str:
    closing = QUOTES.get(text[:1])
    if closing is not None and len(text) > 1 and text.endswith((closing, text[0])):
        return text[1:-1].strip()
    return text


def _shown(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."  # noqa: PLR2004 - what reads well in one line
