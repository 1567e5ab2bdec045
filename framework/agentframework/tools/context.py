"""What a tool may know about the call that it answers."""

from __future__ import annotations

import threading
from dataclasses import dataclass

__all__ = ["LazyEvent", "ToolContext"]


class LazyEvent(threading.Event):
    """A `threading.Event` whose lock and condition are made when somebody first waits for it or sets it.

    Every call has one, and hardly any is ever waited for or set.
    """

    def __init__(self) -> None:
        self._flag = False  # the one part that `is_set` reads

    def __getattr__(self, name: str) -> threading.Condition:
        if name != "_cond":
            raise AttributeError(name)
        # setdefault, because two threads may come here at once, and must get the same one
        condition: threading.Condition = self.__dict__.setdefault(name, threading.Condition(threading.Lock()))
        return condition


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
