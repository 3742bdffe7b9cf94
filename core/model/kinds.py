"""What a value read from a file must be; whoever reads it turns a refusal into what is wrong with the file.

Each raises TypeError where it is of another kind, ValueError where it is out of range.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

LARGEST = (1 << 63) - 1
"""What a column of the catalog can hold."""


def text(value: object) -> str:
    """Return a text."""
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def size(value: object) -> int:
    """Return a count or bytes: whole, not negative, and no more than a column can hold."""
    if type(value) is not int:
        raise TypeError(value)
    if not 0 <= value <= LARGEST:
        raise ValueError(value)
    return value


def number(value: object) -> float:
    """Return a number that a column can hold."""
    if type(value) is float:
        return value
    if type(value) is not int:
        raise TypeError(value)
    size(abs(value))
    return value


def mapping(value: object) -> Mapping[str, Any]:
    """Return an object of JSON."""
    if not isinstance(value, dict):
        raise TypeError(value)
    return value


def texts(value: object) -> tuple[str, ...]:
    """Return a list of texts."""
    if not isinstance(value, list):
        raise TypeError(value)
    return tuple(text(each) for each in value)


def moment(value: object) -> datetime:
    """Return a time with its zone, such that UTC can say it as well."""
    read = datetime.fromisoformat(text(value))
    if read.tzinfo is None:
        raise ValueError(value)
    try:
        read.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(value) from error
    return read


def optional_moment(value: object) -> datetime | None:
    """Return a time with its zone, None where there is none."""
    return None if value is None else moment(value)
