"""What every kind of worker does: it runs one checked call at a time by its deadline, wherever that may be."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from agentframework.errors import ToolDefinitionError
from agentframework.workers.toolspec import ToolSpec

__all__ = ["CallContext", "ToolSpec", "Worker", "WorkerHealth"]

NO_PLACEMENT: Mapping[str, object] = MappingProxyType({})


def _ignored(text: str) -> None:
    """What becomes of progress that nobody asked for."""


@dataclass(frozen=True, slots=True)
class CallContext:
    """What a tool's `ToolContext` says of the call, as far as it can be taken along.

    `on_progress` receives what the tool says of its progress, on the loop of `Worker.call`; it must not block.
    """

    session_id: str = ""
    conversation_id: str = ""
    idempotency_key: str = ""
    on_progress: Callable[[str], None] = field(default=_ignored, repr=False)


NO_CONTEXT = CallContext()


@dataclass(frozen=True, slots=True)
class WorkerHealth:
    """How a worker is now, and what it has been through since it was made."""

    is_up: bool
    """Whether a call would be run now."""
    size: int
    """How many calls can run at once; 0 where that is not known."""
    busy: int
    """How many run."""
    waiting: int
    """How many wait for their turn."""
    calls: int
    """How many were taken in so far."""
    timed_out: int
    """How many of these were ended at their deadlines."""
    crashed: int
    """How many of these took their processes with them."""
    problem: str = ""
    """Why it is not up, if it is not."""


class Worker(ABC):
    """A place where tools run: processes on this machine, or a cluster. Write a subclass to bring another one.

        class HerePlain(Worker):
            async def start(self, tools): ...
            async def call(self, tool, params, *, deadline, call_id, **others):
                handler = tool.load().handler
                return str(handler(**params))

    All methods are called on one event loop, and none may block it. Its constructor starts nothing. What it receives
    was checked, repaired and permitted; what it answers is text. `agentframework.testing.check_worker` runs the
    cases that each worker has to pass.
    """

    @abstractmethod
    async def start(self, tools: Sequence[ToolSpec] = ()) -> None:
        """Make ready, with these tools loaded in advance; not needed, for the first call does what is needed.

        Done when a call would begin at once. May be called again, with more tools. Raises `EngineDown`.
        """

    @abstractmethod
    async def stop(self) -> None:
        """End: calls that wait or run raise `EngineDown`, and no process stays. Takes seconds at most.

        May be repeated. Afterwards each call raises `EngineDown`, until `start` is called.
        """

    @abstractmethod
    def health(self) -> WorkerHealth:
        """How the worker is. Never blocks, never raises; from any thread."""

    def check(self, tool: ToolSpec, placement: Mapping[str, object]) -> None:
        """Look whether a tool could run here, without running it; called when tools are loaded.

        Raises `ToolDefinitionError` for a tool or a placement that cannot be meant. Unless overridden, every tool
        can run here, and no placement is known.
        """
        if placement:
            raise ToolDefinitionError(tool.name, "its worker knows no placement", owner=tool.owner)

    @abstractmethod
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
        """Run one call and give the text that answers it, as `encode_result` makes it.

        `deadline` is a value of `time.monotonic()`; all the time that passes counts, in a queue too. `idempotent` is
        the tool's option: only where it is True may a call whose process died be run again. To cancel a call is to
        cancel the task that awaits it: the tool is stopped if it can be, and never answers.

        Raises `ToolError` where the tool did (`ResultError` where its result has no text form), `ArgumentsError`
        where a validator of its author refuses, `ToolTimeout` at the deadline, `ToolCrashed` where its process died,
        `EngineDown` where the worker cannot run it, `PoolFullError` where too many calls wait, and `ToolFailed` for
        all else that it raised, which is for the log and not for the model.
        """
