"""Scopes, events and texts out of an app manifest, read line by line: all that is needed of its YAML."""

from pathlib import Path


def read_list(path: Path, key: str) -> frozenset[str]:
    """Return the items of the first list under a key such as bot or bot_events. Raises OSError."""
    items: set[str] = set()
    depth = -1
    for line in path.read_text(encoding="utf-8").splitlines():
        bare = line.split("#", 1)[0].rstrip()
        indent, word = len(bare) - len(bare.lstrip()), bare.strip()
        if depth < 0:
            depth = indent if word == f"{key}:" else -1
        elif word.startswith("- ") and indent >= depth:
            items.add(word[2:].strip().strip("'\""))
        elif word:
            break
    return frozenset(items)


def read_value(path: Path, key: str) -> str:
    """Return the first value under a key such as usage_hint, or nothing. Raises OSError."""
    for line in path.read_text(encoding="utf-8").splitlines():
        name, _, value = line.strip().removeprefix("- ").partition(": ")
        if name == key:
            return value.strip().strip("'\"")
    return ""
