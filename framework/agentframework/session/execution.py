"""Running one tool, from the arguments as they were sent to the text that answers; nothing escapes."""

from __future__ import annotations

import asyncio
import inspect
import logging
import secrets
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

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
    """How a tool ended, in text."""

    outcome: Outcome
    text: str
    is_error: bool


def read(tool: AnyTool, parameters: object) -> dict[str, Any] | ToolResult:
    """The arguments of a call, checked and where needed repaired, or how it ended there. Never raises."""
    try:
        return tool.read_arguments(parameters)
    except BaseException as error:  # noqa: BLE001 - whatever a schema makes of it has its answer
        return failed(tool, error)


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
            return _conclude(tool, value)
        return _encoded(tool, value)
    except BaseException as error:  # noqa: BLE001 - whatever a tool raises has its answer
        return failed(tool, error)


async def execute_async(tool: AnyTool, arguments: dict[str, Any], context: ToolContext) -> ToolResult:
    """Bind, call, await and encode, on the running loop. Raises nothing, not even on cancellation."""
    try:
        args, kwargs = tool.bind(arguments, context)
        return await _conclude(tool, tool.handler(*args, **kwargs))
    except BaseException as error:  # noqa: BLE001 - whatever a tool raises has its answer
        return failed(tool, error)


async def _conclude(tool: AnyTool, pending: object) -> ToolResult:
    try:
        value = await pending if inspect.isawaitable(pending) else pending
        return _encoded(tool, value)
    except BaseException as error:  # noqa: BLE001 - whatever a tool raises has its answer
        return failed(tool, error)


def _encoded(tool: AnyTool, value: object) -> ToolResult:
    encoded = encode_result(value)
    if not encoded.is_error:
        return ToolResult(Outcome.OK, encoded.text, is_error=False)
    _log.error(
        "tool %s of %s returned a %s, which could not be sent", tool.name, _owner(tool), type(value).__name__
    )
    return ToolResult(Outcome.UNENCODABLE, encoded.text, is_error=True)


def failed(tool: AnyTool, error: BaseException) -> ToolResult:
    """How a call ended that raised. Never raises."""
    try:
        return _told(tool, error)
    except Exception as second:  # noqa: BLE001 - an error that cannot even be turned into text
        return _neutral(tool, second)


def _told(tool: AnyTool, error: BaseException) -> ToolResult:
    if isinstance(error, ArgumentsError):
        if error.__cause__ is not None:
            _log.error(
                "a validator of tool %s of %s failed", tool.name, _owner(tool), exc_info=error.__cause__
            )
        return ToolResult(Outcome.BAD_ARGUMENTS, str(error), is_error=True)
    if isinstance(error, ToolError):
        return ToolResult(Outcome.TOOL_ERROR, str(error) or f"{tool.name} failed.", is_error=True)
    if isinstance(error, NotOpenedError):  # the log has it, with the cause, from the one who tried
        return ToolResult(Outcome.EXCEPTION, answers.internal_error(tool.name, error.error_id), is_error=True)
    if isinstance(error, asyncio.CancelledError | GeneratorExit):  # or its loop is gone and it with it
        return ToolResult(Outcome.CANCELLED, answers.cancelled(tool.name), is_error=True)
    return _neutral(tool, error)


def _neutral(tool: AnyTool, error: BaseException) -> ToolResult:
    error_id = secrets.token_hex(4)
    _log.error("tool %s of %s failed (id %s)", tool.name, _owner(tool), error_id, exc_info=error)
    return ToolResult(Outcome.EXCEPTION, answers.internal_error(tool.name, error_id), is_error=True)


def _owner(tool: AnyTool) -> str:
    return tool.owner or "the program"
