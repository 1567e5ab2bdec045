"""Calls that are checked and may not run at once: they wait for silence, or for what they need to be open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from agentframework.errors import ToolError
from agentframework.protocol.ledger import Outcome
from agentframework.session import answers
from agentframework.session.execution import ToolResult, failed
from agentframework.session.keeper import NotOpenedError
from agentframework.session.lifespans import Lifespans
from agentframework.session.running import Running

__all__ = ["Holding"]


class Holding:
    """Lives on the wire. `go` runs a call that waits for nothing any more, `finish` ends one that will not run."""

    def __init__(
        self,
        lifespans: Lifespans,
        go: Callable[[Running], None],
        finish: Callable[[Running, ToolResult], None],
    ) -> None:
        self._lifespans = lifespans
        self._go = go
        self._finish = finish

    def hold(self, running: Running) -> None:
        """Wait for silence, for as long as the tool has asked for, and then for what it needs."""
        if running.context.cancelled.is_set():
            text = answers.cancelled(running.tool.name)
            self._finish(running, ToolResult(Outcome.CANCELLED, text, is_error=True))
            return
        self._settle(running)

    def user_spoke(self, calls: Iterable[Running]) -> None:
        """A tool that asked for silence before it acts has not got it."""
        for running in list(calls):
            if running.settling:
                text = answers.spoken_over(running.tool.name)
                self._finish(running, ToolResult(Outcome.INTERRUPTED, text, is_error=True))

    def release(self, running: Running) -> bool:
        """The call is given up; True where it was waiting here, so that it will certainly not run."""
        waited = running.holding is not None or running.settling or running.opening is not None
        if running.holding is not None:
            running.holding.cancel()
            running.holding = None
        if running.opening is not None:
            running.opening.cancel()
            running.opening = None
        running.settling = False
        return waited

    def _settle(self, running: Running) -> None:
        delay = running.tool.options.settle
        if not delay:
            self._clear(running)
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
            await self._lifespans.open(running.tool)
        except (NotOpenedError, ToolError) as error:
            running.opening = None
            self._finish(running, failed(running.tool, error))
        else:
            running.opening = None
            self._run(running)

    def _run(self, running: Running) -> None:
        running.cleared = True
        self._go(running)
