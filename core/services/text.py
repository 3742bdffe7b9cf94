"""What people may write into notes and reasons."""

import unicodedata

from core.errors import UsageError

LIMIT = 200


def checked_text(text: str, what: str, *, required: bool = False) -> str:
    """Return the text trimmed, or say what is wrong with it.

    Control characters and line breaks are refused, since the text stands in one line of a list, a log and a
    manifest. Markup is not: each door escapes what it shows.

    Raises:
        UsageError: too long, empty though required, or with characters that can't stand in a line.

    """
    trimmed = text.strip()
    if required and not trimmed:
        raise UsageError(f"A {what} is needed.", hint=f"Say in a few words why, at most {LIMIT} characters.")
    if len(trimmed) > LIMIT:
        raise UsageError(
            f"The {what} has {len(trimmed)} characters, at most {LIMIT} fit.", hint="Shorten it and ask again."
        )
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in trimmed):
        raise UsageError(
            f"The {what} holds a line break or a control character.", hint="Write it in one line and ask again."
        )
    return trimmed
