"""Reads one table of the configuration by its options, and collects what is wrong with it."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.config.keys import TABLES
from core.config.kinds import Concealed, Wrong, convert, shown
from core.config.lines import Lines, Place
from core.model.options import Option

_SECRET_KEY = re.compile(r"(?:^|[_-])(?:tokens?|secrets?|passwords?|passwd|credentials?|api_?keys?)$", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"x(?:ox[a-z]|app)-\S*", re.IGNORECASE)


@dataclass(slots=True)
class Reading:
    """One reading of one file: where it stands, and the faults found so far."""

    path: Path
    lines: Lines
    faults: list[tuple[int, str]] = field(default_factory=list)

    def fault(self, place: Place, says: str) -> None:
        """Add a fault; `says` goes on after the place's name ("is 3. Write …")."""
        self.add(place, f"{name_of(place)} {says}")

    def add(self, place: Place, text: str) -> None:
        """Add a fault in whole sentences; what looks like a Slack token is never repeated."""
        line = self.lines.of(place)
        safe = _SECRET_VALUE.sub("…", text)
        self.faults.append((line, f"{self.path.name} line {line}: {safe}"))

    def report(self) -> tuple[str, ...]:
        """Return the faults in the order of the file's lines."""
        return tuple(dict.fromkeys(text for _, text in sorted(self.faults, key=lambda fault: fault[0])))


def name_of(place: Place) -> str:
    """Return a place as it is written in TOML, shortened and on one line."""
    return ".".join(part if re.fullmatch(r"[A-Za-z0-9_-]{1,60}", part) else shown(part) for part in place)


def near(name: str, known: Iterable[str]) -> str:
    """Return "Did you mean …?", or the known names, or nothing where there are none."""
    names = sorted(known)
    close = difflib.get_close_matches(name[:100], names, n=1)
    if close:
        return f"Did you mean {close[0]}?"
    return f"Use {either(names)}." if names else ""


def either(names: Iterable[str]) -> str:
    """Return "a, b or c"."""
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else str(last)


def find_secrets(reading: Reading, value: object, place: Place = ()) -> Iterator[Place]:
    """Report each secret in the file, without its value, and yield its place."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield from find_secrets(reading, below, (*place, key))
        return
    named = bool(place) and _SECRET_KEY.search(place[-1]) is not None
    if named or _holds_secret(value):
        reading.fault(
            place,
            "holds a secret, and other people read this file. Take it out, replace it where it was made, and "
            "put the new one into the environment (those of Slack are SLACK_BOT_TOKEN and SLACK_APP_TOKEN).",
        )
        yield place


def _holds_secret(value: object) -> bool:
    if isinstance(value, (list, dict)):
        return any(_holds_secret(entry) for entry in (value.values() if isinstance(value, dict) else value))
    if not isinstance(value, str):
        return False
    try:
        password = urlsplit(value).password
    except ValueError:
        password = None
    return bool(password) or _SECRET_VALUE.match(value.strip()) is not None


def table_in(reading: Reading, value: object, place: Place) -> dict[str, Any]:
    """Return a table, empty where it is missing or something else."""
    if value is None or isinstance(value, dict):
        return value or {}
    reading.fault(place, f"is {shown(value)}. Write it as a table: [{name_of(place)}]")
    return {}


def read_options(
    reading: Reading, table: Mapping[str, Any], place: Place, options: Iterable[Option], ignored: frozenset[Place]
) -> dict[str, Any]:
    """Return the options of a table by name, typed, with defaults; those that are wrong have their default.

    `ignored` are places whose faults are known already.
    """
    known = {option.name: option for option in options}
    for key in (key for key in table if key not in known):
        # Above all tables, those are known too; who calls takes them out.
        names = known if place else [*known, *TABLES]
        if (*place, key) not in ignored:
            reading.fault((*place, key), f"is not known. {near(key, names)}".strip())
    return {name: _read(reading, table, (*place, name), option, ignored) for name, option in known.items()}


def _read(reading: Reading, table: Mapping[str, Any], place: Place, option: Option, ignored: frozenset[Place]) -> Any:
    value = table.get(option.name)
    if place in ignored:
        return option.default
    if value is None or (value in ("", []) and not option.required):
        # An empty list of people means nobody; an empty text means what a missing one means.
        if value == [] and option.kind == "list":
            return ()
        if option.required:
            reading.fault(place[:-1], f"lacks {option.name}: {option.says} Add {_example(option)}.")
        return option.default
    if value in ("", []):
        reading.fault(place, f"is empty: {option.says} Write {_example(option)}.")
        return option.default
    try:
        return convert(option.kind, value, reading.path.parent)
    except Wrong as wrong:
        reading.fault(place, str(wrong) if isinstance(wrong, Concealed) else f"is {shown(value)}. {wrong}")
        return option.default


def _example(option: Option) -> str:
    examples = {
        "path": '"/path/to/it"',
        "url": '"http://127.0.0.1:8182"',
        "duration": '"24h"',
        "size": '"768m"',
        "integer": "1",
        "flag": "true",
        "list": '["…"]',
        "program": '["/path/to/program"]',
        "ports": '"18400-18499"',
    }
    return f"{option.name} = {examples.get(option.kind, chr(34) + '…' + chr(34))}"
