"""Ctrl-C and SIGTERM: the first asks for an end, the second does not ask."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

__all__ = ["LEFT_AT_ONCE", "TERMINATED_AT_ONCE", "Interrupts"]

LEFT_AT_ONCE: Final = 130
"""The exit code where the second signal was a Ctrl-C."""

TERMINATED_AT_ONCE: Final = 143
"""The exit code where the second signal was a SIGTERM."""

_SAME_REQUEST: Final = 0.5


class Interrupts:
    """Calls `stop` at the first Ctrl-C, or `drain` at the first SIGTERM; the second of either ends the process.

    `before_leaving` is called just before the process ends so; it may be called at any moment, between any two steps
    of the main thread. A SIGTERM within half a second of another is the same: `timeout` sends each one twice, to its
    child and to the child's process group.
    """

    def __init__(
        self,
        stop: Callable[[], None],
        drain: Callable[[], None] | None = None,
        *,
        before_leaving: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stop = stop
        self._drain = drain or stop
        self._before_leaving = before_leaving
        self._clock = clock
        self._asked = False
        self._terminated_at: float | None = None

    @property
    def key_to_leave(self) -> str:
        """What to press to leave at once."""
        return "Ctrl-C" if self._asked else "Ctrl-C twice"

    def interrupt(self) -> None:
        """Ctrl-C, as a key or as a signal."""
        if self._asked:
            self._leave(LEFT_AT_ONCE)
        self._asked = True
        self._stop()

    def terminate(self) -> None:
        """SIGTERM."""
        now, before = self._clock(), self._terminated_at
        self._terminated_at = now
        if not self._asked:
            self._asked = True
            self._drain()
        elif before is None or now - before > _SAME_REQUEST:
            self._leave(TERMINATED_AT_ONCE)

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Within it SIGINT and SIGTERM end the conversation instead of the process. For the main thread.

        The handlers are Python's, not the loop's: they run even while the main thread is held up in a write, and
        there are such on Windows.
        """

        def on_interrupt(number: int, frame: FrameType | None) -> None:
            self.interrupt()

        def on_terminate(number: int, frame: FrameType | None) -> None:
            self.terminate()

        before = signal.signal(signal.SIGINT, on_interrupt), signal.signal(signal.SIGTERM, on_terminate)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before[0])
            signal.signal(signal.SIGTERM, before[1])

    def _leave(self, code: int) -> None:
        try:
            self._before_leaving()
        finally:
            os._exit(code)
