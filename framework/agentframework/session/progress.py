"""Telling the agent how far its calls have come, and no more often than it can bear."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["Progress"]

_INTERVAL = 1.0


class Progress:
    """Lives on the wire. At most one text a second goes out; of each call the newest waits, and what came before it
    is dropped."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._waiting: dict[str, str] = {}
        self._timer: asyncio.TimerHandle | None = None

    def say(self, call_id: str, tool: str, text: str) -> None:
        """A call has come so far."""
        self._waiting[call_id] = f"{tool} is still running: {text}"
        if self._timer is None:
            self._send_one()

    def forget(self, call_id: str) -> None:
        """The call is answered: what it said of its way is news no more."""
        self._waiting.pop(call_id, None)

    def end(self) -> None:
        """Nothing is told any more."""
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _send_one(self) -> None:
        self._timer = None
        if self._waiting:
            call_id = next(iter(self._waiting))
            self._tell(self._waiting.pop(call_id))
            self._timer = asyncio.get_running_loop().call_later(_INTERVAL, self._send_one)
