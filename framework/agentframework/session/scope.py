"""What all calls of a session share, whichever of its connections they came by."""

from __future__ import annotations

import contextvars
import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from agentframework.audit import AuditLog
from agentframework.policy import Attempt, Gate
from agentframework.session.approving import Approving
from agentframework.session.lifespans import Lifespans
from agentframework.session.places import SessionPlaces
from agentframework.session.twins import Twins
from agentframework.session.worlds import UserLoop
from agentframework.tools.context import ToolContext
from agentframework.tools.resource import Resource
from agentframework.workers.base import Worker
from agentframework.workers.threads import Share

__all__ = ["Scope"]

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Scope:
    """Made when a session starts; lives as long as it does. `worker_of` gives the worker of a name, None for none."""

    session_id: str
    share: Share
    places: SessionPlaces
    worker_of: Callable[[str], Worker | None]
    user: UserLoop
    variables: contextvars.Context
    gate: Gate
    approving: Approving
    audit: AuditLog | None
    twins: Twins = field(default_factory=Twins)
    lifespans: Lifespans = field(init=False)
    _states: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lifespans = Lifespans(self.session_id, self.user, self.variables)

    def state_of(self, context: ToolContext) -> MutableMapping[str, Any]:
        """What the tools of one owner keep; from any thread."""
        return self._states.setdefault(context.owner, {})

    def idempotency_key(self, context: ToolContext) -> str:
        """What is the same for the same call made again within a while; from any thread."""
        assert isinstance(context._attempt, Attempt)
        return self.gate.idempotency_key(context._attempt, time.monotonic())

    def resource(self, context: ToolContext, resource: Resource[T]) -> T:
        """What is open for a call; from any thread. Raises LookupError for what its tool has not asked for."""
        return self.lifespans.value(context, resource)
