"""What the local agent reports while it serves: oddities, refusals, failed scripts and ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from agentframework.protocol.inspection import RemarkKind

__all__ = ["AgentEvent", "AgentEventKind", "Report"]


class AgentEventKind(Enum):
    """What kind of thing is reported."""

    CONNECTED = "connected"
    REMARK = "remark"
    REFUSED = "refused"
    SCRIPT_DONE = "script done"
    SCRIPT_FAILED = "script failed"
    SOUND = "sound"
    FAILED = "failed"
    CLOSED = "closed"

    @property
    def is_bad(self) -> bool:
        """Whether somebody should look at it."""
        return self not in (self.CONNECTED, self.SCRIPT_DONE, self.CLOSED)


@dataclass(frozen=True, slots=True)
class AgentEvent:
    """One thing that happened in one conversation; `text` holds no word of what was said in it.

    `remark` is set where `kind` is REMARK. What a script failed on is said in the script's own words.
    """

    kind: AgentEventKind
    text: str
    conversation_id: str
    remark: RemarkKind | None = None


Report = Callable[[AgentEvent], None]
"""Takes an event; called on the server's loop, so it must not block."""
