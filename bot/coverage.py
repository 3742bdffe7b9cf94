"""Remembers which bytes of each download were sent, so that one counts as taken only when all of them were."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

Spans = list[tuple[int, int]]

MOST_DOWNLOADS = 1000
MOST_SPANS = 256
"""A download that is fetched in more pieces with gaps between them is not counted as taken; its link just expires."""


@dataclass(slots=True)
class Coverage:
    """What was sent of each download, by its id. In memory: a download that a restart divides stays uncounted."""

    _sent: OrderedDict[str, Spans] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, download: str, start: int, end: int, size: int) -> bool:
        """Add the bytes from `start` up to, without, `end`; True, and forgotten, where all `size` were sent now."""
        with self._lock:
            spans = joined([*self._sent.pop(download, ()), (start, end)])
            if spans == [(0, size)]:
                return True
            self._sent[download] = spans[:MOST_SPANS]
            while len(self._sent) > MOST_DOWNLOADS:
                self._sent.popitem(last=False)
        return False


def joined(spans: Spans) -> Spans:
    """Return the same bytes in as few spans as can be, in order."""
    found: Spans = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found
