"""The tool calls of one connection: each is begun, has its deadline, and is answered once."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from agentframework.callbacks import ToolFinishedLate
from agentframework.policy import Verdict
from agentframework.protocol.client import ClientProtocol
from agentframework.protocol.ledger import Outcome
from agentframework.protocol.messages import ClientToolCall, UserActivityMessage
from agentframework.protocol.messages.server import AgentToolRequest
from agentframework.session import answers
from agentframework.session.activity import Activity
from agentframework.session.answering import Answering, Way
from agentframework.session.deadlines import Deadlines
from agentframework.session.dispatch import Dispatch
from agentframework.session.execution import ToolResult
from agentframework.session.holding import Holding
from agentframework.session.host import Host
from agentframework.session.progress import Progress
from agentframework.session.running import Running
from agentframework.session.scope import Scope
from agentframework.session.settings import SessionSettings
from agentframework.tools.context import LazyEvent, ToolContext
from agentframework.tools.registry import ToolRegistry
from agentframework.tools.tool import Tool

__all__ = ["ToolCalls"]

_log = logging.getLogger("agentframework.tools")
_LONGEST_NAME = 64


class ToolCalls:
    """Begins calls and brings each to its end through the protocol's ledger. Lives on the wire."""

    def __init__(
        self, protocol: ClientProtocol, tools: ToolRegistry, settings: SessionSettings, scope: Scope, way: Way
    ) -> None:
        self._protocol = protocol
        self._tools = tools
        self._settings = settings
        self._scope = scope
        self._way = way
        self._answering = Answering(protocol, settings, scope, way)
        self._running: dict[str, Running] = {}
        self._deadlines = Deadlines(settings.tool_timeout, settings.declared_limits)
        self._dispatch = Dispatch(scope, way.post, self)
        self._holding = Holding(scope, self._dispatch.launch, self.finish, way.emit)
        self._progress = Progress(way.tell)
        self._activity = Activity(settings.activity_interval, self._runs_since, self._say_activity)
        self._host = Host(scope, way.post, self._said)
        self._ended = False
        self._idle: Callable[[], None] | None = None

    def note(self, request: AgentToolRequest) -> None:
        """The agent has said how long it will wait for a call that comes."""
        self._deadlines.note(request)

    def begin(self, call: ClientToolCall) -> None:
        """Start the call that the ledger has just taken in; its answer comes in any case."""
        tool = self._tools.get(call.tool_name)
        self._answering.tell_of(call, tool)
        begun = time.monotonic()
        if tool is None:
            nearest = self._tools.nearest(call.tool_name)
            text = answers.unknown_tool(call.tool_name, nearest)
            _log.warning(
                "the agent called %r, which is not among the tools here%s",
                call.tool_name[:64],
                f"; the nearest is {nearest!r}" if nearest else "",
            )
            self._answering.answer(call, None, begun, ToolResult(Outcome.UNKNOWN_TOOL, text, is_error=True))
        else:
            self._run(call, tool, begun)

    def refuse(self, call: ClientToolCall, outcome: Outcome) -> None:
        """Answer the call that the ledger has just taken in without running it: BUSY or SHUTDOWN."""
        tool = self._tools.get(call.tool_name)
        self._answering.tell_of(call, tool)
        sentence = answers.busy if outcome is Outcome.BUSY else answers.not_begun
        result = ToolResult(outcome, sentence(call.tool_name[:_LONGEST_NAME]), is_error=True)
        self._answering.answer(call, tool, time.monotonic(), result)

    def user_spoke(self) -> None:
        """The user says something: tools that asked for silence before they act do not act."""
        self._holding.user_spoke(self._running.values())

    def interrupt(self) -> None:
        """The user has interrupted the agent: besides, calls of tools that are cancelled by that are."""
        self.user_spoke()
        calls = [one for one in self._running.values() if one.tool.options.on_interrupt == "cancel"]
        for running in calls:
            running.context.cancelled.set()
        for running in calls:
            if self._running.get(running.call.tool_call_id) is running:
                text = answers.interrupted(running.tool.name)
                self._settle(running, ToolResult(Outcome.INTERRUPTED, text, is_error=True))
                self._stop(running)

    def when_idle(self, then: Callable[[], None]) -> None:
        """Call `then` once no call runs any more; at once where none does."""
        if self._running:
            self._idle = then
        else:
            then()

    def end_all(self, outcome: Outcome) -> None:
        """The connection ends: what still runs is settled as SHUTDOWN or CONNECTION_LOST, and told to stop."""
        self._ended = True
        self._activity.end()
        self._progress.end()
        sentence = answers.shutdown if outcome is Outcome.SHUTDOWN else answers.connection_lost
        calls = list(self._running.values())
        for running in calls:  # all of them first, so that none begins where another makes room
            running.context.cancelled.set()
        for running in calls:
            if self._running.get(running.call.tool_call_id) is running:
                self._settle(running, ToolResult(outcome, sentence(running.tool.name), is_error=True))
                self._stop(running)

    def finish(self, running: Running, result: ToolResult) -> None:
        """What came of a call whose code runs no more; it counts unless the call was answered before."""
        self._conclude(running, result)
        if self._running.get(running.call.tool_call_id) is running:
            self._settle(running, result)
        elif result.outcome is not Outcome.CANCELLED:
            self._finish_late(running, result)

    def hold(self, running: Running, verdict: Verdict) -> None:
        """A call is checked and may not run at once."""
        self._holding.hold(running, verdict)

    def _run(self, call: ClientToolCall, tool: Tool[..., Any], begun: float) -> None:
        seconds = self._deadlines.of(tool, call.tool_call_id)
        context = ToolContext(
            self._protocol.conversation_id or "",
            call.tool_call_id,
            tool.name,
            begun + seconds,
            LazyEvent(),
            tool.settings,
            tool.owner,
            self._host,
        )
        running = Running(call, tool, context, begun, seconds, _world_of(tool))
        self._running[call.tool_call_id] = running
        running.timer = asyncio.get_running_loop().call_later(seconds, self._time_out, running)
        self._activity.begin()
        if self._has_place(running):
            self._dispatch.launch(running)

    def _has_place(self, running: Running) -> bool:
        """Whether the call may begin now; else it is begun when a place is free, or answered busy."""
        tool = running.tool
        most, serial = tool.options.max_concurrency, tool.options.serial
        if most is None and not serial and self._settings.max_running is None:
            return True
        begin = partial(self._dispatch.launch, running)
        claim = self._scope.places.take(id(tool.handler), begin, most=most, serial=serial)
        if claim is None:
            text = answers.still_held(tool.name)
            self.finish(running, ToolResult(Outcome.BUSY, text, is_error=True))
            return False
        running.claim = claim
        return claim.has_begun

    def _time_out(self, running: Running) -> None:
        name, seconds = running.tool.name, running.seconds
        running.timed_out = True
        self._settle(running, ToolResult(Outcome.TIMEOUT, answers.timeout(name, seconds), is_error=True))
        if self._stop(running):
            _log.warning("tool %s still runs after its %g s; its thread is given up", name, seconds)
        self._dispatch.watch(running)

    def _stop(self, running: Running) -> bool:
        """Tell a call that is answered already to stop; True where a thread goes on regardless."""
        claim = running.claim
        if self._holding.release(running) or (claim is not None and not claim.has_begun):
            running.context.cancelled.set()
            text = answers.cancelled(running.tool.name)
            self._conclude(running, ToolResult(Outcome.CANCELLED, text, is_error=True))
            return False
        if claim is not None:
            claim.give_up()
        return self._dispatch.stop(running)

    def _conclude(self, running: Running, result: ToolResult) -> None:
        """Its code runs no more, or never will."""
        if running.over:
            return
        running.over = True
        self._scope.lifespans.let_go(running.context)
        if running.claim is not None:
            running.claim.leave()
        if running.attempt is not None:
            is_ok, now = result.outcome is Outcome.OK, time.monotonic()
            for twin in self._scope.gate.settled(
                running.call.tool_call_id, ok=is_ok, text=result.text, now=now
            ):
                self._scope.twins.tell(twin, result)

    def _finish_late(self, running: Running, result: ToolResult) -> None:
        call, tool = running.call, running.tool
        self._protocol.answer(call.tool_call_id, result.outcome, result.text, is_error=result.is_error)
        took = time.monotonic() - running.begun
        told = running.timed_out and tool.options.late_result == "context" and not self._ended
        _log.warning(
            "tool %s came to an end after %.1f s, too late to be %s",
            tool.name,
            took,
            "the answer; the agent is told as context" if told else "heard",
        )
        if told:
            self._way.tell(answers.late(tool.name, result.text, is_error=result.is_error))
        self._way.emit(
            ToolFinishedLate(
                call.tool_call_id, tool.name, tool.owner, result.outcome.value, result.text, told, took
            )
        )

    def _settle(self, running: Running, result: ToolResult) -> None:
        call_id = running.call.tool_call_id
        del self._running[call_id]
        self._progress.forget(call_id)
        if running.timer is not None:
            running.timer.cancel()
        self._answering.answer(
            running.call,
            running.tool,
            running.begun,
            result,
            decision=running.decision,
            fingerprint=running.fingerprint,
        )
        if self._idle is not None and not self._running:
            self._idle()

    def _runs_since(self) -> float | None:
        oldest = next(iter(self._running.values()), None)
        return None if oldest is None else oldest.begun

    def _say_activity(self) -> None:
        if self._protocol.send(UserActivityMessage()):
            self._way.flush()

    def _said(self, context: ToolContext) -> None:
        """A call has come so far, by what `_Host` keeps of it; on the wire."""
        text = self._host.take(context)
        running = self._running.get(context.call_id)
        if text is not None and running is not None and running.context is context:
            self._progress.say(context.call_id, context.tool_name, text)


def _world_of(tool: Tool[..., Any]) -> str:
    worker = tool.options.worker
    if worker == "auto" or (tool.is_async and worker == "thread"):
        return "loop" if tool.is_async else "thread"
    return worker
