"""Running one tool, from the arguments as they were sent to the text that answers; nothing escapes."""

from __future__ import annotations

import asyncio
import inspect
import logging
import secrets
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Generator
from dataclasses import dataclass
from functools import partial
from typing import Any

from agentframework.cleaning import clean
from agentframework.errors import ArgumentsError, ToolError
from agentframework.protocol.ledger import Outcome
from agentframework.session import answers
from agentframework.session.keeper import NotOpenedError
from agentframework.tools.context import ToolContext
from agentframework.tools.results import encode_result
from agentframework.tools.tool import Tool

__all__ = ["ToolResult", "execute", "execute_async", "failed", "read"]

_log = logging.getLogger("agentframework.tools")

AnyTool = Tool[..., Any]


@dataclass(frozen=True, slots=True)
class ToolResult:
    """How a tool ended, in text; what nobody sees in it and what steers a terminal is taken out where it is made."""

    outcome: Outcome
    text: str
    is_error: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean(self.text))


def read(tool: AnyTool, parameters: object) -> dict[str, Any] | ToolResult:
    """The arguments of a call, checked and where needed repaired, or how it ended there. Never raises."""
    try:
        return tool.read_arguments(parameters)
    except BaseException as error:  # noqa: BLE001 - whatever a schema makes of it has its answer
        return failed(tool, error, parameters)


def execute(
    tool: AnyTool, arguments: dict[str, Any], context: ToolContext
) -> ToolResult | Awaitable[ToolResult]:
    """Bind, call and encode, on the calling thread. Never raises.

    A plain function may return an awaitable: then what comes back is to be awaited on the user's loop.
    """
    try:
        args, kwargs = tool.bind(arguments, context)
        value = tool.handler(*args, **kwargs)
        if inspect.isawaitable(value):
            return _Pending(partial(_conclude, tool, arguments, value), value)
        return _encoded(tool, value)
    except BaseException as error:  # noqa: BLE001 - whatever a tool raises has its answer
        return failed(tool, error, arguments)


def execute_async(tool: AnyTool, arguments: dict[str, Any], context: ToolContext) -> Awaitable[ToolResult]:
    """Bind, call, await and encode, on the loop that awaits it. Raises nothing, not even on cancellation."""
    return _Pending(partial(_call_async, tool, arguments, context))


class _Pending:
    """What is to be awaited, and may not be: its call is cancelled before that, or its loop is gone.

    Then nothing was begun but what a plain function has returned, which is closed, or Python would complain of it.
    """

    def __init__(self, begin: Callable[[], Coroutine[Any, Any, ToolResult]], unbegun: object = None) -> None:
        self._begin = begin
        self._unbegun = unbegun

    def __await__(self) -> Generator[Any, Any, ToolResult]:
        self._unbegun = None
        return self._begin().__await__()

    def __del__(self) -> None:
        if inspect.iscoroutine(self._unbegun):
            self._unbegun.close()


async def _call_async(tool: AnyTool, arguments: dict[str, Any], context: ToolContext) -> ToolResult:
    try:
        args, kwargs = tool.bind(arguments, context)
        return await _conclude(tool, arguments, tool.handler(*args, **kwargs))
    except BaseException as error:  # noqa: BLE001 - whatever a tool raises has its answer
        return failed(tool, error, arguments)


async def _conclude(tool: AnyTool, arguments: object, pending: object) -> ToolResult:
    try:
        value = await pending if inspect.isawaitable(pending) else pending
        return _encoded(tool, value)
    except BaseException as error:  # noqa: BLE001 - whatever a tool raises has its answer
        return failed(tool, error, arguments)


def _encoded(tool: AnyTool, value: object) -> ToolResult:
    encoded = encode_result(value)
    if not encoded.is_error:
        return ToolResult(Outcome.OK, encoded.text, is_error=False)
    _log.error(
        "tool %s of %s returned a %s, which could not be sent", tool.name, _owner(tool), type(value).__name__
    )
    return ToolResult(Outcome.UNENCODABLE, encoded.text, is_error=True)


def failed(tool: AnyTool, error: BaseException, arguments: object = None) -> ToolResult:
    """How a call with these arguments ended that raised. Never raises."""
    try:
        return _told(tool, error, arguments)
    except Exception as second:  # noqa: BLE001 - an error that cannot even be turned into text
        return _neutral(tool, second, arguments)


def _told(tool: AnyTool, error: BaseException, arguments: object) -> ToolResult:
    if isinstance(error, ArgumentsError):
        if error.__cause__ is not None:
            _log_error(
                f"a validator of tool {tool.name} of {_owner(tool)} failed", tool, error.__cause__, arguments
            )
        return ToolResult(Outcome.BAD_ARGUMENTS, str(error), is_error=True)
    if isinstance(error, ToolError):
        return ToolResult(Outcome.TOOL_ERROR, str(error) or f"{tool.name} failed.", is_error=True)
    if isinstance(error, NotOpenedError):  # the log has it, with the cause, from the one who tried
        return ToolResult(Outcome.EXCEPTION, answers.internal_error(tool.name, error.error_id), is_error=True)
    if isinstance(error, asyncio.CancelledError | GeneratorExit):  # or its loop is gone and it with it
        return ToolResult(Outcome.CANCELLED, answers.cancelled(tool.name), is_error=True)
    return _neutral(tool, error, arguments)


def _neutral(tool: AnyTool, error: BaseException, arguments: object) -> ToolResult:
    error_id = secrets.token_hex(4)
    _log_error(f"tool {tool.name} of {_owner(tool)} failed (id {error_id})", tool, error, arguments)
    return ToolResult(Outcome.EXCEPTION, answers.internal_error(tool.name, error_id), is_error=True)


def _log_error(said: str, tool: AnyTool, error: BaseException, arguments: object) -> None:
    """With the traceback; where arguments are marked sensitive as a text, and without their values."""
    if tool.sensitive:
        trace = "".join(traceback.format_exception(error)).rstrip()
        _log.error("%s\n%s", said, tool.without_sensitive(trace, arguments))
    else:
        _log.error("%s", said, exc_info=error)


def _owner(tool: AnyTool) -> str:
    return tool.owner or "the program"
