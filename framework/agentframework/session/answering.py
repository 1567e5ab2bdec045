"""Answering calls through the ledger, and telling the handlers of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, Protocol

from agentframework.callbacks import Event, ToolAnswered, ToolCalled
from agentframework.protocol.client import ClientProtocol
from agentframework.protocol.ledger import Settlement
from agentframework.protocol.messages import ClientToolCall
from agentframework.session import answers
from agentframework.session.execution import ToolResult
from agentframework.session.scope import Scope
from agentframework.session.settings import SessionSettings
from agentframework.tools.tool import Tool

__all__ = ["Answering", "Way"]

_log = logging.getLogger("agentframework.tools")

AnyTool = Tool[..., Any]


class Way(Protocol):
    """What the calls need of their session; all of it on the wire, but for `post`."""

    def emit(self, event: Event) -> None:
        """Bring an event to the handlers."""

    def wants(self, name: str) -> bool:
        """Whether any handler wants the events of this name."""

    def flush(self) -> None:
        """Something is ready to be sent."""

    def tell(self, text: str) -> None:
        """Let the agent know something: a contextual update (protocol 2.5)."""

    def post(self, function: Callable[..., object], *args: Any) -> None:
        """Call a function on the wire; from any thread; does nothing once the wire is gone."""


class Answering:
    """Lives on the wire. What is marked as sensitive in a call's arguments is shown to no handler."""

    def __init__(self, protocol: ClientProtocol, settings: SessionSettings, scope: Scope, way: Way) -> None:
        self._protocol = protocol
        self._scope = scope
        self._error_text = settings.error_text
        self._way = way
        self._calls_are_wanted = way.wants("on_tool_called")
        self._answers_are_wanted = way.wants("on_tool_answered")
        self._unheard_said = False

    def tell_of(self, call: ClientToolCall, tool: AnyTool | None) -> None:
        """A call has come."""
        if self._calls_are_wanted:
            owner = "" if tool is None else tool.owner
            self._way.emit(ToolCalled(call.tool_call_id, call.tool_name, _shown(call, tool), owner))

    def answer(
        self,
        call: ClientToolCall,
        tool: AnyTool | None,
        begun: float,
        result: ToolResult,
        *,
        decision: str = "",
        fingerprint: str = "",
    ) -> None:
        """A call has its outcome; the agent is told where it expects that.

        `decision` is what the policy said of it, where it was asked, and `fingerprint` stands for its arguments.
        """
        as_result = self._error_text == "result" and result.outcome in answers.HEARD_AS_RESULT
        is_error = result.is_error and not as_result
        text, duration = result.text, time.monotonic() - begun
        settlement = self._protocol.answer(call.tool_call_id, result.outcome, text, is_error=is_error)
        if settlement is Settlement.NOT_EXPECTED and not self._unheard_said:
            self._unheard_said = True
            _log.warning(
                "the agent expects no response of %r and will not hear its result; switch on `expects_response` "
                'for this tool on the platform, or set [tools.NAME] answer = "always"',
                call.tool_name[:64],
            )
        if self._scope.audit is not None:
            self._scope.audit.record(
                session_id=self._scope.session_id,
                call_id=call.tool_call_id,
                tool=call.tool_name,
                owner="" if tool is None else tool.owner,
                fingerprint=fingerprint,
                decision=decision,
                outcome=result.outcome.value,
                duration=duration,
            )
        if self._answers_are_wanted:
            event = ToolAnswered(
                call_id=call.tool_call_id,
                tool_name=call.tool_name,
                parameters=_shown(call, tool),
                owner="" if tool is None else tool.owner,
                outcome=result.outcome.value,
                text=text,
                is_error=result.is_error,
                sent=settlement is Settlement.ANSWERED,
                duration=duration,
            )
            self._way.emit(event)
        self._way.flush()


def _shown(call: ClientToolCall, tool: AnyTool | None) -> Any:
    return call.parameters if tool is None else tool.masked(call.parameters)
