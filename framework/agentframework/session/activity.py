"""Keeping the agent's silence timer away while tools run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

__all__ = ["Activity"]


class Activity:
    """Lives on the wire. Says every `interval` seconds that somebody is there, as long as a call has run for so long.

    `runs_since` is when the oldest call that runs began, by `time.monotonic()`, None where none does. An interval
    of 0 switches it off.
    """

    def __init__(
        self, interval: float, runs_since: Callable[[], float | None], say: Callable[[], None]
    ) -> None:
        self._interval = interval
        self._runs_since = runs_since
        self._say = say
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """A call runs now."""
        if self._timer is None and self._interval:
            self._arm(self._interval)

    def end(self) -> None:
        """Nothing is said any more."""
        self._interval = 0.0
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self, delay: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(delay, self._look)

    def _look(self) -> None:
        self._timer = None
        since = self._runs_since()
        if since is None:
            return
        ran = time.monotonic() - since
        if (
            ran + 0.001 < self._interval
        ):  # the oldest of them is younger than a round: its own is not over yet
            self._arm(self._interval - ran)
            return
        self._say()
        self._arm(self._interval)
