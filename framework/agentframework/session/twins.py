"""Calls that wait for the same call made before, to be answered as that one is."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from agentframework.session.execution import ToolResult

__all__ = ["Twins"]

_REMEMBERED = 256


class Twins:
    """Lives on the wire, for the whole session: the call before may be one of an earlier connection."""

    def __init__(self) -> None:
        self._waiting: dict[str, Callable[[ToolResult], None]] = {}
        self._early: OrderedDict[str, ToolResult] = OrderedDict()

    def wait(self, call_id: str, finish: Callable[[ToolResult], None]) -> None:
        """A call has joined the one before; at once, where that one has ended since."""
        result = self._early.pop(call_id, None)
        if result is None:
            self._waiting[call_id] = finish
        else:
            finish(result)

    def forget(self, call_id: str) -> bool:
        """A call is given up, or does not wait in the end; whether it waited."""
        self._early.pop(call_id, None)
        return self._waiting.pop(call_id, None) is not None

    def tell(self, call_id: str, result: ToolResult) -> None:
        """The call before has ended. One that has joined it on its thread may be still on its way here."""
        finish = self._waiting.pop(call_id, None)
        if finish is not None:
            finish(result)
            return
        self._early[call_id] = result
        if len(self._early) > _REMEMBERED:
            self._early.popitem(last=False)
