"""Sends an archive, or the part of it that a resumed download asks for, in constant memory (RFC 9110, chapter 14)."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

CHUNK = 256 * 1024
_RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)")
_DIGITS = 19
"""More bytes than any file has; Python refuses to read thousands of digits."""


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes from `start` up to, without, `end` of `size`. `partial`: they were asked for as a range."""

    start: int
    end: int
    size: int
    partial: bool

    @property
    def length(self) -> int:
        """Return how many bytes it has."""
        return self.end - self.start


def range_of(headers: Mapping[str, str], size: int, etag: str) -> Span | None:
    """Return what a request asks for; the whole where it asks for no single range; None where it can't be had.

    A range holds only while the file is the one its asker has begun with (If-Range).
    """
    whole = Span(0, size, size, partial=False)
    found = _RANGE.fullmatch(headers.get("range", "").strip())
    if found is None or headers.get("if-range", f'"{etag}"').strip() != f'"{etag}"':
        return whole
    first, last = found[1], found[2]
    if not first and not last:
        return whole
    if not first:
        start, end = max(0, size - _number(last)), size
    else:
        start, end = _number(first), min(size, _number(last) + 1) if last else size
        if last and _number(last) < _number(first):
            return whole
    return Span(start, end, size, partial=True) if start < end else None


def _number(digits: str) -> int:
    return int(digits.lstrip("0")[:_DIGITS] or "0")


def no_range(size: int, headers: Mapping[str, str]) -> Response:
    """Return the answer to a range that lies outside the file."""
    return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})


class ArchiveResponse(Response):
    """Streams a span, then tells `sent` from where to where it came, also where the client left early.

    The file's last byte counts only where the client was still there after it, so that a download which broke
    is never the one that makes it complete. What a proxy or the system has buffered then can't be known here.
    """

    def __init__(
        self, stream: BinaryIO | None, span: Span, headers: Mapping[str, str], sent: Callable[[int, int], None]
    ) -> None:
        about = {"Content-Length": str(span.length)}
        if span.partial:
            about["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{span.size}"
        super().__init__(status_code=206 if span.partial else 200, headers={**headers, **about})
        self.raw_headers = [(name, value) for name, value in self.raw_headers if _kept(name, value)]
        self.stream, self.span, self.sent = stream, span, sent
        self._at = span.start

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if self.stream is None or scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        gone = asyncio.create_task(_gone(receive))
        arrived = False
        try:
            arrived = await self._send_span(self.stream, send, gone)
        finally:
            gone.cancel()
            await run_in_threadpool(self._finish, self.stream, arrived=arrived)
        if arrived:
            # Otherwise Content-Length was promised: ending here closes the connection, and the client sees it cut off.
            await send({"type": "http.response.body", "body": b""})

    def _finish(self, stream: BinaryIO, *, arrived: bool) -> None:
        with stream:
            self.sent(self.span.start, self._at if arrived else min(self._at, self.span.size - 1))

    async def _send_span(self, stream: BinaryIO, send: Send, gone: "asyncio.Task[None]") -> bool:
        """Send every byte of the span; False where the client left or the archive ended early."""
        while self._at < self.span.end:
            chunk = await run_in_threadpool(stream.read, min(CHUNK, self.span.end - self._at))
            if not chunk or gone.done():
                return False
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            self._at += len(chunk)
        # Waits until the last chunk has left our buffer. After the final message the server reports a client that
        # left and one that has everything in the same way, so this is the moment to look.
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        return not gone.done()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


def _kept(name: bytes, value: bytes) -> bool:
    """Leave out the length of the empty body that Response adds by itself."""
    return not (name == b"content-length" and value == b"0")
