"""Sound in step with the clock, for devices that have none of their own."""

from __future__ import annotations

import threading
import time

__all__ = ["BLOCK", "Pace"]

BLOCK = 0.02
"""Seconds of one turn."""

_A_SECOND = 50
_LATE = 0.5


class Pace:
    """Turns of 20 ms: `wait` for each, then `frames` says how many samples it has at a rate."""

    def __init__(self, over: threading.Event) -> None:
        self._over = over
        self._due = time.monotonic()
        self._turn = -1

    def wait(self) -> bool:
        """Until the next turn is due; False where it is over."""
        self._due += BLOCK
        self._turn += 1
        if self._over.wait(max(0.0, self._due - time.monotonic())):
            return False
        if time.monotonic() - self._due > _LATE:
            self._due = time.monotonic()  # the machine slept: a device does not catch up either
        return True

    def frames(self, rate_hz: int) -> int:
        """Samples of this turn; 50 turns have exactly a second's, whatever the rate."""
        turn = self._turn % _A_SECOND
        return (turn + 1) * rate_hz // _A_SECOND - turn * rate_hz // _A_SECOND
