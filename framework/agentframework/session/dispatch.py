"""Bringing a tool call to the world where it runs, and what comes of it back to the wire."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Protocol

from agentframework.policy import Attempt, Deny, Run, Verdict
from agentframework.protocol.ledger import Outcome
from agentframework.session import answers
from agentframework.session.delegation import delegate
from agentframework.session.execution import ToolResult, execute, execute_async, read
from agentframework.session.running import Running
from agentframework.session.scope import Scope
from agentframework.workers.base import Worker
from agentframework.workers.threads import PoolFullError

__all__ = ["Arrival", "Dispatch"]

_log = logging.getLogger("agentframework.tools")
_TURN = 0.1

Posted = Callable[..., None]


class Arrival(Protocol):
    """Who waits on the wire for what comes of a call."""

    def finish(self, running: Running, result: ToolResult) -> None:
        """Its code runs no more, and this came of it."""

    def hold(self, running: Running, verdict: Verdict) -> None:
        """It is checked, and may not run at once."""


class Dispatch:
    """Runs what is to be run on the threads of the pool, on the user's loop, or in a worker. Lives on the wire.

    In its world a call is first checked and judged, where that was not done before; everything that takes long runs
    there, and nothing of it on the wire.
    """

    def __init__(self, scope: Scope, post: Posted, arrival: Arrival) -> None:
        self._scope = scope
        self._post = post
        self._arrival = arrival

    def launch(self, running: Running) -> None:
        """Have the call checked, judged and run; only run, where it is cleared already."""
        if running.world == "loop":
            self._run_on_user_loop(running, partial(self._begin_async, running))
        elif running.cleared and running.world != "thread":
            self._call_worker(running)
        else:
            self._submit(running)

    def stop(self, running: Running) -> bool:
        """Tell a call that nobody waits for it any more; True where a thread goes on regardless.

        One whose code will certainly not run, or run on, is said to be over, now or when that has come about.
        """
        running.context.cancelled.set()
        if running.on_user_loop:
            try:
                self._scope.user.mailbox().post(self._cancel, running)
            except RuntimeError:
                _log.debug("tool %s: its loop is closed already", running.tool.name)
            return False
        if running.remote is not None:
            running.remote.cancel()
            return False
        if running.ticket is None:
            return False
        runs_on = running.ticket.abandon()
        if not runs_on and not running.ticket.started:
            self._arrival.finish(running, _cancelled(running))
        return runs_on

    def watch(self, running: Running) -> None:
        """The user's loop was told to cancel the call; where it does not turn for a while, say who holds it up."""
        if running.on_user_loop:
            asyncio.get_running_loop().call_later(_TURN, self._name_culprit, running)

    def _submit(self, running: Running) -> None:
        job = partial(self._scope.variables.copy().run, self._work, running)
        try:
            running.ticket = self._scope.share.submit(job, light=running.tool.options.light)
        except PoolFullError as error:
            _log.warning("tool %s cannot run: %s", running.tool.name, error)
            text = answers.busy(running.tool.name)
            self._arrival.finish(running, ToolResult(Outcome.BUSY, text, is_error=True))

    # In the tool's world

    def _work(self, running: Running) -> None:
        """On a thread of the pool."""
        if running.context.cancelled.is_set():
            self._post(self._arrival.finish, running, _cancelled(running))
            return
        if not running.cleared and not self._clear(running):
            return
        if running.world != "thread":
            self._post(self._call_worker, running)
            return
        assert running.arguments is not None
        result = execute(running.tool, running.arguments, running.context)
        if isinstance(result, ToolResult):
            self._post(self._arrival.finish, running, result)
        else:
            self._post(self._run_on_user_loop, running, partial(_awaited, result))

    def _clear(self, running: Running) -> bool:
        """Check the arguments and ask the policy; whether the call may run at once. Else the wire is told."""
        arguments = read(running.tool, running.call.parameters)
        if isinstance(arguments, ToolResult):
            self._post(self._arrival.finish, running, arguments)
            return False
        running.arguments = arguments
        if running.context.cancelled.is_set():
            self._post(self._arrival.finish, running, _cancelled(running))
            return False
        is_ready = self._scope.lifespans.are_open(running.tool)  # asked in any case: it finds what has died
        verdict = self._judge(running, arguments)
        if isinstance(verdict, Run):
            running.decision = verdict.decision
            if (
                running.context.cancelled.is_set()
            ):  # while it was looked at: it has not begun, and does not any more
                self._post(self._arrival.finish, running, _cancelled(running))
                return False
            if is_ready and not running.tool.options.settle:
                running.cleared = True
                return True
        self._post(self._arrival.hold, running, verdict)
        return False

    def _judge(self, running: Running, arguments: dict[str, Any]) -> Verdict:
        tool, now = running.tool, time.monotonic()
        attempt = Attempt(
            running.call.tool_call_id,
            tool.name,
            tool.owner,
            tool.options.risk,
            tool.options.idempotent,
            arguments,
        )
        running.attempt = running.context._attempt = attempt
        try:
            if self._scope.audit is not None:
                running.fingerprint = self._scope.audit.fingerprint(tool.name, arguments)
            return self._scope.gate.judge(attempt, now)
        except Exception as error:  # noqa: BLE001 - what cannot be judged is not let through
            _log.exception("the policy could not judge a call of tool %s", tool.name)
            return Deny(answers.not_judged(tool.name), f"the policy failed: {type(error).__name__}")

    def _begin_async(self, running: Running) -> Awaitable[ToolResult] | None:
        """On the user's loop: the coroutine of an async tool, unless it may not run, or nobody waits any more."""
        if running.context.cancelled.is_set():
            self._post(self._arrival.finish, running, _cancelled(running))
            return None
        if not running.cleared and not self._clear(running):
            return None
        assert running.arguments is not None
        return execute_async(running.tool, running.arguments, running.context)

    # The user's loop

    def _run_on_user_loop(self, running: Running, begin: Callable[[], Awaitable[ToolResult] | None]) -> None:
        try:
            self._scope.user.mailbox().post(self._spawn, running, begin)
            running.on_user_loop = True
        except RuntimeError:
            _log.warning("tool %s cannot run: the loop it belongs to is closed", running.tool.name)
            text = answers.shutdown(running.tool.name)
            self._arrival.finish(running, ToolResult(Outcome.SHUTDOWN, text, is_error=True))

    def _spawn(self, running: Running, begin: Callable[[], Awaitable[ToolResult] | None]) -> None:
        """On the user's loop: start the coroutine as a task."""
        pending = begin()
        if pending is None:
            return
        loop = asyncio.get_running_loop()
        running.task = loop.create_task(self._bring(running, pending), context=self._scope.variables.copy())
        running.task.add_done_callback(partial(self._task_done, running))
        if running.context.cancelled.is_set():
            loop.call_soon(running.task.cancel)

    async def _bring(self, running: Running, pending: Awaitable[ToolResult]) -> None:
        """Hand the result to the wire as soon as it is there: the end of the task comes a turn of the loop later."""
        self._post(self._arrival.finish, running, await pending)

    def _task_done(self, running: Running, task: asyncio.Task[None]) -> None:
        """On the user's loop: a task that was cancelled before its first step has brought nothing."""
        if task.cancelled():
            self._post(self._arrival.finish, running, _cancelled(running))

    def _cancel(self, running: Running) -> None:
        """On the user's loop."""
        running.told = True
        if running.task is not None:
            running.task.cancel()

    def _name_culprit(self, running: Running) -> None:
        if running.told:
            return
        try:
            place = _where(self._scope.user.mailbox().thread_id)
        except RuntimeError:
            return  # the session has ended meanwhile, and with it the tool's loop
        _log.error("tool %s cannot be cancelled: %s", running.tool.name, place)

    # Workers

    def _call_worker(self, running: Running) -> None:
        """On the wire."""
        worker = self._scope.worker_of(running.world)
        if running.context.cancelled.is_set():
            self._arrival.finish(running, _cancelled(running))
        elif worker is None:
            _log.error("tool %s cannot run: there is no worker %r", running.tool.name, running.world)
            text = answers.no_worker(running.tool.name)
            self._arrival.finish(running, ToolResult(Outcome.BUSY, text, is_error=True))
        else:
            running.remote = asyncio.get_running_loop().create_task(self._await_worker(running, worker))

    async def _await_worker(self, running: Running, worker: Worker) -> None:
        result = await delegate(worker, running.tool, running.arguments or {}, running.context)
        self._arrival.finish(running, result)


def _cancelled(running: Running) -> ToolResult:
    return ToolResult(Outcome.CANCELLED, answers.cancelled(running.tool.name), is_error=True)


def _awaited(pending: Awaitable[ToolResult]) -> Awaitable[ToolResult]:
    return pending


def _where(thread_id: int | None) -> str:
    """Where a loop's thread is right now, for the log: the file, line and function that hold it up."""
    frame = sys._current_frames().get(thread_id) if thread_id is not None else None
    if frame is None:
        return "the loop it runs on did not turn"
    place = traceback.extract_stack(frame)[-1]
    return f"its loop is held up in {place.name} ({place.filename}:{place.lineno})"
