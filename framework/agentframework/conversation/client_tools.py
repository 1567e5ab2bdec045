"""The SDK's registry of client tools."""

from __future__ import annotations

import asyncio
import inspect
import math
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Unpack, overload

from agentframework.errors import DuplicateToolError
from agentframework.tools.context import ToolContext
from agentframework.tools.options import ToolOptions
from agentframework.tools.registry import ToolRegistry
from agentframework.tools.tool import Tool

__all__ = ["PROGRAM", "ClientTools"]

PROGRAM = "the program"
"""The owner of what the program itself brings, as messages name it."""

_ANY_OBJECT: dict[str, Any] = {"type": "object"}

Object = dict[str, Any]
Handler = Callable[[Object], Any]


class ClientTools:
    """Tools of a program, registered by name, for any number of conversations, one after another or at once.

    A handler gets one dict: the arguments as the agent sent them, and `tool_call_id`, unless the agent itself sent
    an argument of that name. Plain handlers run in worker threads; those that are `async def`, whether `is_async`
    says so or not, on `loop`, or where none is given on the loop of the conversation that calls them.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.loop = loop
        self._registry = ToolRegistry()

    @property
    def registry(self) -> ToolRegistry:
        """The tools that are registered so far."""
        return self._registry

    def start(self) -> None:
        """Nothing to do: conversations bring their threads. Kept for programs that call it."""

    def stop(self) -> None:
        """Nothing to undo: the tools stay registered. Kept for programs that call it."""

    @overload
    def register(self, tool_name: Tool[..., Any]) -> None: ...
    @overload
    def register(self, tool_name: str, handler: Tool[..., Any]) -> None: ...
    @overload
    def register(
        self,
        tool_name: str,
        handler: Handler,
        is_async: bool = False,
        *,
        parameters: Mapping[str, Any] | None = None,
        **options: Unpack[ToolOptions],
    ) -> None: ...
    def register(
        self,
        tool_name: str | Tool[..., Any],
        handler: Handler | Tool[..., Any] | None = None,
        is_async: bool = False,
        *,
        parameters: Mapping[str, Any] | None = None,
        **options: Unpack[ToolOptions],
    ) -> None:
        """Offer `handler` under `tool_name`, or a `Tool` under its own name or another one.

        With `parameters`, a JSON Schema, arguments are checked (and where needed repaired) before the handler gets
        them; a `Tool` has its own schema and takes its arguments as it declares them. `is_async` says of a handler
        that is no `async def` that it must be called on the loop. `options` say how it is run, as those of `tool` do:
        `timeout`, `risk`, `serial` and the others; a `Tool` has its own.

        Raises ValueError where the handler cannot be called or the name is taken, and `ToolDefinitionError` where the
        agent could never call such a name, or the schema or an option cannot be used.
        """
        tool = self._made(tool_name, handler, is_async, parameters, options)
        try:
            self._registry.add(tool, owner=tool.owner or PROGRAM)
        except DuplicateToolError as error:
            raise ValueError(f"tool {tool.name!r} is registered already") from error

    async def handle(self, tool_name: str, parameters: Object) -> Any:
        """What the tool returns for these parameters: for a program's own tests. Plain tools run in a thread.

        Raises ValueError where no tool has the name, `ArgumentsError` where the parameters do not fit, LookupError
        for a tool with a `Resource`, since there is no conversation that would open it, and what the tool raises.
        """
        tool = self._registry.get(tool_name)
        if tool is None:
            raise ValueError(f"tool {tool_name!r} is not registered")
        sent = dict(parameters)
        context = ToolContext(
            conversation_id="",
            call_id=str(sent.pop("tool_call_id", "")),
            tool_name=tool.name,
            deadline=math.inf,
            cancelled=threading.Event(),
        )
        args, kwargs = tool.bind(tool.read_arguments(sent), context)
        if tool.is_async:
            return await tool.handler(*args, **kwargs)
        result = await asyncio.to_thread(tool.handler, *args, **kwargs)
        return await result if inspect.isawaitable(result) else result

    def _made(
        self,
        name: str | Tool[..., Any],
        handler: Handler | Tool[..., Any] | None,
        is_async: bool,
        parameters: Mapping[str, Any] | None,
        options: ToolOptions,
    ) -> Tool[..., Any]:
        offered = name if isinstance(name, Tool) else handler
        if isinstance(offered, Tool):
            if parameters is not None or options or (isinstance(name, Tool) and handler is not None):
                raise ValueError(f"tool {offered.name!r} brings its own handler, schema and options")
            return offered if isinstance(name, Tool) else offered.with_name(name)
        if isinstance(name, Tool) or not callable(handler):
            raise ValueError(f"the handler of {name!r} must be callable")
        schema = _ANY_OBJECT if parameters is None else parameters
        return Tool(name, self._adapted(handler, is_async), parameters=schema, owner=PROGRAM, **options)

    def _adapted(self, handler: Handler, is_async: bool) -> Callable[..., Any]:
        """The handler with its dict made from arguments and call id; what the agent itself sent wins.

        The long name is one that no schema gives to an argument: by it the arguments are passed as one dict.
        """

        def call(context: ToolContext, arguments_of_this_call: Object, /) -> Any:
            result = handler(_with_call_id(context, arguments_of_this_call))
            return self._on_loop(result) if inspect.isawaitable(result) else result

        async def acall(context: ToolContext, arguments_of_this_call: Object, /) -> Any:
            sent = _with_call_id(context, arguments_of_this_call)
            if self.loop is not None:
                return await self._on_loop(_called(handler, sent))
            result = handler(sent)
            return await result if inspect.isawaitable(result) else result

        return acall if is_async or inspect.iscoroutinefunction(handler) else call

    async def _on_loop(self, pending: Awaitable[Any]) -> Any:
        if self.loop is None or self.loop is asyncio.get_running_loop():
            return await pending
        bridge = _awaited(pending)
        try:
            future = asyncio.run_coroutine_threadsafe(bridge, self.loop)
        except RuntimeError:
            bridge.close()
            if inspect.iscoroutine(pending):
                pending.close()
            raise
        return await asyncio.wrap_future(future)


def _with_call_id(context: ToolContext, arguments: Object) -> Object:
    return {"tool_call_id": context.call_id, **arguments}


async def _called(handler: Handler, arguments: Object) -> Any:
    result = handler(arguments)
    return await result if inspect.isawaitable(result) else result


async def _awaited(pending: Awaitable[Any]) -> Any:
    return await pending
