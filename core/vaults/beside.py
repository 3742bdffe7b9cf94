"""Does hashing and writing in a thread beside the one that decompresses.

hashlib, zstandard and the writing of files all let other threads run meanwhile. The bytes lie in a few buffers that
are used again and again: memory stays bounded, and what one thread wrote the other finds in the processor's cache.
"""

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Self

_BUFFERS = 8


class Beside:
    """Runs one kind of work on one piece after another, in order, in a thread that ends with the block.

    An error of the work is raised by a later call or at the end of the block; nothing is worked on after it.
    """

    def __init__(self, size: int) -> None:
        self._free: SimpleQueue[bytearray] = SimpleQueue()
        for _ in range(_BUFFERS):
            self._free.put(bytearray(size))
        self._queue: SimpleQueue[tuple[Callable[[memoryview], object], bytearray, int] | None] = SimpleQueue()
        self._error: BaseException | None = None
        self._thread = Thread(target=self._run, name="safehold-vault")

    def __call__(self, work: Callable[[memoryview], object], size: int, fill: Callable[[memoryview], object]) -> None:
        """Have a free buffer's first `size` bytes filled here, then worked on beside; waits for a free one."""
        buffer = self._free.get()
        if self._error is not None:
            raise self._error
        fill(memoryview(buffer)[:size])
        self._queue.put((work, buffer, size))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        worked = self._error
        self._error = worked or error  # what is still queued is not worth working on
        self._queue.put(None)
        self._thread.join()
        if kind is None and self._error is not None:
            raise self._error

    def _run(self) -> None:
        while (task := self._queue.get()) is not None:
            work, buffer, size = task
            try:
                if self._error is None:
                    work(memoryview(buffer)[:size])
            except BaseException as error:  # noqa: BLE001 (raised in the thread that waits for the work)
                self._error = error
            self._free.put(buffer)
