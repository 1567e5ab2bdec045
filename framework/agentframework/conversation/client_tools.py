"""The SDK's registry of client tools."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from agentframework.errors import DuplicateToolError
from agentframework.tools.context import ToolContext
from agentframework.tools.registry import ToolRegistry
from agentframework.tools.tool import Tool

__all__ = ["ClientTools"]

_ANY_OBJECT: dict[str, Any] = {"type": "object"}


class ClientTools:
    """Tools of a program, registered by name, for any number of conversations, one after another or at once.

    A handler gets one dict: the arguments as the agent sent them, and `tool_call_id`, unless the agent itself sent
    an argument of that name. Plain handlers run in worker threads; those that are `async def`, whether `is_async`
    says so or not, on `loop`, or on a loop of ours where none is given.
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

    def register(self, tool_name: str, handler: Callable[[Object], Any], is_async: bool = False) -> None:
        """Offer `handler` under `tool_name`.

        Raises ValueError where the handler cannot be called, where it is said to be async and is not, or where
        the name is taken; `ToolDefinitionError` where the agent could never call such a name.
        """
        if not callable(handler):
            raise ValueError(f"the handler of {tool_name!r} must be callable")
        if is_async and not inspect.iscoroutinefunction(handler):
            raise ValueError(f"the handler of {tool_name!r} is said to be async, but is no async function")
        tool = Tool(tool_name, _with_call_id(handler), parameters=_ANY_OBJECT, owner="the program")
        try:
            self._registry.add(tool)
        except DuplicateToolError as error:
            raise ValueError(f"tool {tool_name!r} is registered already") from error


Object = dict[str, Any]


def _with_call_id(handler: Callable[[Object], Any]) -> Callable[..., Any]:
    """The handler with its dict made from arguments and call id; what the agent itself sent wins."""

    def call(context: ToolContext, arguments: Object) -> Any:
        return handler({"tool_call_id": context.call_id, **arguments})

    async def acall(context: ToolContext, arguments: Object) -> Any:
        return await handler({"tool_call_id": context.call_id, **arguments})

    return acall if inspect.iscoroutinefunction(handler) else call
