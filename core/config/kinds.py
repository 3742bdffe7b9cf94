"""How each kind of option is written: text or number in, value out."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.model.options import Kind
from core.model.quoting import shown

__all__ = ["HIGHEST_PORT", "Concealed", "Wrong", "convert", "shown"]

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_BYTES = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_DURATION = re.compile(r"([0-9]{1,9})([smhd])")
_SIZE = re.compile(r"([0-9]{1,9})([kmgt])b?", re.IGNORECASE)
_PORTS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
_SCHEMES = {"http", "https", "ws", "wss"}
_LONGEST_DURATION = 3650 * 86_400
_LONGEST_TEXT = 1000
HIGHEST_PORT = 65_535


class Wrong(ValueError):
    """A value is not what its kind asks for; the text says what to write instead."""


class Concealed(Wrong):
    """A value that no message may repeat; the text goes on after the place's name."""


def convert(kind: Kind, value: object, base: Path) -> Any:
    """Return the value of an option of that kind; relative paths are resolved against `base`.

    Raises:
        Wrong: it can't be; says what to write instead.

    """
    if kind == "path":
        return _path(_text(value), base)
    if kind == "program":
        program, *arguments = _list(value)
        return (str(_path(program, base)) if "/" in program else program, *arguments)
    return _CONVERT[kind](value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Wrong("Write a text in quotes.")
    if not value.isprintable():
        raise Wrong("Use printable characters only.")
    if len(value) > _LONGEST_TEXT:
        raise Wrong(f"Use at most {_LONGEST_TEXT} characters.")
    return value


def _path(text: str, base: Path) -> Path:
    try:
        expanded = Path(text).expanduser()
    except RuntimeError:
        raise Wrong("Write the path in full: the home directory that ~ stands for is not known.") from None
    return Path(os.path.normpath(base / expanded))


def _url(value: object) -> str:
    text = _text(value)
    example = 'Write one like "http://127.0.0.1:8182".'
    if "@" in text:
        # Anywhere: a password with a slash or a # in it ends where no parser expects it to.
        raise Concealed(f"holds a login, and other people read this file. Take it out. {example}")
    try:
        parts = urlsplit(text)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        raise Wrong(example) from None
    if parts.scheme not in _SCHEMES or not parts.hostname or not port_fits or " " in text:
        raise Wrong(example)
    return text


def _duration(value: object) -> int:
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Wrong('Write a duration like "90s", "15m", "24h" or "7d".')
    seconds = int(match[1]) * _SECONDS[match[2]]
    if not 0 < seconds <= _LONGEST_DURATION:
        raise Wrong('Write a duration between "1s" and "3650d".')
    return seconds


def _size(value: object) -> int:
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match[1]) == 0:
        raise Wrong('Write a size like "768m" or "2g".')
    return int(match[1]) * _BYTES[match[2].lower()]


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Wrong("Write a whole number without quotes.")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise Wrong("Write true or false, without quotes.")
    return value


def _list(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(entry, str) and entry for entry in value):
        raise Wrong('Write a list of texts like ["one", "two"].')
    return tuple(_text(entry) for entry in value)


def _ports(value: object) -> range:
    match = _PORTS.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Wrong('Write a range of ports like "18400-18499".')
    first, last = int(match[1]), int(match[2] or match[1])
    if not 1 <= first <= last <= HIGHEST_PORT:
        raise Wrong(f"Write the lower port first, both between 1 and {HIGHEST_PORT}.")
    return range(first, last + 1)


_CONVERT: Mapping[Kind, Callable[[object], Any]] = {
    "url": _url,
    "text": _text,
    "duration": _duration,
    "size": _size,
    "integer": _integer,
    "flag": _flag,
    "list": _list,
    "ports": _ports,
    "rule": lambda value: value,
    "table": lambda value: value,
}
