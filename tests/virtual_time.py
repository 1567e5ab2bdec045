"""Time that a test makes pass: a clock, and timers that go off in their order."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable


class VirtualTimer:
    """A call that is due at some moment, unless it was called off."""

    def __init__(self, callback: Callable[[], object]) -> None:
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        self.callback = None


class VirtualTime:
    """`clock` and `Timers` in one; `every` is called in steps of 10 ms, for what goes on by itself."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.every: Callable[[], object] = lambda: None
        self._due: list[tuple[float, int, VirtualTimer]] = []
        self._number = itertools.count()

    def __call__(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], object], /) -> VirtualTimer:
        timer = VirtualTimer(callback)
        heapq.heappush(self._due, (self.now + delay, next(self._number), timer))
        return timer

    @property
    def pending(self) -> int:
        """How many timers would still go off."""
        return sum(timer.callback is not None for _, _, timer in self._due)

    def run(self, duration: float) -> None:
        """Let so many seconds pass."""
        for _ in range(round(duration / 0.01)):
            end = self.now + 0.01
            while self._due and self._due[0][0] <= end:
                due, _, timer = heapq.heappop(self._due)
                self.now = max(self.now, due)
                if timer.callback is not None:
                    timer.callback()
            self.now = end
            self.every()
