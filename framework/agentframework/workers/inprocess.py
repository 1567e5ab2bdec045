"""The worker whose tools run in the runtime's own process: plain functions on threads, coroutines on the loop."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from agentframework.errors import ArgumentsError, EngineDown, ResultError, ToolError, ToolFailed, ToolTimeout
from agentframework.tools.context import ToolContext
from agentframework.tools.results import encode_result
from agentframework.tools.tool import Tool
from agentframework.workers.base import NO_CONTEXT, NO_PLACEMENT, CallContext, ToolSpec, Worker, WorkerHealth
from agentframework.workers.descriptions import text_of, trace_of, type_name_of
from agentframework.workers.hosts import distant_context
from agentframework.workers.threads import ThreadPool

__all__ = ["InProcessWorker"]

_STOPPED = "the worker is stopped"


class InProcessWorker(Worker):
    """Runs plain functions in `pool` and coroutines on the loop of the call.

    It can end no thread: a plain function that does not look at `context.cancelled` goes on after its deadline, and
    what takes the process with it takes the runtime.
    """

    def __init__(self, pool: ThreadPool) -> None:
        self._pool = pool
        self._tools: dict[ToolSpec, Tool[..., Any]] = {}
        self._outcomes: set[asyncio.Future[str]] = set()
        self._is_stopped = False
        self._calls = self._timed_out = 0

    async def start(self, tools: Sequence[ToolSpec] = ()) -> None:
        self._is_stopped = False
        for tool in tools:
            self._load(tool)

    async def stop(self) -> None:
        self._is_stopped = True
        for outcome in list(self._outcomes):
            if not outcome.done():
                outcome.set_exception(EngineDown(_STOPPED))
        await asyncio.sleep(0)  # those who wait hear of it, and give their calls up

    def health(self) -> WorkerHealth:
        waiting = self._pool.waiting
        return WorkerHealth(
            is_up=not self._is_stopped,
            size=self._pool.size,
            busy=len(self._outcomes) - waiting,
            waiting=waiting,
            calls=self._calls,
            timed_out=self._timed_out,
            crashed=0,
            problem=_STOPPED if self._is_stopped else "",
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
        left = deadline - time.monotonic()
        self._calls += 1
        if left <= 0:
            self._timed_out += 1
            raise ToolTimeout(tool.name, "could not begin by its deadline")
        loop = asyncio.get_running_loop()

        def progress(text: str) -> None:
            loop.call_soon_threadsafe(partial(context.on_progress, text))

        loaded = self._load(tool)
        taken = replace(context, on_progress=progress)
        run = _Run(loaded, params, distant_context(loaded, call_id, deadline, taken), loop)
        self._outcomes.add(run.outcome)
        try:
            run.begin(self._pool)
            await asyncio.wait([run.outcome], timeout=left)
            if run.outcome.done():
                return run.outcome.result()
            self._timed_out += 1
            problem = "had not ended by its deadline" if run.has_begun else "could not begin by its deadline"
            raise ToolTimeout(tool.name, problem)
        finally:
            self._outcomes.discard(run.outcome)
            run.give_up()

    def _load(self, tool: ToolSpec) -> Tool[..., Any]:
        loaded = self._tools.get(tool)
        if loaded is None:
            loaded = self._tools[tool] = tool.load()
        return loaded


class _Run:
    """One call: on a thread, on the loop, or first there and then here."""

    def __init__(
        self,
        tool: Tool[..., Any],
        params: dict[str, Any],
        context: ToolContext,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.outcome: asyncio.Future[str] = loop.create_future()
        self._tool = tool
        self._params = params
        self._context = context
        self._loop = loop
        self._task: asyncio.Task[None] | None = None
        self._abandon: Callable[[], object] = lambda: None
        self._has_begun: Callable[[], bool] = lambda: True

    @property
    def has_begun(self) -> bool:
        """Whether the tool's code has begun."""
        return self._has_begun()

    def begin(self, pool: ThreadPool) -> None:
        """Begin, or wait for a thread."""
        if self._tool.is_async:
            self._await(self._called)
        else:
            ticket = pool.submit(self._on_thread)
            self._abandon = ticket.abandon
            self._has_begun = lambda: ticket.started

    def give_up(self) -> None:
        """Nobody waits for it, or it is done."""
        if not self.outcome.done():
            self.outcome.cancel()
        elif not self.outcome.cancelled():
            self.outcome.exception()  # it is seen, though nobody may have awaited it
        self._context.cancelled.set()
        self._abandon()
        if self._task is not None:
            self._task.cancel()

    async def _called(self) -> Any:
        args, kwargs = self._tool.bind(self._params, self._context)
        value = self._tool.handler(*args, **kwargs)
        return await value if inspect.isawaitable(value) else value

    def _on_thread(self) -> None:
        try:
            args, kwargs = self._tool.bind(self._params, self._context)
            value = self._tool.handler(*args, **kwargs)
            if inspect.isawaitable(value):
                self._post(lambda: self._await(lambda: value))
                return
            text = self._encoded(value)
        except BaseException as error:  # noqa: BLE001 - whatever a tool raises is its call's end
            self._fail(error)
        else:
            self._post(lambda: self._settle(text))

    def _await(self, begin: Callable[[], Awaitable[Any]]) -> None:
        async def awaited() -> None:
            try:
                text = self._encoded(await begin())
            except asyncio.CancelledError:
                raise
            except BaseException as error:  # noqa: BLE001 - SystemExit too, or it would end the loop
                self._fail(error)
            else:
                self._settle(text)

        self._task = self._loop.create_task(awaited())

    def _encoded(self, value: object) -> str:
        encoded = encode_result(value)
        if encoded.is_error:
            raise ResultError(encoded.text)
        return encoded.text

    def _fail(self, error: BaseException) -> None:
        if isinstance(error, ToolError | ArgumentsError):
            failure: Exception = error
        else:
            failure = ToolFailed(self._tool.name, type_name_of(error), text_of(error), trace_of(error))
        self._post(lambda: None if self.outcome.done() else self.outcome.set_exception(failure))

    def _settle(self, text: str) -> None:
        if not self.outcome.done():
            self.outcome.set_result(text)

    def _post(self, job: Callable[[], object]) -> None:
        try:
            self._loop.call_soon_threadsafe(job)
        except RuntimeError:
            return  # the loop has ended, and nobody waits
