"""What stands behind a call that runs away from its session: what was taken along."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, TypeVar

from agentframework.tools.context import LazyEvent, ToolContext
from agentframework.tools.resource import Resource
from agentframework.tools.tool import Tool
from agentframework.workers.base import CallContext

__all__ = ["distant_context"]

T = TypeVar("T")


def distant_context(tool: Tool[..., Any], call_id: str, deadline: float, taken: CallContext) -> ToolContext:
    """The context of a call in a worker. `taken.on_progress` is called on the thread of the tool."""
    return ToolContext(
        conversation_id=taken.conversation_id,
        call_id=call_id,
        tool_name=tool.name,
        deadline=deadline,
        cancelled=LazyEvent(),
        settings=tool.settings,
        owner=tool.owner,
        _host=_DistantHost(taken),
    )


class _DistantHost:
    def __init__(self, taken: CallContext) -> None:
        self._taken = taken

    @property
    def session_id(self) -> str:
        return self._taken.session_id

    def state_of(self, context: ToolContext) -> MutableMapping[str, Any]:
        raise RuntimeError(
            f"{context.tool_name} runs in a worker, where the session's state is not: "
            'run it with worker = "thread", or keep the state in a database'
        )

    def progress(self, context: ToolContext, text: str) -> None:
        self._taken.on_progress(str(text))

    def idempotency_key(self, context: ToolContext) -> str:
        return self._taken.idempotency_key

    def resource(self, context: ToolContext, resource: Resource[T]) -> T:
        raise LookupError(f"{resource.name} is not open: {context.tool_name} runs in a worker")
