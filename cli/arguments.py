"""Reads the arguments that are more than text."""

from pathlib import Path

from core.config.kinds import Wrong, convert
from core.errors import UsageError

MOST_ROWS = 1000
MOST_DIGITS = 15


def duration(text: str) -> int:
    """Return seconds for "90s", "15m", "4h", "2d".

    Raises:
        UsageError: it is none of these.

    """
    try:
        seconds: int = convert("duration", text, Path())
    except Wrong as wrong:
        raise UsageError(f'"{text[:40]}" is not a duration.', hint="Write one like 90m, 4h or 2d.") from wrong
    return seconds


def rows(text: str) -> int:
    """Return how many rows are wanted, 1 to 1000.

    Raises:
        UsageError: it is no such number.

    """
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 0  # noqa: PLR2004 - enough digits
    if not 1 <= number <= MOST_ROWS:
        raise UsageError(f'"{text[:40]}" is not a number of rows.', hint=f"Write one from 1 to {MOST_ROWS}.")
    return number


def number(text: str) -> int:
    """Return a whole number from 0.

    Raises:
        UsageError: it is none.

    """
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise UsageError(f'"{text[:40]}" is not a number.', hint="Write one from 0.")
    return int(text)


def port(text: str) -> int:
    """Return a TCP port.

    Raises:
        UsageError: it is none.

    """
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else 0  # noqa: PLR2004 - enough digits
    if not 1 <= number <= 65_535:  # noqa: PLR2004 - the highest port there is
        raise UsageError(f'"{text[:40]}" is not a port.', hint="Write one from 1 to 65535, for example 8090.")
    return number
