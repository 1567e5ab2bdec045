"""Calls that are checked and may not run at once: for an approval, their twin, silence, or what they need open."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from functools import partial

from agentframework.approval import ApprovalRequest
from agentframework.callbacks import Event, ToolCallsStopped
from agentframework.errors import ToolError
from agentframework.policy import Ask, Deny, Join, Replay, Run, Verdict
from agentframework.protocol.ledger import Outcome
from agentframework.session import answers
from agentframework.session.execution import ToolResult, failed
from agentframework.session.keeper import NotOpenedError
from agentframework.session.running import Running
from agentframework.session.scope import Scope

__all__ = ["Holding"]

_log = logging.getLogger("agentframework.tools")


class Holding:
    """Lives on the wire. `go` runs a call that waits for nothing any more, `finish` ends one that will not run."""

    def __init__(
        self,
        scope: Scope,
        go: Callable[[Running], None],
        finish: Callable[[Running, ToolResult], None],
        emit: Callable[[Event], None],
    ) -> None:
        self._scope = scope
        self._go = go
        self._finish = finish
        self._emit = emit

    def hold(self, running: Running, verdict: Verdict) -> None:
        """Do what the policy says of a call; one that may run waits for silence, and then for what it needs."""
        name = running.tool.name
        if running.over or running.context.cancelled.is_set():
            self._scope.twins.forget(running.call.tool_call_id)
            self._finish(running, ToolResult(Outcome.CANCELLED, answers.cancelled(name), is_error=True))
            return
        match verdict:
            case Run():
                running.decision = verdict.decision
                self._settle(running)
            case Ask():
                decided = partial(self._decide, running, verdict)
                running.approval = self._scope.approving.ask(self._request(running, verdict), decided)
            case Deny():
                self._deny(running, verdict)
            case Replay():
                running.decision = "replayed"
                self._finish(running, ToolResult(Outcome.OK, verdict.text, is_error=False))
            case Join():
                running.decision = "joined"
                self._scope.twins.wait(running.call.tool_call_id, partial(self._finish, running))

    def user_spoke(self, calls: Iterable[Running]) -> None:
        """A tool that asked for silence before it acts has not got it."""
        for running in list(calls):
            if running.tool.options.settle and not running.cleared:
                running.spoken_over = True
            if running.settling:
                self.release(running)
                text = answers.spoken_over(running.tool.name)
                self._finish(running, ToolResult(Outcome.INTERRUPTED, text, is_error=True))

    def release(self, running: Running) -> bool:
        """The call is given up; True where it was waiting here, so that it will certainly not run."""
        waited = self._scope.twins.forget(running.call.tool_call_id)
        waited = waited or not (
            running.holding is None and running.approval is None and running.opening is None
        )
        if running.approval is not None:
            running.approval.withdraw()
            running.approval = None
        if running.holding is not None:
            running.holding.cancel()
            running.holding = None
        if running.opening is not None:
            running.opening.cancel()
            running.opening = None
        running.settling = False
        return waited

    def _request(self, running: Running, ask: Ask) -> ApprovalRequest:
        tool, context = running.tool, running.context
        return ApprovalRequest(
            session_id=context.session_id,
            conversation_id=context.conversation_id,
            call_id=ask.call_id,
            tool=tool.name,
            owner=tool.owner,
            description=tool.description,
            risk=tool.options.risk,
            arguments=tool.masked(running.arguments),
            rule=ask.rule,
            timeout=ask.timeout,
            deadline=ask.deadline,
        )

    def _decide(self, running: Running, ask: Ask, approved: bool, why: str) -> None:
        """Somebody has said yes or no, or nobody has said anything in time."""
        running.approval = None
        running.spoken_over = False  # people talk while somebody is being asked
        assert running.attempt is not None
        verdict = self._scope.gate.conclude(ask, approved, running.attempt, time.monotonic(), why=why)
        self.hold(running, verdict)

    def _deny(self, running: Running, verdict: Deny) -> None:
        running.decision = verdict.reason
        tool = running.tool
        if verdict.kind != "runaway" or verdict.is_first:
            owner = tool.owner or "the program"
            _log.warning("tool %s of %s was not run: %s", tool.name, owner, verdict.reason)
        if verdict.is_first:
            self._emit(ToolCallsStopped(tool.name, tool.owner, verdict.reason))
        outcome = Outcome.DENIED if verdict.kind == "denied" else Outcome.LIMITED
        self._finish(running, ToolResult(outcome, verdict.text, is_error=True))

    def _settle(self, running: Running) -> None:
        delay = running.tool.options.settle
        if not delay:
            self._clear(running)
            return
        if running.spoken_over:
            text = answers.spoken_over(running.tool.name)
            self._finish(running, ToolResult(Outcome.INTERRUPTED, text, is_error=True))
            return
        running.settling = True
        running.holding = asyncio.get_running_loop().call_later(delay, self._clear, running)

    def _clear(self, running: Running) -> None:
        running.holding = None
        running.settling = False
        if running.tool.resources:
            running.opening = asyncio.get_running_loop().create_task(self._open(running))
        else:
            self._run(running)

    async def _open(self, running: Running) -> None:
        try:
            await self._scope.lifespans.open(running.tool)
        except (NotOpenedError, ToolError) as error:
            running.opening = None
            self._finish(running, failed(running.tool, error))
        else:
            running.opening = None
            self._run(running)

    def _run(self, running: Running) -> None:
        running.cleared = True
        self._go(running)
