"""Reads what a running program prints: line by line as it comes, keeping only the ends of its streams."""

import os
import selectors
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO

TAIL_BYTES = 64 * 1024
LINE_BYTES = 1 << 20
"""A longer line is handed on in parts, so that a program without line breaks can't fill the memory."""


@dataclass(slots=True)
class Output:
    """Both streams of one program. `tail` holds the end of both as they came, `errors` that of stderr alone."""

    stdout: IO[bytes]
    stderr: IO[bytes]
    on_line: Callable[[str], None] | None
    tail: bytearray = field(default_factory=bytearray)
    errors: bytearray = field(default_factory=bytearray)
    line: bytearray = field(default_factory=bytearray)
    streams: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def __post_init__(self) -> None:
        for stream in (self.stdout, self.stderr):
            self.streams.register(stream, selectors.EVENT_READ)

    @property
    def open(self) -> bool:
        """Say whether the program may still print: it has not closed both streams."""
        return bool(self.streams.get_map())

    def read(self, seconds: float) -> bool:
        """Read what is there, waiting at most so long for the first of it; False where there was nothing."""
        ready = self.streams.select(seconds) if self.open else []
        for key, _ in ready:
            self._take(key.fileobj)  # type: ignore[arg-type]  # streams are all that was registered
        return bool(ready)

    def finish(self) -> None:
        """Hand on the last line, which has no line break."""
        last, self.line = self.line, bytearray()
        self._emit(last)

    def close(self) -> None:
        """Close both streams."""
        self.streams.close()
        for stream in (self.stdout, self.stderr):
            with suppress(OSError):
                stream.close()

    def _take(self, stream: IO[bytes]) -> None:
        chunk = os.read(stream.fileno(), TAIL_BYTES)
        if not chunk:
            self.streams.unregister(stream)
            return
        _keep(self.tail, chunk)
        if stream is self.stderr:
            _keep(self.errors, chunk)
            return
        *whole, self.line = (self.line + chunk).split(b"\n")
        for line in whole:
            self._emit(line)
        if len(self.line) >= LINE_BYTES:
            self.finish()

    def _emit(self, line: bytearray) -> None:
        if line and self.on_line is not None:
            self.on_line(line.removesuffix(b"\r").decode(errors="replace"))


def _keep(buffer: bytearray, chunk: bytes) -> None:
    """Keep the end, from the beginning of a line on: half a line may hold half a secret, which nothing masks."""
    buffer += chunk
    if (excess := len(buffer) - TAIL_BYTES) > 0:
        line = buffer.find(b"\n", excess)
        del buffer[: line + 1 if line >= 0 else excess]
