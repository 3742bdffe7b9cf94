"""How a value that somebody wrote is shown in a message to people."""

import json

_SHOWN = 60
_DAY = 86_400


def shown(value: object) -> str:
    """Return a value as people may see it in a fault: quoted, on one line, not too long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    # JSON lets a few control characters through that would break a line in a terminal or in Slack.
    text = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def ordinal(number: int) -> str:
    """Return 1st, 2nd, 3rd, 4th, 11th and so on."""
    ending = "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def short(seconds: int) -> str:
    """Return a duration in its largest whole unit: "90s", "15m", "24h", "7d"; a day is 24h."""
    if seconds > _DAY and seconds % _DAY == 0:
        return f"{seconds // _DAY}d"
    for size, unit in ((3600, "h"), (60, "m")):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def size(count: int) -> str:
    """Return bytes in decimal units, as archives are downloaded: "28.9 MB"."""
    amount = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000:  # noqa: PLR2004 - decimal units
            return f"{count} bytes" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def part(done: int, total: int) -> str:
    """Return how many bytes of all there are, the unit once where it is the same: "12.1 of 28.9 MB"."""
    unit = size(total).partition(" ")[2]
    return f"{size(done).removesuffix(f' {unit}')} of {size(total)}"
