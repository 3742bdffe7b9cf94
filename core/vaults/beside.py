"""Does a file's hashing and writing in a thread beside the one that decompresses it.

hashlib, zstandard and the writing of files all let other threads run meanwhile.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

_BEHIND = 4  # pieces of work kept waiting, so that memory stays bounded


class Beside:
    """Runs one kind of work on one piece after another, in order, in a thread that ends with the block.

    An error of the work is raised by a later call or at the end of the block.
    """

    def __init__(self, work: Callable[[bytes], object]) -> None:
        self._work = work
        self._thread = ThreadPoolExecutor(1, "safehold-vault")
        self._waiting: deque[Future[object]] = deque()

    def __call__(self, piece: bytes) -> None:
        """Queue a piece; waits while too many are queued."""
        self._waiting.append(self._thread.submit(self._work, piece))
        if len(self._waiting) > _BEHIND:
            self._waiting.popleft().result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._thread.shutdown(wait=True, cancel_futures=kind is not None)
        while self._waiting and kind is None:
            self._waiting.popleft().result()
