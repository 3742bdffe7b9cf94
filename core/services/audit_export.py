"""The audit record as JSON lines, which can be kept elsewhere and checked without Safehold."""

import json
from collections.abc import Iterator
from typing import Any

from core.catalog.audit import Audit
from core.errors import UnknownName


def export_lines(audit: Audit, after: int = 0) -> Iterator[str]:
    """Yield lines: after which entry it begins and that one's hash; each entry as it is stored; where the record ends.

    An entry's hash is the SHA-256, hex, of the hash before it, a newline, and its own line's JSON without the member
    `hash`: keys sorted, no spaces, UTF-8. Times, persons and details are texts in there, as they were sealed.
    What is written while this goes on is left for the next one.

    Raises:
        UnknownName: the record has no entry of that number.

    """
    head = audit.head()
    try:
        begin = audit.sealed_at(after)
    except KeyError:
        raise UnknownName(
            f"The audit record has no entry {after}.", hint=f"Its newest one is {head.seq}. Give a lower number."
        ) from None
    return _lines(audit, after, begin, head.seq, head.hash)


def _lines(audit: Audit, after: int, begin: str, newest: int, newest_hash: str) -> Iterator[str]:
    yield _line({"after": {"seq": after, "hash": begin}})
    for row in audit.stored(after, newest):
        yield _line(row)
    yield _line({"head": {"seq": newest, "hash": newest_hash}})


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=repr) + "\n"
