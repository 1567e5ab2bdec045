"""Running one tool in a worker that is not this process, and reading how that ended."""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import Any

from agentframework.errors import (
    ArgumentsError,
    EngineDown,
    ResultError,
    ToolCrashed,
    ToolDefinitionError,
    ToolError,
    ToolFailed,
    ToolTimeout,
)
from agentframework.protocol.ledger import Outcome
from agentframework.session import answers
from agentframework.session.execution import ToolResult
from agentframework.tools.context import ToolContext
from agentframework.tools.tool import Tool
from agentframework.workers.base import CallContext, ToolSpec, Worker
from agentframework.workers.threads import PoolFullError

__all__ = ["delegate"]

_log = logging.getLogger("agentframework.tools")


async def delegate(
    worker: Worker, tool: Tool[..., Any], arguments: dict[str, Any], context: ToolContext
) -> ToolResult:
    """Call `tool` with arguments that are checked. Raises nothing, not even on cancellation, which ends the tool."""
    name, owner = tool.name, tool.owner or "the program"
    try:
        text = await worker.call(
            ToolSpec.of(tool),
            arguments,
            deadline=context.deadline,
            call_id=context.call_id,
            placement=tool.options.placement,
            idempotent=tool.options.idempotent,
            context=CallContext(
                context.session_id, context.conversation_id, context.idempotency_key, context.progress
            ),
        )
        return ToolResult(Outcome.OK, text, is_error=False)
    except ArgumentsError as error:
        return ToolResult(Outcome.BAD_ARGUMENTS, str(error), is_error=True)
    except ResultError as error:
        return ToolResult(Outcome.UNENCODABLE, str(error), is_error=True)
    except ToolError as error:
        return ToolResult(Outcome.TOOL_ERROR, str(error) or f"{name} failed.", is_error=True)
    except ToolTimeout:
        return ToolResult(Outcome.TIMEOUT, answers.no_time(name), is_error=True)
    except ToolCrashed as error:
        _log.error("tool %s of %s: %s", name, owner, error)
        return ToolResult(Outcome.WORKER_DIED, answers.worker_died(name), is_error=True)
    except PoolFullError as error:
        _log.warning("tool %s cannot run: %s", name, error)
        return ToolResult(Outcome.BUSY, answers.busy(name), is_error=True)
    except (EngineDown, ToolDefinitionError) as error:
        _log.error("tool %s of %s cannot run: %s", name, owner, error)
        return ToolResult(Outcome.BUSY, answers.no_worker(name), is_error=True)
    except ToolFailed as error:
        error_id = secrets.token_hex(4)
        trace = tool.without_sensitive(error.trace or str(error), arguments)
        _log.error("tool %s of %s failed (id %s)\n%s", name, owner, error_id, trace)
        return ToolResult(Outcome.EXCEPTION, answers.internal_error(name, error_id), is_error=True)
    except asyncio.CancelledError:
        return ToolResult(Outcome.CANCELLED, answers.cancelled(name), is_error=True)
    except Exception as error:  # noqa: BLE001 - a fault of the worker's, which may be anybody's
        error_id = secrets.token_hex(4)
        _log.error("the worker of tool %s of %s failed (id %s)", name, owner, error_id, exc_info=error)
        return ToolResult(Outcome.EXCEPTION, answers.internal_error(name, error_id), is_error=True)
