"""Hides what variables hold in what people read."""

import re
from collections.abc import Mapping

SHORTEST_SECRET = 4
"""Shorter values stand in texts by chance, such as 1 in a port."""


def masked(text: str, values: Mapping[str, str]) -> str:
    """Return a text without the values of these variables, by their names, nor the lines that they consist of."""
    names: dict[str, str] = {}
    for name, value in values.items():
        names |= {part: name for part in (value, *value.splitlines()) if len(part) >= SHORTEST_SECRET}
    if not names:
        return text
    # In one pass, the longest first: one value may be a part of another, and of what stands for it.
    pattern = "|".join(re.escape(value) for value in sorted(names, key=len, reverse=True))
    return re.sub(pattern, lambda found: f"${names[found[0]]}", text)
