"""JSON messages over a stream: four bytes of length, and then the text."""

from __future__ import annotations

import json
import struct
from typing import Any, Final

__all__ = ["MAX_FRAME_BYTES", "FrameReader", "frame"]

MAX_FRAME_BYTES: Final = 4 * 1024 * 1024
"""What one message from a process may take; the longest result is 64 KiB before JSON escapes it."""

_LENGTH: Final = struct.Struct("!I")
_encode = json.JSONEncoder(separators=(",", ":")).encode


def frame(message: object) -> bytes:
    """One message as it is sent. Raises TypeError and ValueError where it is no JSON."""
    text = _encode(message).encode("ascii")
    return _LENGTH.pack(len(text)) + text


class FrameReader:
    """Makes messages of what comes out of a socket."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes, *, limit: int = MAX_FRAME_BYTES) -> list[Any]:
        """The messages that are complete with `data`. Raises ValueError for what is none."""
        held = self._held + data if self._held else data
        messages = []
        start, end = 0, len(held)
        while end - start >= 4:
            (length,) = _LENGTH.unpack_from(held, start)
            if length > limit:
                raise ValueError(f"a message of {length} bytes")
            stop = start + 4 + length
            if stop > end:
                break
            messages.append(json.loads(held[start + 4 : stop]))
            start = stop
        self._held = held[start:]
        return messages
