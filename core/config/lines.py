"""Finds the line on which a table or a key of a TOML text stands, which tomllib doesn't tell."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

Place = tuple[str, ...]

_KEY = re.compile(r'[ \t]*(?:([A-Za-z0-9_-]+)|"((?:[^"\\\n]|\\.)*)"|\'([^\'\n]*)\')[ \t]*')
_VALUE = re.compile(
    r'"""(?:[^\\]|\\.)*?"""+|\'\'\'.*?\'\'\'+|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|\#[^\n]*|[\[{]|[\]}]|\n|[^"\'#\[\]{}\n]+|.',
    re.DOTALL,
)


@dataclass(slots=True)
class Lines:
    """The first line of each table and key, by its place ("sources", "gods", "prove")."""

    known: dict[Place, int] = field(default_factory=dict)

    def of(self, place: Place) -> int:
        """Return the line of a place, or of the nearest thing that it is in; 1 for the whole."""
        for length in range(len(place), 0, -1):
            if place[:length] in self.known:
                return self.known[place[:length]]
        return 1


def locate(text: str) -> Lines:
    """Return the lines of a text that tomllib has accepted; of any other text whatever is found."""
    lines = Lines()
    text = text.replace("\r\n", "\n")
    table: Place = ()
    position, line = 0, 1
    for start, header, place in _statements(text):
        line += text.count("\n", position, start)
        position = start
        whole = place if header else (*table, *place)
        table = place if header else table
        for length in range(1, len(whole) + 1):
            lines.known.setdefault(whole[:length], line)
    return lines


def _statements(text: str) -> Iterator[tuple[int, bool, Place]]:
    """Yield where each table header (True) and each key (False) begins, with its place as written."""
    position = 0
    while position < len(text):
        if text[position] in " \t\n":
            position += 1
            continue
        start = position
        header = text[position] == "["
        if header:
            position += 2 if text.startswith("[[", position) else 1
        place, position = _keys(text, position)
        if place:
            yield start, header, place
        position = _end(text, position)


def _keys(text: str, position: int) -> tuple[Place, int]:
    """Read a dotted key; return its parts and where it ends."""
    parts: list[str] = []
    while match := _KEY.match(text, position):
        parts.append(next(part for part in match.groups() if part is not None))
        position = match.end()
        if not text.startswith(".", position):
            break
        position += 1
    return tuple(parts), position


def _end(text: str, position: int) -> int:
    """Return where the statement ends: the first line break outside of strings and brackets."""
    depth = 0
    for match in _VALUE.finditer(text, position):
        part = match[0]
        if part == "\n" and depth <= 0:
            return match.end()
        depth += part in "[{"
        depth -= part in "]}"
    return len(text)
