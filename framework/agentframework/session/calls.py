"""The tool calls of one session: each is begun, has its deadline, and is answered once."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from agentframework.callbacks import Event, ToolAnswered, ToolCalled
from agentframework.protocol.client import ClientProtocol
from agentframework.protocol.ledger import Outcome, Settlement
from agentframework.protocol.messages import ClientToolCall
from agentframework.session import answers
from agentframework.session.execution import ToolResult, execute, execute_async
from agentframework.session.settings import SessionSettings
from agentframework.session.worlds import UserLoop
from agentframework.tools.context import LazyEvent, ToolContext
from agentframework.tools.registry import ToolRegistry
from agentframework.tools.tool import Tool
from agentframework.workers.threads import ThreadPool, Ticket

__all__ = ["ToolCalls", "Way"]

_log = logging.getLogger("agentframework.tools")
_TURN = 0.1


class Way(Protocol):
    """What the calls need of their session; all of it on the wire, but for `post`."""

    def emit(self, event: Event) -> None:
        """Bring an event to the handlers."""

    def flush(self) -> None:
        """Something is ready to be sent."""

    def post(self, function: Callable[..., object], *args: Any) -> None:
        """Call a function on the wire; from any thread; does nothing once the wire is gone."""


@dataclass(slots=True, eq=False)
class _Running:
    call: ClientToolCall
    tool: Tool[..., Any]
    context: ToolContext
    begun: float
    timer: asyncio.TimerHandle | None = None
    ticket: Ticket | None = None
    task: asyncio.Task[None] | None = None
    on_user_loop: bool = False
    told: bool = False


class ToolCalls:
    """Begins calls and brings each to its end through the protocol's ledger. Lives on the wire."""

    def __init__(
        self,
        protocol: ClientProtocol,
        tools: ToolRegistry,
        settings: SessionSettings,
        pool: ThreadPool,
        user: UserLoop,
        variables: contextvars.Context,
        way: Way,
    ) -> None:
        self._protocol = protocol
        self._tools = tools
        self._settings = settings
        self._pool = pool
        self._user = user
        self._way = way
        self._variables = variables
        self._running: dict[str, _Running] = {}
        self._unheard_said = False
        self._idle: Callable[[], None] | None = None

    def begin(self, call: ClientToolCall) -> None:
        """Start the call that the ledger has just taken in; its answer comes in any case."""
        tool = self._tools.get(call.tool_name)
        owner = tool.owner if tool is not None else ""
        self._way.emit(ToolCalled(call.tool_call_id, call.tool_name, call.parameters, owner))
        begun = time.monotonic()
        if tool is None:
            nearest = self._tools.nearest(call.tool_name)
            text = answers.unknown_tool(call.tool_name, nearest)
            _log.warning(
                "the agent called %r, which is not among the tools here%s",
                call.tool_name[:64],
                f"; the nearest is {nearest!r}" if nearest else "",
            )
            result = ToolResult(Outcome.UNKNOWN_TOOL, text, is_error=True)
            self._answer(call, owner, begun, result)
        else:
            self._run(call, tool, begun)

    def refuse(self, call: ClientToolCall, outcome: Outcome) -> None:
        """Answer the call that the ledger has just taken in without running it: BUSY or SHUTDOWN."""
        tool = self._tools.get(call.tool_name)
        owner = tool.owner if tool is not None else ""
        self._way.emit(ToolCalled(call.tool_call_id, call.tool_name, call.parameters, owner))
        sentence = answers.busy if outcome is Outcome.BUSY else answers.not_begun
        result = ToolResult(outcome, sentence(call.tool_name), is_error=True)
        self._answer(call, owner, time.monotonic(), result)

    def when_idle(self, then: Callable[[], None]) -> None:
        """Call `then` once no call runs any more; at once where none does."""
        if self._running:
            self._idle = then
        else:
            then()

    def end_all(self, outcome: Outcome) -> None:
        """The connection ends: what still runs is settled as SHUTDOWN or CONNECTION_LOST, and told to stop."""
        sentence = answers.shutdown if outcome is Outcome.SHUTDOWN else answers.connection_lost
        for running in list(self._running.values()):
            self._settle(running, ToolResult(outcome, sentence(running.tool.name), is_error=True))
            self._stop(running)

    def _run(self, call: ClientToolCall, tool: Tool[..., Any], begun: float) -> None:
        seconds = self._settings.tool_timeouts.get(tool.name, tool.timeout or self._settings.tool_timeout)
        context = ToolContext(
            conversation_id=self._protocol.conversation_id or "",
            call_id=call.tool_call_id,
            tool_name=tool.name,
            deadline=begun + seconds,
            cancelled=LazyEvent(),
        )
        running = _Running(call, tool, context, begun)
        self._running[call.tool_call_id] = running
        loop = asyncio.get_running_loop()
        running.timer = loop.call_later(seconds, self._time_out, running, seconds)
        if tool.is_async:
            self._run_on_user_loop(running, partial(self._execute_async, running))
        else:
            job = partial(self._variables.copy().run, self._work, running)
            running.ticket = self._pool.submit(job)

    def _work(self, running: _Running) -> None:
        """On a worker thread: run the tool and hand the result to the wire."""
        result = execute(running.tool, running.call.parameters, running.context)
        if isinstance(result, ToolResult):
            self._way.post(self._finish, running, result)
        else:
            self._way.post(self._run_on_user_loop, running, partial(_awaited, result))

    def _execute_async(self, running: _Running) -> Awaitable[ToolResult] | None:
        """On the user's loop: the coroutine of an async tool, unless nobody waits for it any more."""
        if running.context.cancelled.is_set():
            return None
        return execute_async(running.tool, running.call.parameters, running.context)

    def _run_on_user_loop(self, running: _Running, begin: Callable[[], Awaitable[ToolResult] | None]) -> None:
        try:
            self._user.mailbox().post(self._spawn, running, begin)
            running.on_user_loop = True
        except RuntimeError:
            _log.warning("tool %s cannot run: the loop it belongs to is closed", running.tool.name)
            text = answers.shutdown(running.tool.name)
            self._finish(running, ToolResult(Outcome.SHUTDOWN, text, is_error=True))

    def _spawn(self, running: _Running, begin: Callable[[], Awaitable[ToolResult] | None]) -> None:
        """On the user's loop: start the coroutine as a task."""
        pending = begin()
        if pending is None:
            return
        loop = asyncio.get_running_loop()
        running.task = loop.create_task(self._bring(running, pending), context=self._variables.copy())
        running.task.add_done_callback(partial(self._task_done, running))
        if running.context.cancelled.is_set():
            loop.call_soon(running.task.cancel)

    async def _bring(self, running: _Running, pending: Awaitable[ToolResult]) -> None:
        """Hand the result to the wire as soon as it is there: the end of the task comes a turn of the loop later."""
        self._way.post(self._finish, running, await pending)

    def _task_done(self, running: _Running, task: asyncio.Task[None]) -> None:
        """On the user's loop: a task that was cancelled before its first step has brought nothing."""
        if task.cancelled():
            text = answers.cancelled(running.tool.name)
            self._way.post(self._finish, running, ToolResult(Outcome.CANCELLED, text, is_error=True))

    def _finish(self, running: _Running, result: ToolResult) -> None:
        if self._running.get(running.call.tool_call_id) is running:
            self._settle(running, result)
        elif result.outcome is not Outcome.CANCELLED:
            self._protocol.answer(
                running.call.tool_call_id, result.outcome, result.text, is_error=result.is_error
            )
            took = time.monotonic() - running.begun
            _log.warning("tool %s came to an end after %.1f s, too late to be heard", running.tool.name, took)

    def _time_out(self, running: _Running, seconds: float) -> None:
        name = running.tool.name
        text = answers.timeout(name, seconds)
        self._settle(running, ToolResult(Outcome.TIMEOUT, text, is_error=True))
        if self._stop(running):
            _log.warning("tool %s still runs after its %g s; its thread is given up", name, seconds)
        if running.on_user_loop:
            asyncio.get_running_loop().call_later(_TURN, self._name_culprit, running)

    def _name_culprit(self, running: _Running) -> None:
        """The loop was told to cancel the call a while ago; where it has not turned since, somebody holds it up."""
        if running.told:
            return
        try:
            place = _where(self._user.mailbox().thread_id)
        except RuntimeError:
            return  # the session has ended meanwhile, and with it the tool's loop
        _log.error("tool %s cannot be cancelled: %s", running.tool.name, place)

    def _stop(self, running: _Running) -> bool:
        """Tell a call that nobody waits any more; True where a thread goes on regardless."""
        running.context.cancelled.set()
        if running.on_user_loop:
            try:
                self._user.mailbox().post(self._cancel, running)
            except RuntimeError:
                _log.debug("tool %s: its loop is closed already", running.tool.name)
            return False
        return running.ticket is not None and running.ticket.abandon()

    def _cancel(self, running: _Running) -> None:
        """On the user's loop."""
        running.told = True
        if running.task is not None:
            running.task.cancel()

    def _settle(self, running: _Running, result: ToolResult) -> None:
        del self._running[running.call.tool_call_id]
        if running.timer is not None:
            running.timer.cancel()
        self._answer(running.call, running.tool.owner, running.begun, result)
        if self._idle is not None and not self._running:
            self._idle()

    def _answer(self, call: ClientToolCall, owner: str, begun: float, result: ToolResult) -> None:
        as_result = self._settings.error_text == "result" and result.outcome in answers.HEARD_AS_RESULT
        is_error = result.is_error and not as_result
        settlement = self._protocol.answer(call.tool_call_id, result.outcome, result.text, is_error=is_error)
        if settlement is Settlement.NOT_EXPECTED and not self._unheard_said:
            self._unheard_said = True
            _log.warning(
                "the agent expects no response of %s and will not hear its result; switch on `expects_response` "
                'for this tool on the platform, or set [tools.%s] answer = "always"',
                call.tool_name,
                call.tool_name,
            )
        duration = time.monotonic() - begun
        self._way.emit(
            ToolAnswered(
                call_id=call.tool_call_id,
                tool_name=call.tool_name,
                parameters=call.parameters,
                owner=owner,
                outcome=result.outcome.value,
                text=result.text,
                is_error=result.is_error,
                sent=settlement is Settlement.ANSWERED,
                duration=duration,
            )
        )
        self._way.flush()


async def _awaited(pending: Awaitable[ToolResult]) -> ToolResult:
    return await pending


def _where(thread_id: int | None) -> str:
    """Where a loop's thread is right now, for the log: the file, line and function that hold it up."""
    frame = sys._current_frames().get(thread_id) if thread_id is not None else None
    if frame is None:
        return "the loop it runs on did not turn"
    place = traceback.extract_stack(frame)[-1]
    return f"its loop is held up in {place.name} ({place.filename}:{place.lineno})"
