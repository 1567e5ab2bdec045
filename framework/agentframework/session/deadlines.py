"""How long each call may take: what its tool is given, and no longer than the agent waits."""

from __future__ import annotations

import logging
import math
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from agentframework.protocol.messages.server import AgentToolRequest
from agentframework.tools.tool import Tool

__all__ = ["Deadlines", "within"]

_log = logging.getLogger("agentframework.tools")
_MARGIN = 2.0
_REMEMBERED = 1024


def within(declared: float) -> float:
    """The longest that a call may take where the agent waits `declared` seconds: 2 s less, for the way back.

    Where that would leave nothing or next to nothing, it is half of them.
    """
    return max(declared - _MARGIN, declared / 2)


class Deadlines:
    """Lives on the wire. `declared` says of tools by name how many seconds the agent waits, `math.inf` for ever."""

    def __init__(self, default: float, declared: Mapping[str, float]) -> None:
        self._default = default
        self._declared = declared
        self._requested: OrderedDict[str, float] = OrderedDict()
        self._warned: set[str] = set()

    def note(self, request: AgentToolRequest) -> None:
        """The agent has said how long it will wait for one call (protocol 3.1, 4.5)."""
        seconds = request.response_timeout_secs
        if seconds is None or seconds == 0:
            return
        self._requested[request.tool_call_id] = math.inf if seconds < 0 else float(seconds)
        if len(self._requested) > _REMEMBERED:
            self._requested.popitem(last=False)

    def of(self, tool: Tool[..., Any], call_id: str) -> float:
        """The seconds that a call has from its receipt: the least of its own and what the agent's wait leaves."""
        own = tool.options.timeout or self._default
        declared = self._requested.pop(call_id, None) or self._declared.get(tool.name, math.inf)
        limit = within(declared)
        if own <= limit:
            return own
        if tool.name not in self._warned:
            self._warned.add(tool.name)
            _log.warning(
                "tool %s may take %g s here, and the agent waits %g s only: its calls are answered after %g s; raise "
                "response_timeout_secs on the platform, or lower the timeout here",
                tool.name,
                own,
                declared,
                limit,
            )
        return limit
