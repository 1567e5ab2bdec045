"""Frames between two ends in one process, for tests and for replay."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from agentframework.transports.base import TransportClosedError

__all__ = ["MemoryTransport", "memory_pair"]


class MemoryTransport:
    """One end of a pair; what one sends the other receives, in order. Both ends live on one loop."""

    def __init__(self, incoming: asyncio.Queue[str | bytes | TransportClosedError]) -> None:
        self._incoming = incoming
        self._peer: MemoryTransport | None = None
        self._closed: TransportClosedError | None = None

    async def receive(self) -> str | bytes:
        """The next frame. Raises `TransportClosedError` when no more will come."""
        if self._closed is not None and self._incoming.empty():
            raise self._closed
        frame = await self._incoming.get()
        if isinstance(frame, TransportClosedError):
            self._closed = frame
            raise frame
        return frame

    def listen(self, sink: Callable[[str], None] | None) -> None:
        """Nothing: `receive` gives every frame."""

    async def send(self, frame: str | bytes) -> None:
        """Give the other end one frame. Raises `TransportClosedError` once either end is closed."""
        if self._closed is not None:
            raise self._closed
        if self._peer is not None:
            self._peer._incoming.put_nowait(frame)

    @property
    def is_free(self) -> bool:
        """Whether both ends are open: the other always reads."""
        return self._closed is None

    def send_now(self, frames: Iterable[str]) -> None:
        """Give the other end a few frames; nothing where either end is closed."""
        if self._closed is None and self._peer is not None:
            for frame in frames:
                self._peer._incoming.put_nowait(frame)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close both ends; the other learns code and reason."""
        if self._closed is None:
            self._closed = TransportClosedError(code, reason)
            self._incoming.put_nowait(self._closed)
            if self._peer is not None and self._peer._closed is None:
                self._peer._incoming.put_nowait(TransportClosedError(code, reason))

    def abort(self) -> None:
        """Close both ends as if the line were cut (1006)."""
        for end in (self, self._peer):
            if end is not None and end._closed is None:
                end._incoming.put_nowait(TransportClosedError(1006, ""))


def memory_pair() -> tuple[MemoryTransport, MemoryTransport]:
    """Two ends that are connected to each other."""
    first, second = MemoryTransport(asyncio.Queue()), MemoryTransport(asyncio.Queue())
    first._peer, second._peer = second, first
    return first, second
