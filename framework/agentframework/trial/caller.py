"""An agent in this process that does nothing but call tools, over the same protocol as any other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from agentframework.callbacks import Callbacks, SessionEnded, ToolAnswered
from agentframework.errors import SessionEndedError
from agentframework.loopthread import Mailbox
from agentframework.protocol.agent import AgentProtocol
from agentframework.protocol.calls import ErrorHandling
from agentframework.protocol.inspection import Refused
from agentframework.protocol.messages import ContextualUpdateMessage
from agentframework.transports.base import TransportClosedError
from agentframework.transports.memory import MemoryTransport, memory_pair

__all__ = ["Caller", "Ending"]

_CONVERSATION = "trial"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended: what the runtime says of it, and what the agent has seen of it.

    `heard` is what the agent may show its model of the answer, None where none was sent; `context` are the contextual
    updates that came while the call ran.
    """

    answered: ToolAnswered
    heard: str | None
    context: tuple[str, ...]


class Caller:
    """Stands in for the platform. `connect` is what a session opens, and `events` one of its handlers.

    Errors are shown to the agent as `error_handling` says (protocol 4.5).
    """

    def __init__(self, error_handling: ErrorHandling = "auto") -> None:
        self.events = _Events(self)
        self._error_handling = error_handling
        self._protocol = AgentProtocol(_CONVERSATION, text_only=True)
        self._wire: Mailbox | None = None
        self._line: MemoryTransport | None = None
        self._serving: asyncio.Task[None] | None = None
        self._heard: dict[str, str] = {}
        self._context: list[str] = []
        self._settled: dict[str, ToolAnswered] = {}
        self._waiting: dict[str, Future[Ending]] = {}
        self._count = 0

    async def connect(self) -> MemoryTransport:
        """On the wire: open the line to the session, and begin to serve its other end."""
        theirs, self._line = memory_pair()
        self._wire = Mailbox(asyncio.get_running_loop())
        self._serving = asyncio.ensure_future(self._serve(self._line))
        return theirs

    def call(self, tool_name: str, parameters: Mapping[str, Any]) -> Future[Ending]:
        """Call a tool of the session, which must have started; from any thread."""
        self._count += 1
        call_id = f"call_{self._count}"
        ending: Future[Ending] = Future()
        self._waiting[call_id] = ending
        assert self._wire is not None, "a call needs a session that has started"
        self._wire.post(self._call, call_id, tool_name, parameters)
        return ending

    def _call(self, call_id: str, tool_name: str, parameters: Mapping[str, Any]) -> None:
        # without a limit of its own: the tool's deadline is what is to be seen
        self._protocol.call_tool(
            tool_name,
            parameters,
            now=0.0,
            timeout=None,
            tool_call_id=call_id,
            error_handling=self._error_handling,
        )
        self._flush()

    async def _serve(self, line: MemoryTransport) -> None:
        with contextlib.suppress(TransportClosedError):
            while True:
                self._receive(await line.receive())
                self._flush()

    def _receive(self, frame: str | bytes) -> None:
        accepted = self._protocol.receive_frame(frame)
        if isinstance(accepted, Refused):
            return
        if self._protocol.initiation is not None:
            self._protocol.start()
        if isinstance(accepted.message, ContextualUpdateMessage):
            self._context.append(accepted.message.text)
        if accepted.answer is not None:
            call_id = accepted.answer.call.tool_call_id
            self._heard[call_id] = accepted.answer.shown
            self._conclude(call_id)

    def _flush(self) -> None:
        while self._line is not None and (frame := self._protocol.next_frame()) is not None:
            self._line.send_now([frame])

    def _settle(self, event: ToolAnswered) -> None:
        self._settled[event.call_id] = event
        self._conclude(event.call_id)

    def _conclude(self, call_id: str) -> None:
        """Two ways lead here, and either may be the shorter: the answer's frame, and the event."""
        event = self._settled.get(call_id)
        if event is not None and call_id in self._waiting and (call_id in self._heard or not event.sent):
            heard = self._heard.pop(call_id, None)
            self._waiting.pop(call_id).set_result(Ending(event, heard, tuple(self._context)))
            self._context.clear()

    def _give_up(self) -> None:
        for waiting in self._waiting.values():
            waiting.set_exception(SessionEndedError("a tool call", "has ended"))
        self._waiting.clear()


class _Events(Callbacks):
    """Hands what happens to the caller, on the wire."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def on_tool_answered(self, event: ToolAnswered) -> None:
        self._post(self._caller._settle, event)

    def on_session_ended(self, event: SessionEnded) -> None:
        self._post(self._caller._give_up)

    def _post(self, function: Callable[..., object], *args: object) -> None:
        with contextlib.suppress(RuntimeError):  # the wire is gone, and with it whoever waited
            if self._caller._wire is not None:
                self._caller._wire.post(function, *args)
