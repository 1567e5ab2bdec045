"""What the parts of a session that watch the time need of a loop; a test gives them time of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

__all__ = ["Timer", "Timers"]


class Timer(Protocol):
    """What was asked for and can still be called off."""

    def cancel(self) -> None:
        """Do not call."""


class Timers(Protocol):
    """An asyncio loop, or what stands for one."""

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Timer:
        """Call in so many seconds."""
