"""Ctrl-C and SIGTERM: the first asks for an end, the second Ctrl-C does not ask."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

__all__ = ["LEFT_AT_ONCE", "Interrupts"]

LEFT_AT_ONCE: Final = 130
"""The exit code after the second Ctrl-C."""


class Interrupts:
    """Counts the requests to end; `stop` is called for each but the second Ctrl-C, which ends the process."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._interrupts = 0

    @property
    def key_to_leave(self) -> str:
        """What to press to leave at once."""
        return "Ctrl-C" if self._interrupts else "Ctrl-C twice"

    def interrupt(self) -> None:
        """Ctrl-C, as a key or as a signal. The second one ends the process here and now, with 130."""
        self._interrupts += 1
        if self._interrupts > 1:
            os._exit(LEFT_AT_ONCE)
        self._stop()

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Within it SIGINT and SIGTERM end the conversation instead of the process. For the main thread.

        The handlers are Python's, not the loop's: they run even while the main thread is held up in a write.
        """

        def on_interrupt(number: int, frame: FrameType | None) -> None:
            self.interrupt()

        def on_terminate(number: int, frame: FrameType | None) -> None:
            self._stop()

        before = signal.signal(signal.SIGINT, on_interrupt), signal.signal(signal.SIGTERM, on_terminate)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before[0])
            signal.signal(signal.SIGTERM, before[1])
