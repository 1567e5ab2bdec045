"""The agent's book of the tool calls that it has made: which wait, which are answered, which ran out of time."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from agentframework.protocol.inspection import Remark, RemarkKind
from agentframework.protocol.messages import ClientToolCall, ClientToolCallMessage, ClientToolResultMessage

__all__ = ["HIDDEN_ERROR", "AgentCalls", "ErrorHandling", "OpenCall", "ToolAnswer"]

HIDDEN_ERROR = "the tool failed, and what it said is hidden from the agent"
"""What the agent is told of a failed tool where its error text is hidden (protocol 4.5)."""

ErrorHandling = Literal["auto", "summarized", "passthrough", "hide"]
"""A client tool's `tool_error_handling_mode` (protocol 4.5); auto hides."""

_SUMMARY = 120


class _Settled(Enum):
    ANSWERED = "answered"
    TIMED_OUT = "timed out"
    NONE_EXPECTED = "none expected"


_ODD_RESULTS = {
    None: (RemarkKind.UNEXPECTED_RESULT, "no call has this id"),
    _Settled.ANSWERED: (RemarkKind.DUPLICATE_RESULT, "the call was answered before"),
    _Settled.TIMED_OUT: (RemarkKind.LATE_RESULT, "after the call's response time-out"),
    _Settled.NONE_EXPECTED: (RemarkKind.UNEXPECTED_RESULT, "the call expects no response"),
}


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A tool call that was sent; `deadline` is on the caller's clock, None where it may take for ever."""

    tool_call_id: str
    tool_name: str
    parameters: Mapping[str, Any]
    event_id: int
    expects_response: bool | None
    deadline: float | None
    error_handling: ErrorHandling = "auto"

    def message(self) -> ClientToolCallMessage:
        """The call as it is sent (protocol 3.1)."""
        call = ClientToolCall(
            tool_name=self.tool_name,
            tool_call_id=self.tool_call_id,
            parameters=dict(self.parameters),
            event_id=self.event_id,
            expects_response=self.expects_response,
        )
        return ClientToolCallMessage(client_tool_call=call)


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """The first answer to an open call: `result` as the client sent it, `shown` as the agent may see it."""

    call: OpenCall
    result: str
    shown: str
    is_error: bool


class AgentCalls:
    """Keeps every call from its sending to its answer (protocol 4.5); of the settled the last `remembered`."""

    def __init__(self, *, remembered: int = 10_000) -> None:
        self._open: dict[str, OpenCall] = {}
        self._settled: OrderedDict[str, _Settled] = OrderedDict()
        self._remembered = remembered

    @property
    def open(self) -> tuple[OpenCall, ...]:
        """The calls that wait for their answer, oldest first."""
        return tuple(self._open.values())

    @property
    def next_deadline(self) -> float | None:
        """When the next call runs out of time, or None."""
        return min((call.deadline for call in self._open.values() if call.deadline is not None), default=None)

    def add(self, call: OpenCall) -> None:
        """Enter a call that was sent; one that expects no response never waits."""
        if call.expects_response is False:
            self._settle(call.tool_call_id, _Settled.NONE_EXPECTED)
        else:
            self._open[call.tool_call_id] = call

    def read(self, message: ClientToolResultMessage) -> ToolAnswer | Remark:
        """The answer that a result is, or what is odd about it; an `error_type` makes it an error (2.4)."""
        call = self._open.pop(message.tool_call_id, None)
        if call is None:
            settled = self._settled.get(message.tool_call_id)
            kind, text = _ODD_RESULTS[settled]
            if settled is _Settled.NONE_EXPECTED:
                self._settled[message.tool_call_id] = _Settled.ANSWERED
            return Remark(kind, f"client_tool_result: {text}")
        self._settle(call.tool_call_id, _Settled.ANSWERED)
        is_error = message.is_error or message.error_type is not None
        shown = _shown_error(message.result, call.error_handling) if is_error else message.result
        return ToolAnswer(call, message.result, shown, is_error)

    def expire(self, now: float) -> tuple[OpenCall, ...]:
        """Take out the calls whose time is over at `now`; a result that still comes for one is late."""
        expired = tuple(
            call for call in self._open.values() if call.deadline is not None and call.deadline <= now
        )
        for call in expired:
            del self._open[call.tool_call_id]
            self._settle(call.tool_call_id, _Settled.TIMED_OUT)
        return expired

    def _settle(self, tool_call_id: str, settled: _Settled) -> None:
        self._settled[tool_call_id] = settled
        if len(self._settled) > self._remembered:
            self._settled.popitem(last=False)


def _shown_error(text: str, handling: ErrorHandling) -> str:
    if handling == "passthrough":
        return text
    if handling == "summarized":
        sentence = re.split(r"(?<=[.!?])\s|\n", text.strip(), maxsplit=1)[0]
        return sentence if len(sentence) <= _SUMMARY else sentence[: _SUMMARY - 1] + "…"
    return HIDDEN_ERROR
