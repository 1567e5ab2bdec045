"""The worker whose tools run in processes of their own, which can be ended at any time, whatever the tool does."""

from __future__ import annotations

import asyncio
import atexit
import os
import sys
import time
import weakref
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from agentframework.errors import EngineDown, ToolCrashed, ToolDefinitionError, ToolTimeout
from agentframework.workers.base import NO_CONTEXT, NO_PLACEMENT, CallContext, ToolSpec, Worker, WorkerHealth
from agentframework.workers.groups import Counts, Group, ProcessGroup
from agentframework.workers.nursery import Nursery
from agentframework.workers.slots import Job

__all__ = ["ProcessGroup", "ProcessWorker"]

DEFAULT_GROUP: Final = "default"
_TOO_MANY_ENDS: Final = 3
_STOP_SECONDS: Final = 3.0
_EXIT_SECONDS: Final = 2.0
_STOPPED: Final = "the process worker is stopped"


class ProcessWorker(Worker):
    """Runs each call in one of a group's processes, which is killed with all it has started at the call's deadline.

    `groups` are by name, "default" for tools whose placement names none; `preload` are tools that processes have
    imported before they start; at most `queue` calls of a group wait. Making one starts nothing, and the first call
    starts all that is needed; `start` does so in advance. It needs `fork`, so it does not work on Windows.
    """

    def __init__(
        self,
        groups: Mapping[str, ProcessGroup] | None = None,
        *,
        preload: Sequence[ToolSpec] = (),
        queue: int = 1024,
    ) -> None:
        self._counts = Counts()
        self._options = {DEFAULT_GROUP: ProcessGroup(), **(groups or {})}
        self._queue = queue
        self._preloaded: dict[ToolSpec, None] = {}
        self._numbers: dict[ToolSpec, int] = {}
        self._is_stopped = False
        self._reset()
        self._preload(preload)
        _workers.add(self)

    def _reset(self) -> None:
        self._groups = {
            name: Group(name, options, self._queue, self._counts) for name, options in self._options.items()
        }
        self._loop: asyncio.AbstractEventLoop | None = None
        self._nursery: Nursery | None = None
        self._gone: asyncio.Future[None] | None = None
        self._ends = 0

    async def start(self, tools: Sequence[ToolSpec] = ()) -> None:
        """Start all processes of all groups, with these tools imported, and wait for them.

        Tools that come after the first start are imported by each process when it is first asked for them.
        """
        self._preload(tools)
        self._is_stopped = False
        self._adopt(asyncio.get_running_loop())
        await asyncio.gather(*(group.ready() for group in self._groups.values()))

    async def stop(self) -> None:
        self._is_stopped = True
        nursery, gone = self._nursery, self._gone
        if nursery is None:
            return
        for group in self._groups.values():
            group.detach(_STOPPED, is_fatal=True)
        nursery.stop()
        if gone is not None and self._loop is asyncio.get_running_loop():
            await asyncio.wait([gone], timeout=_STOP_SECONDS)
        nursery.join(0.0)
        if self._nursery is nursery:
            self._reset()

    def health(self) -> WorkerHealth:
        groups = list(self._groups.values())
        problem = next((group.problem for group in groups if group.problem), "")
        if self._is_stopped:
            problem = _STOPPED
        return WorkerHealth(
            is_up=not problem,
            size=sum(options.processes for options in self._options.values()),
            busy=sum(group.busy for group in groups),
            waiting=sum(len(group.waiting) for group in groups),
            calls=self._counts.calls,
            timed_out=self._counts.timed_out,
            crashed=self._counts.crashed,
            problem=problem,
        )

    def check(self, tool: ToolSpec, placement: Mapping[str, object]) -> None:
        others = sorted(placement.keys() - {"group"})
        if others:
            raise ToolDefinitionError(
                tool.name,
                f"the process worker knows no placement by {', '.join(others)}",
                owner=tool.owner,
                fix='a placement is {"group": "NAME"}',
            )
        name = placement.get("group", DEFAULT_GROUP)
        if name not in self._options:
            raise ToolDefinitionError(
                tool.name,
                f"there is no group {name!r} of processes",
                owner=tool.owner,
                fix=f"groups are {', '.join(self._options)}; [workers.groups.{name}] would make it",
            )

    async def call(
        self,
        tool: ToolSpec,
        params: dict[str, Any],
        *,
        deadline: float,
        call_id: str,
        placement: Mapping[str, object] = NO_PLACEMENT,
        idempotent: bool | None = None,
        context: CallContext = NO_CONTEXT,
    ) -> str:
        if self._is_stopped:
            raise EngineDown(_STOPPED)
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._adopt(loop)
        group = self._groups.get(str(placement.get("group", DEFAULT_GROUP)))
        if group is None:
            raise EngineDown(f"there is no group {placement['group']!r} of processes")
        self._counts.calls += 1
        number = self._numbers.setdefault(tool, len(self._numbers))
        job = Job(tool, number, params, call_id, deadline, context, loop.create_future())
        try:
            return await _run(group, job, loop)
        except ToolCrashed as error:
            if not idempotent or error.out_of_memory or time.monotonic() >= deadline:
                raise
        return await _run(
            group, Job(tool, number, params, call_id, deadline, context, loop.create_future()), loop
        )

    def _preload(self, tools: Sequence[ToolSpec]) -> None:
        self._preloaded.update(dict.fromkeys(tools))

    def _adopt(self, loop: asyncio.AbstractEventLoop) -> None:
        """Serve the calls of this loop; what served one that has ended is left behind."""
        if self._loop is loop:
            return
        if self._loop is not None:
            if not self._loop.is_closed():
                raise EngineDown("the process worker serves the calls of another event loop")
            if self._nursery is not None:
                self._nursery.stop()
            for group in self._groups.values():
                group.forget()
            self._reset()
        if sys.platform == "win32":
            raise EngineDown(
                'worker processes need fork, which Windows has not; run the tool with worker = "thread"'
            )
        self._loop = loop
        self._gone = loop.create_future()
        nursery = Nursery(list(self._preloaded), partial(self._post, loop, self._gone))
        self._nursery = nursery
        nursery.start()

    def _post(
        self, loop: asyncio.AbstractEventLoop, gone: asyncio.Future[None], message: dict[str, Any]
    ) -> None:
        """From the nursery's thread into the loop."""
        try:
            loop.call_soon_threadsafe(self._hear, gone, message)
        except RuntimeError:
            return  # the loop has ended, and nobody listens

    def _hear(self, gone: asyncio.Future[None], message: dict[str, Any]) -> None:
        if "gone" in message:
            if not gone.done():
                gone.set_result(None)
        elif gone is not self._gone or self._nursery is None or self._loop is None:
            return  # the last words of one that was left behind
        elif "ended" in message:
            for group in self._groups.values():
                group.slot_has_ended(message["ended"], message["code"])
        elif "up" in message:
            self._ends = 0
            for group in self._groups.values():
                group.attach(self._nursery, self._loop)
        elif "down" in message:
            self._ends += 1
            reason = f"the process that starts workers has ended: {message['down']}"
            for group in self._groups.values():
                group.detach(reason, is_fatal=self._ends >= _TOO_MANY_ENDS)

    def _forget(self) -> None:
        """In a forked copy of this process: the workers are the other one's."""
        if self._nursery is not None:
            self._nursery.forget()
        for group in self._groups.values():
            group.forget()
        self._reset()

    def _exit(self) -> None:
        if self._nursery is not None:
            self._nursery.stop()
            self._nursery.join(_EXIT_SECONDS)


async def _run(group: Group, job: Job, loop: asyncio.AbstractEventLoop) -> str:
    left = job.deadline - time.monotonic()
    if left <= 0:
        raise ToolTimeout(job.tool.name, "could not begin by its deadline")
    job.timer = loop.call_later(left, group.expire, job)
    try:
        group.submit(job)
        return await job.future
    finally:
        if job.timer is not None:  # it was cancelled, or not taken in
            job.timer.cancel()
            group.give_up(job)


_workers: weakref.WeakSet[ProcessWorker] = weakref.WeakSet()


def _exit_all() -> None:
    for worker in list(_workers):
        worker._exit()


def _forget_all() -> None:
    for worker in list(_workers):
        worker._forget()


atexit.register(_exit_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
