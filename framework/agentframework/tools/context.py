"""What a tool may know about the call that it answers."""

from __future__ import annotations

import threading
from dataclasses import dataclass

__all__ = ["ToolContext"]


@dataclass(slots=True)
class ToolContext:
    """The call that a tool answers; a parameter with this annotation receives it, and the agent never sees it.

    `deadline` is the value of `time.monotonic()`, in seconds, by which the answer must be there. `cancelled` is
    set when the session ends or the deadline has passed: a long tool looks at it between two steps, and may do so
    on any thread.
    """

    conversation_id: str
    call_id: str
    tool_name: str
    deadline: float
    cancelled: threading.Event
